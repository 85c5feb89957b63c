package line

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"reeve/internal/link"
)

// A Refusal is the server's considered no: asking again will not help.
type Refusal struct {
	Status int    // of HTTP
	Code   string // word for programs
	Text   string // sentence for a person
}

func (r *Refusal) Error() string { return r.Text }

// A Member is what an agent has to keep of its enrolment, beside its key.
type Member struct {
	Place    link.Enrolled `json:"place"`
	Root     []byte        `json:"root"`                // the server's root key, PKIX DER
	RootCert []byte        `json:"root_cert,omitempty"` // the same as a certificate, DER
}

// Enrol asks for a place in the account of a registration code. The same key
// again gets the same place.
func (s *Server) Enrol(ctx context.Context, key Key, code string, hello link.Hello) (Member, error) {
	hello.Protocol = link.Protocol
	body, err := json.Marshal(link.Enrolment{Code: code, Hello: hello})
	if err != nil {
		return Member{}, fmt.Errorf("writing the enrolment: %w", err)
	}
	var m Member
	if err := s.post(ctx, key, link.PathEnrol, body, &m.Place); err != nil {
		return Member{}, fmt.Errorf("enrolling: %w", err)
	}
	if m.Place.Device == "" || m.Place.Address == "" || m.Place.Agents == "" {
		return Member{}, errors.New("enrolling: the server's answer is incomplete")
	}
	s.mu.Lock()
	id := s.known.identity
	s.mu.Unlock()
	m.Root, m.RootCert = id.Root, id.RootCert
	return m, nil
}

// Retire tells the server that the device leaves by its own wish.
func (s *Server) Retire(ctx context.Context, key Key) error {
	body, err := json.Marshal(link.Retirement{})
	if err != nil {
		return err
	}
	if err := s.post(ctx, key, link.PathRetire, body, nil); err != nil {
		return fmt.Errorf("leaving: %w", err)
	}
	return nil
}

// Upload sends the file that a command produced. It tries again until it
// succeeds, the server refuses, or ctx ends.
func (s *Server) Upload(ctx context.Context, key Key, command string, file io.ReadSeeker) error {
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return fmt.Errorf("reading the file to upload: %w", err)
	}
	if size > link.MaxUpload {
		return fmt.Errorf("the file to upload has %d MB, more than the %d that the server takes", size>>20, link.MaxUpload>>20)
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	for failures := 1; ; failures++ {
		err := s.send(ctx, key, "PUT", link.PathUpload+command, digest, size, file, nil)
		if err == nil {
			return nil
		}
		if _, final := errors.AsType[*Refusal](err); final || !Pause(ctx, Backoff(failures+2)) {
			return fmt.Errorf("uploading: %w", err)
		}
	}
}

// requestTimeout bounds a request with a small body.
const requestTimeout = time.Minute

func (s *Server) post(ctx context.Context, key Key, path string, body []byte, result any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	sum := sha256.Sum256(body)
	return s.send(ctx, key, "POST", path, hex.EncodeToString(sum[:]), int64(len(body)), bytes.NewReader(body), result)
}

// send makes one request, signed with the device's key.
func (s *Server) send(ctx context.Context, key Key, method, path, digest string, size int64, body io.ReadSeeker, result any) error {
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	at := strconv.FormatInt(now.Unix(), 10)
	signature := ed25519.Sign(key.private, link.SignedRequest(method, path, digest, at))
	r := request{method: method, host: s.base.Host, path: s.path(path), size: size, body: body, header: [][2]string{
		{"Content-Type", contentTypes[method]},
		{link.HeaderKey, base64.StdEncoding.EncodeToString(key.Public())},
		{link.HeaderSignature, base64.StdEncoding.EncodeToString(signature)},
		{link.HeaderDigest, digest},
		{link.HeaderTime, at},
	}}
	a, err := s.exchange(ctx, r, body)
	if err != nil {
		return err
	}
	if a.status/100 != 2 {
		return refusal(a.status, a.body)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, result); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}

var contentTypes = map[string]string{"POST": "application/json", "PUT": "application/octet-stream"}

// exchange makes a request on any connection. One that was kept may have been
// closed by the server meanwhile; then another is tried.
func (s *Server) exchange(ctx context.Context, r request, body io.Seeker) (answer, error) {
	for {
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return answer{}, fmt.Errorf("reading what is to be sent: %w", err)
		}
		c, used, err := s.take(ctx)
		if err != nil {
			return answer{}, err
		}
		a, err := c.exchange(ctx, r)
		if err == nil && !a.last {
			s.give(c)
			return a, nil
		}
		c.Close()
		if err == nil || !used || ctx.Err() != nil {
			return a, err
		}
	}
}

// refusal returns the error for an answer that is not a success. Overload and
// faults of the server pass; anything else is final.
func refusal(status int, body []byte) error {
	var f link.Failure
	if json.Unmarshal(body, &f) != nil || f.Description == "" {
		f.Description = "the server answered with status " + strconv.Itoa(status)
	}
	if status >= 500 || status == 429 || status == 408 {
		return errors.New(f.Description)
	}
	return &Refusal{Status: status, Code: f.Error, Text: f.Description}
}
