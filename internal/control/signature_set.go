package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"reeve"
)

// Contents keeps the files of signature sets; blob.Folder is one. Nothing
// changes until r has ended without an error.
type Contents interface {
	Put(ctx context.Context, name string, r io.Reader, limit int64) (size int64, digest string, err error)
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
}

// Limits on the sets of one account.
const (
	maxSetVersions = 200
	maxSetUploads  = 500 // files a day
)

// A file that no set names is kept for this long: it was sent for one that is
// still to be created.
const UnnamedFor = 24 * time.Hour

// StoreSetFile keeps the content of a file for sets to come, known by its
// digest. Other content is Invalid.
func (c *Control) StoreSetFile(ctx context.Context, caller reeve.Caller, digest string, content io.Reader) (reeve.SetFile, error) {
	f := reeve.SetFile{SHA256: digest}
	if err := Allow(caller, reeve.Admin); err != nil {
		return f, err
	}
	want, err := hex.DecodeString(digest)
	if err != nil || !reeve.IsDigest(digest) {
		return f, reeve.Errorf(reeve.Invalid, "a file is named by its SHA-256, 64 lower-case hex digits")
	}
	now := c.now()
	n, err := c.store.Take(ctx, "set files "+reeve.ContentName(caller.Account, "")[:16], now, 24*time.Hour)
	if err != nil {
		return f, err
	}
	if n > maxSetUploads {
		return f, reeve.Errorf(reeve.Limited, "an account stores at most %d files a day; come back tomorrow", maxSetUploads)
	}
	f.Size, _, err = c.opts.Contents.Put(ctx, reeve.ContentName(caller.Account, digest), &sealedReader{content, sha256.New(), want}, reeve.MaxSetFile)
	if err != nil {
		return f, err
	}
	return f, c.store.Append(ctx, entry(caller, now, "signature_file_stored", detail("", map[string]any{"sha256": digest, "bytes": f.Size})))
}

// A sealedReader fails at its end if what it read has another digest.
type sealedReader struct {
	from io.Reader
	hash hash.Hash
	want []byte
}

func (s *sealedReader) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.hash.Write(p[:n])
	switch {
	case err != nil && err != io.EOF:
		err = reeve.Errorf(reeve.Invalid, "the file did not arrive as a whole; send it again").Because(err)
	case err == io.EOF && !bytes.Equal(s.hash.Sum(nil), s.want):
		err = reeve.Errorf(reeve.Invalid, "the file has another SHA-256 than the one that it was sent under; send it again")
	}
	return n, err
}

var setName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// CreateSet adds the next version of the set with spec's name: its description,
// and files that were stored before, of which Name and SHA256 count.
func (c *Control) CreateSet(ctx context.Context, caller reeve.Caller, spec reeve.SignatureSet) (reeve.SignatureSet, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return spec, err
	}
	if !setName.MatchString(spec.Name) {
		return spec, reeve.Errorf(reeve.Invalid, "the name of a set has 1 to 64 of a-z, 0-9, dot, hyphen and underscore, and begins with a letter or digit")
	}
	if tooLong(spec.Description) {
		return spec, reeve.Errorf(reeve.Invalid, "the description is longer than %d characters; shorten it", MaxComment)
	}
	set := reeve.SignatureSet{Account: caller.Account, Name: spec.Name, Description: spec.Description, Created: c.now(), By: caller.Name}
	var err error
	if set.Files, err = c.checkSetFiles(ctx, caller.Account, spec.Files); err != nil {
		return spec, err
	}
	had, err := c.store.Sets(ctx, caller.Account)
	if err != nil {
		return spec, err
	}
	if len(had) >= maxSetVersions {
		return spec, reeve.Errorf(reeve.Invalid, "an account has at most %d versions of signature sets; remove old ones first", maxSetVersions)
	}
	set, err = c.store.AddSet(ctx, set, entry(caller, set.Created, "signature_set_created", detail("", map[string]any{
		"name": set.Name, "description": set.Description, "files": len(set.Files), "bytes": set.Bytes()})))
	if err == nil {
		c.wake.Settled(caller.Account, nil)
	}
	return set, err
}

// checkSetFiles returns the files by name, with their sizes.
func (c *Control) checkSetFiles(ctx context.Context, account int64, files []reeve.SetFile) ([]reeve.SetFile, error) {
	if len(files) == 0 || len(files) > reeve.MaxSetFiles {
		return nil, reeve.Errorf(reeve.Invalid, "a set has 1 to %d files", reeve.MaxSetFiles)
	}
	names := map[string]bool{}
	out := slices.SortedFunc(slices.Values(files), func(a, b reeve.SetFile) int { return strings.Compare(a.Name, b.Name) })
	var bytes int64
	for i := range out {
		f, folded := &out[i], strings.ToLower(out[i].Name) // agents may run where case does not count
		if !reeve.IsSetFile(f.Name) || names[folded] {
			return nil, reeve.Errorf(reeve.Invalid, "a set cannot have %.80q: names are unique in any case, of at most 64 letters, digits, dots, hyphens and underscores, and end in .hdb, .hsb, .ndb, .yar or .yara", f.Name)
		}
		names[folded] = true
		var err error
		if f.Size, err = c.sizeOf(ctx, account, f.SHA256); err != nil {
			return nil, err
		}
		bytes += f.Size
	}
	if bytes > reeve.MaxSetBytes {
		return nil, reeve.Errorf(reeve.TooLarge, "the files hold %d MB together; at most %d are taken", bytes>>20, reeve.MaxSetBytes>>20)
	}
	return out, nil
}

// sizeOf returns how large a file is that was stored.
func (c *Control) sizeOf(ctx context.Context, account int64, digest string) (int64, error) {
	if !reeve.IsDigest(digest) {
		return 0, reeve.Errorf(reeve.Invalid, "a file is named by its SHA-256, 64 lower-case hex digits")
	}
	file, err := c.opts.Contents.Open(ctx, reeve.ContentName(account, digest))
	if reeve.KindOf(err) == reeve.NotFound {
		return 0, reeve.Errorf(reeve.Invalid, "the file with SHA-256 %s was not stored, or so long ago that it is gone; store it first", digest)
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return file.Seek(0, io.SeekEnd)
}

// RemoveSet removes a version that no agent is told to use.
func (c *Control) RemoveSet(ctx context.Context, caller reeve.Caller, name string, version int64) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	return c.store.RemoveSet(ctx, caller.Account, name, version,
		entry(caller, c.now(), "signature_set_removed", detail("", map[string]any{"name": name, "version": version})))
}
