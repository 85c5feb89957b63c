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

// requestTimeout bounds a request with a small body.
const requestTimeout = time.Minute

func (s *Server) post(ctx context.Context, key Key, path string, body []byte, result any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	sum := sha256.Sum256(body)
	r := request{method: "POST", path: path, size: int64(len(body)), body: bytes.NewReader(body)}
	r.header = [][2]string{{"Content-Type", "application/json"}}
	return s.send(ctx, key, r, hex.EncodeToString(sum[:]), result)
}

// send makes one request, signed with the device's key for a body or file with
// this digest.
func (s *Server) send(ctx context.Context, key Key, r request, digest string, result any) error {
	r, err := s.signed(ctx, key, r, digest)
	if err != nil {
		return err
	}
	a, err := s.exchange(ctx, r)
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

// signed returns the request with the signature of the device's key.
func (s *Server) signed(ctx context.Context, key Key, r request, digest string) (request, error) {
	now, err := s.now(ctx)
	if err != nil {
		return r, err
	}
	at := strconv.FormatInt(now.Unix(), 10)
	signature := ed25519.Sign(key.private, link.SignedRequest(r.method, r.path, digest, at))
	r.host, r.path = s.base.Host, s.path(r.path)
	r.header = append(r.header, [][2]string{
		{link.HeaderKey, base64.StdEncoding.EncodeToString(key.Public())},
		{link.HeaderSignature, base64.StdEncoding.EncodeToString(signature)},
		{link.HeaderDigest, digest},
		{link.HeaderTime, at},
	}...)
	return r, nil
}

// exchange makes a request on any connection. One that was kept may have been
// closed by the server meanwhile; then another is tried, but not with what may
// have arrived in part, there or here.
func (s *Server) exchange(ctx context.Context, r request) (answer, error) {
	for {
		if r.body != nil {
			if _, err := r.body.Seek(r.from, io.SeekStart); err != nil {
				return answer{}, fmt.Errorf("reading what is to be sent: %w", err)
			}
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
		if err == nil || !used || ctx.Err() != nil || r.size > sendUnasked || r.into != nil && a.status != 0 {
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
