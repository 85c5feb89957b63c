package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"reeve"
)

// BringBack returns a file from quarantine to its place, with its rights, its
// owner and its time, and returns the path. It overwrites nothing. Done again
// after it was interrupted it goes on.
func (m *Machine) BringBack(ctx context.Context, id string) (string, error) {
	m.storing.Lock()
	defer m.storing.Unlock()
	if id != filepath.Base(id) || id == "." || id == ".." {
		return "", reeve.Errorf(reeve.Invalid, "%q names nothing in quarantine", id)
	}
	home := filepath.Join(m.quarantine(), id)
	r, err := readRecord(home)
	if errors.Is(err, fs.ErrNotExist) {
		return "", reeve.Errorf(reeve.NotFound, "%s is not in quarantine on this device; it was brought back or deleted", id)
	}
	if err != nil {
		return "", err
	}
	folder, err := openFolder(filepath.Dir(r.Path))
	if err != nil {
		return r.Path, fmt.Errorf("reaching the folder of the file: %w", err)
	}
	defer folder.Close()
	name := filepath.Base(r.Path)
	there, err := holds(ctx, folder, name, r.SHA256)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = bring(ctx, home, folder, name, r)
	case err == nil && !there:
		err = reeve.Errorf(reeve.Conflict, "another file is at %s by now; move it away first", r.Path)
	}
	if err == nil { // also where it was brought back before, and not tidied
		removeIn(folder, draftOf(r))
		err = syncRoot(folder)
	}
	if err != nil {
		return r.Path, err
	}
	if err := RemoveAll(home); err != nil {
		return r.Path, fmt.Errorf("tidying the quarantine: %w", err)
	}
	return r.Path, nil
}

// bring writes the file beside its place first, so that it is there whole or
// not at all.
func bring(ctx context.Context, home string, folder *os.Root, name string, r record) error {
	content, err := os.Open(filepath.Join(home, contentName))
	if err != nil {
		return fmt.Errorf("reading the quarantine: %w", err)
	}
	defer content.Close()
	draft := draftOf(r)
	if err := removeIn(folder, draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("bringing the file back: %w", err)
	}
	file, err := folder.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("bringing the file back: %w", err)
	}
	defer removeIn(folder, draft) // in vain where it was renamed
	defer file.Close()
	digest := sha256.New()
	_, err = copyMasked(ctx, io.MultiWriter(file, digest), content)
	if err == nil && hex.EncodeToString(digest.Sum(nil)) != r.SHA256 {
		return reeve.Errorf(reeve.Conflict, "what is in quarantine as %s is damaged; it was left there", r.ID)
	}
	if err == nil && r.UID >= 0 {
		err = file.Chown(r.UID, r.GID)
	}
	if err == nil { // after the owner, whose change takes rights away
		err = errors.Join(file.Chmod(r.Mode), file.Sync(), file.Close(), folder.Chtimes(draft, r.Modified, r.Modified))
	}
	if err == nil {
		err = settle(folder, draft, name)
	}
	if err != nil {
		return fmt.Errorf("bringing the file back: %w", err)
	}
	return nil
}

// draftOf names what is not yet the file.
func draftOf(r record) string { return ".reeve-" + r.ID }

// settle gives the draft its name, unless somebody took that meanwhile.
func settle(folder *os.Root, draft, name string) error {
	if err := folder.Link(draft, name); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// File systems without links: a moment is left in which another file could
	// come and be overwritten.
	if _, err := folder.Lstat(name); err == nil {
		return fs.ErrExist
	}
	return folder.Rename(draft, name)
}

// holds reports whether the file of this name has this content.
func holds(ctx context.Context, folder *os.Root, name, wanted string) (bool, error) {
	file, _, err := openRegular(folder, name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	digest := sha256.New()
	_, err = io.Copy(digest, &attentive{ctx, file})
	return hex.EncodeToString(digest.Sum(nil)) == wanted, err
}

// openRegular opens a regular file of a folder for reading, and no link. It
// waits for nobody, whatever takes the file's place meanwhile.
func openRegular(folder *os.Root, name string) (*os.File, fs.FileInfo, error) {
	seen, err := folder.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, nil, reeve.Errorf(reeve.Conflict, "%s is no file any more", name)
	}
	file, err := folder.OpenFile(name, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(seen, info) {
		err = reeve.Errorf(reeve.Conflict, "%s changes while it is looked at", name)
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// attentive stops reading when ctx ends.
type attentive struct {
	ctx  context.Context
	from io.Reader
}

func (r *attentive) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.from.Read(p)
}
