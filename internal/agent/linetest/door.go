package linetest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"reeve/internal/link"
)

// door is the HTTPS door.
func (s *Server) door() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+link.PathIdentity, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, http.StatusOK, s.id)
	})
	mux.HandleFunc("POST "+link.PathEnrol, s.signed(s.enrol))
	mux.HandleFunc("POST "+link.PathRetire, s.signed(func(w http.ResponseWriter, key string, _ string, _ []byte) {
		s.retired[s.keys[key]] = true
	}))
	mux.HandleFunc("PUT "+link.PathUpload+"{command}", s.signed(func(w http.ResponseWriter, _ string, path string, body []byte) {
		s.uploads[strings.TrimPrefix(path, link.PathUpload)] = body
	}))
	mux.HandleFunc("GET "+link.PathSettings, s.signed(func(w http.ResponseWriter, _, _ string, _ []byte) {
		reply(w, http.StatusOK, s.manifest)
	}))
	mux.HandleFunc("GET "+link.PathSetFile+"{digest}", func(w http.ResponseWriter, r *http.Request) {
		s.signed(func(w http.ResponseWriter, _, path string, _ []byte) {
			content, ok := s.setFiles[strings.TrimPrefix(path, link.PathSetFile)]
			if !ok {
				refuse(w, http.StatusNotFound, "there is no such file")
				return
			}
			if s.wholeFiles {
				r.Header.Del("Range")
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		})(w, r)
	})
	return mux
}

// Settle makes the door serve a manifest, sealed for the account, and the files
// of sets by their digests: in ranges, or always as a whole.
func (s *Server) Settle(revision int64, content string, files map[string][]byte, whole bool) {
	m := link.Manifest{Account: Account, Revision: revision, Issued: s.Now(), Content: []byte(content)}
	m.Signature, m.SealKey = s.seal.SignSettings(m.Account, m.Revision, m.Issued, m.Content), s.seal.Certificate()
	s.set(func() { s.manifest, s.setFiles, s.wholeFiles = m, files, whole })
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, why string) {
	reply(w, status, link.Failure{Error: "refused", Description: why})
}

// signed serves a request only if its signature, time and digest hold.
func (s *Server) signed(serve func(w http.ResponseWriter, key, path string, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		key, _ := base64.StdEncoding.DecodeString(r.Header.Get(link.HeaderKey))
		signature, _ := base64.StdEncoding.DecodeString(r.Header.Get(link.HeaderSignature))
		digest := sha256.Sum256(body)
		hexDigest, at := r.Header.Get(link.HeaderDigest), r.Header.Get(link.HeaderTime)
		message := link.SignedRequest(r.Method, r.URL.Path, hexDigest, at)
		switch {
		case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, message, signature):
			refuse(w, http.StatusUnauthorized, "the signature is wrong")
		case hexDigest != hex.EncodeToString(digest[:]):
			refuse(w, http.StatusBadRequest, "the digest is wrong")
		case s.refused[r.Header.Get(link.HeaderKey)]:
			refuse(w, http.StatusForbidden, "the key is refused")
		default:
			serve(w, r.Header.Get(link.HeaderKey), r.URL.Path, body)
		}
	}
}

func (s *Server) enrol(w http.ResponseWriter, key, _ string, body []byte) {
	var e link.Enrolment
	if err := json.Unmarshal(body, &e); err != nil || e.Code != Code {
		refuse(w, http.StatusForbidden, "the registration code is not valid; ask for another")
		return
	}
	address, known := s.keys[key]
	if !known {
		address = link.Address(int64(len(s.keys) + 1))
		s.keys[key] = address
		s.devices[address], _ = base64.StdEncoding.DecodeString(key)
	}
	s.hellos[address] = e.Hello
	reply(w, http.StatusOK, link.Enrolled{
		Device: strings.Repeat("0", 32-len(address)) + address, Account: Account, Address: address,
		Agents: s.agents(), TLS: s.tls, At: time.Now(),
	})
}

// Hellos returns what each agent last said of itself, by address.
func (s *Server) Hellos() map[string]link.Hello { return copied(s, s.hellos) }

// Addresses returns the addresses of all who enrolled, sorted.
func (s *Server) Addresses() []string { return slices.Sorted(maps.Keys(copied(s, s.devices))) }

// Byes counts goodbyes by address.
func (s *Server) Byes() map[string]int { return copied(s, s.byes) }

// Seen returns what each agent told of other machines, by address.
func (s *Server) Seen() map[string][]link.Sighting { return copied(s, s.seen) }

// Beats counts beats by address.
func (s *Server) Beats() map[string]int { return copied(s, s.beats) }

// Uploads returns what was uploaded, by command.
func (s *Server) Uploads() map[string][]byte { return copied(s, s.uploads) }

// Retired returns the addresses that left.
func (s *Server) Retired() map[string]bool { return copied(s, s.retired) }

func copied[V any](s *Server, m map[string]V) map[string]V {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(m)
}

// Reports brings every report in the order of arrival.
func (s *Server) Reports() <-chan Report { return s.reports }

// Silence stops (or starts again) the acknowledging of reports.
func (s *Server) Silence(silent bool) { s.set(func() { s.silent = silent }) }

// SetAhead sets the server's clock before the true time.
func (s *Server) SetAhead(d time.Duration) { s.set(func() { s.ahead = d }) }

// Refuse makes both doors refuse the device at an address, or take it again.
func (s *Server) Refuse(address string, refused bool) {
	s.set(func() { s.refused[base64.StdEncoding.EncodeToString(s.devices[address])] = refused })
}

// Forge makes the server answer with the identity of another one.
func (s *Server) Forge(other *Server) { s.set(func() { s.id = other.id }) }

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Now returns the server's time in whole microseconds.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead).Truncate(time.Microsecond).UTC()
}
