package line

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"reeve/internal/link"
)

// Settings fetches the settings in force for the device. Nothing in them was
// checked; see Session.CheckSettings.
func (s *Server) Settings(ctx context.Context, key Key) (m link.Manifest, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var text bytes.Buffer
	err = s.get(ctx, key, link.PathSettings, nil, link.MaxManifest, func(answer) io.Writer { return &text })
	if err == nil {
		err = json.Unmarshal(text.Bytes(), &m)
	}
	if err != nil {
		return m, fmt.Errorf("fetching the settings: %w", err)
	}
	return m, nil
}

// Fetch writes the file of a signature set with this digest to w, without the
// first from bytes of it, which the caller has. It tries once; what was written
// before an error is good to go on from. More than most bytes are refused.
func (s *Server) Fetch(ctx context.Context, key Key, digest string, from, most int64, w io.Writer) error {
	var header [][2]string
	if from > 0 {
		header = [][2]string{{"Range", fmt.Sprintf("bytes=%d-", from)}}
	}
	err := s.get(ctx, key, link.PathSetFile+digest, header, most, func(a answer) io.Writer {
		if a.status == 206 && strings.HasPrefix(a.header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)) {
			return w
		}
		return &behind{w, from} // the whole file, as servers may answer
	})
	if err != nil {
		return fmt.Errorf("fetching a signature file: %w", err)
	}
	return nil
}

// behind leaves out the first bytes.
type behind struct {
	to   io.Writer
	skip int64
}

func (b *behind) Write(p []byte) (int, error) {
	cut := min(b.skip, int64(len(p)))
	b.skip -= cut
	n, err := b.to.Write(p[cut:])
	return n + int(cut), err
}

var noBody = hex.EncodeToString(sha256.New().Sum(nil))

// get makes one signed request without a body.
func (s *Server) get(ctx context.Context, key Key, path string, header [][2]string, most int64, into func(answer) io.Writer) error {
	return s.send(ctx, key, request{method: "GET", path: path, header: header, most: most, into: into}, noBody, nil)
}

// ErrOlder says that settings are older than those which the agent has.
var ErrOlder = errors.New("the settings are older than those in force; somebody plays old ones again, or the server was put back from a copy: a change of any setting there ends this")

// CheckSettings reports whether settings come from the pinned server for the
// device's account, and are not older than those with the revision held.
func (s *Session) CheckSettings(m link.Manifest, held int64) error {
	switch {
	case m.Account != s.Place.Account:
		return errors.New("the settings are those of another account")
	case m.Revision < held:
		return ErrOlder
	}
	return s.Trust.seals.CheckSettings(m.Account, m.Revision, m.Issued, m.Content, m.Signature, m.SealKey)
}
