package line

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"reeve/internal/link"
)

const (
	// A file up to this size is sent without asking first whether a part of it
	// is there.
	sendUnasked = 256 << 10
	// The server may say so often that what it has does not fit, with nothing
	// gained in between.
	maxMisfits = 5
)

// Upload sends the file that a command produced. It tries again until it
// succeeds, the server refuses, or ctx ends, and goes on each time with what the
// server does not have yet, also of an earlier call.
func (s *Server) Upload(ctx context.Context, key Key, command string, file io.ReadSeeker) error {
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return fmt.Errorf("reading the file to upload: %w", err)
	}
	if size > link.MaxUpload {
		return fmt.Errorf("the file to upload has %d MB, more than the %d that the server takes", size>>20, link.MaxUpload>>20)
	}
	u := upload{Server: s, key: key, path: link.PathUpload + command, digest: hex.EncodeToString(hash.Sum(nil)), file: file, size: size}
	return u.run(ctx)
}

// An upload is one file on its way.
type upload struct {
	*Server
	key          Key
	path, digest string
	file         io.ReadSeeker
	size, there  int64 // of the file; and how much the server has
}

func (u *upload) run(ctx context.Context) error {
	for failures, misfits := 0, 0; ; failures++ {
		before := u.there
		err := u.step(ctx, failures > 0 || u.size > sendUnasked)
		if err == nil {
			return nil
		}
		if u.there > before {
			failures, misfits = 0, 0
		}
		refusal, final := errors.AsType[*Refusal](err)
		if final && refusal.Status == 409 && misfits < maxMisfits {
			misfits++
			final = false
		}
		if final || !Pause(ctx, Backoff(failures+1)) {
			return fmt.Errorf("uploading: %w", err)
		}
	}
}

// step sends what the server does not have.
func (u *upload) step(ctx context.Context, ask bool) error {
	if ask {
		var r link.Received
		err := u.send(ctx, u.key, request{method: "GET", path: u.path}, u.digest, &r)
		if refusal, ok := errors.AsType[*Refusal](err); ok && refusal.Status == 405 {
			err = nil // a server that takes whole files only
		}
		if err != nil {
			return err
		}
		if r.Bytes < 0 || r.Bytes > u.size {
			r.Bytes = 0
		}
		if u.there = r.Bytes; u.there == u.size && u.size > 0 {
			return nil
		}
	}
	r := request{method: "PUT", path: u.path, body: u.file, from: u.there, size: u.size - u.there,
		header: [][2]string{{"Content-Type", "application/octet-stream"}}}
	if u.there > 0 {
		r.header = append(r.header, [2]string{link.HeaderOffset, strconv.FormatInt(u.there, 10)})
	}
	return u.send(ctx, u.key, r, u.digest, nil)
}
