package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

// maxQuarantine is how many bytes of files may be in quarantine together.
const maxQuarantine = 4 << 30

// A file in quarantine is a folder of its own below the agent's state, with the
// file's content and a record of what it was. The content is kept under a mask,
// so that nothing takes it for what it was, neither a person nor another
// scanner. The record is written after the content and before the file is
// removed from its place: whenever the agent is killed, the file is in one of
// the two places whole.
const (
	contentName = "content"
	recordName  = "record.json"
	draftHome   = ".new" // a folder that is not finished
	mask        = 0xa5
)

// A record is what is needed to bring a file back.
type record struct {
	act.PutAway
	Mode     fs.FileMode `json:"mode"`
	UID      int         `json:"uid"` // -1 where the system has none
	GID      int         `json:"gid"`
	Modified time.Time   `json:"modified"`
}

func (m *Machine) quarantine() string { return filepath.Join(m.state, "quarantine") }

// PutAway moves a file into quarantine, if it still is what was found. It
// returns the name under which BringBack knows it, which is the same whenever
// the same content is put away from the same place. If it fails the file is
// where it was.
func (m *Machine) PutAway(ctx context.Context, found act.PutAway) (string, error) {
	m.storing.Lock()
	defer m.storing.Unlock()
	used, err := m.tidy()
	if err != nil {
		return "", err
	}
	folder, err := openFolder(filepath.Dir(found.Path))
	if err != nil {
		return "", fmt.Errorf("reaching the folder of the file: %w", err)
	}
	defer folder.Close()
	file, info, err := openRegular(folder, filepath.Base(found.Path))
	if err != nil {
		return "", err
	}
	defer file.Close()
	if used+info.Size() > maxQuarantine {
		return "", reeve.Errorf(reeve.Unavailable, "the quarantine is full: it takes %d bytes of files; bring some back or delete them on the device", int64(maxQuarantine))
	}
	found.ID, found.Size = nameOf(found), info.Size()
	home := filepath.Join(m.quarantine(), found.ID)
	draft := filepath.Join(m.quarantine(), draftHome)
	if err := m.store(ctx, draft, file, info, found); err != nil {
		return "", errors.Join(err, RemoveAll(draft))
	}
	// There may be a copy of the same.
	if err := errors.Join(RemoveAll(home), Rename(draft, home), syncFolder(m.quarantine())); err != nil {
		return "", fmt.Errorf("writing the quarantine: %w", err)
	}
	if err := remove(folder, file, found); err != nil {
		return "", errors.Join(err, RemoveAll(home))
	}
	return found.ID, nil
}

// nameOf is the name of a file in quarantine.
func nameOf(found act.PutAway) string {
	sum := sha256.Sum256([]byte(found.Path + "\x00" + found.SHA256))
	return hex.EncodeToString(sum[:8])
}

// store writes the folder of a file in quarantine, durably.
func (m *Machine) store(ctx context.Context, home string, file *os.File, info fs.FileInfo, found act.PutAway) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("making room in the quarantine: %w", err)
	}
	content, err := os.OpenFile(filepath.Join(home, contentName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the quarantine: %w", err)
	}
	defer content.Close()
	digest := sha256.New()
	_, err = copyMasked(ctx, content, io.TeeReader(file, digest))
	if err == nil {
		err = content.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing the quarantine: %w", err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != found.SHA256 {
		return reeve.Errorf(reeve.Conflict, "the file has changed since it was found, and was left where it is")
	}
	found.At = time.Now().UTC()
	r := record{PutAway: found, Mode: info.Mode(), Modified: info.ModTime()}
	r.UID, r.GID = owner(info)
	text, err := json.Marshal(r)
	if err == nil {
		err = Replace(filepath.Join(home, recordName), text)
	}
	if err == nil { // before the file is removed from its place
		err = errors.Join(syncFolder(home), syncFolder(m.state))
	}
	if err != nil {
		return fmt.Errorf("writing the quarantine: %w", err)
	}
	return nil
}

// remove takes the file from its place, if it is still that file.
func remove(folder *os.Root, file *os.File, found act.PutAway) error {
	name := filepath.Base(found.Path)
	now, err := folder.Lstat(name)
	if err != nil {
		return fmt.Errorf("removing the file: %w", err)
	}
	if info, err := file.Stat(); err != nil || !os.SameFile(info, now) {
		return reeve.Errorf(reeve.Conflict, "another file took the place of the one that was found, and was left there")
	}
	file.Close() // some systems remove nothing that is open
	if err := removeIn(folder, name); err != nil {
		return fmt.Errorf("removing the file: %w", err)
	}
	return nil
}

// PutAwayBy lists what a command has put away, also before the agent was
// started; without a command, everything.
func (m *Machine) PutAwayBy(command string) (list []act.PutAway, err error) {
	m.storing.Lock()
	defer m.storing.Unlock()
	homes, err := m.homes()
	for _, home := range homes {
		r, fault := readRecord(home)
		switch {
		case fault != nil:
			err = errors.Join(err, fault)
		case command == "" || r.Command == command:
			list = append(list, r.PutAway)
		}
	}
	return list, err
}

// homes are the folders of the files in quarantine.
func (m *Machine) homes() ([]string, error) {
	entries, err := os.ReadDir(m.quarantine())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the quarantine: %w", err)
	}
	var homes []string
	for _, e := range entries {
		if e.Name() != draftHome {
			homes = append(homes, filepath.Join(m.quarantine(), e.Name()))
		}
	}
	return homes, nil
}

// tidy removes what was not finished, whose file is in its place, and returns
// how many bytes the rest takes.
func (m *Machine) tidy() (used int64, err error) {
	if err := RemoveAll(filepath.Join(m.quarantine(), draftHome)); err != nil {
		return 0, fmt.Errorf("tidying the quarantine: %w", err)
	}
	homes, err := m.homes()
	for _, home := range homes {
		if content, err := os.Lstat(filepath.Join(home, contentName)); err == nil {
			used += content.Size()
		}
	}
	return used, err
}

func readRecord(home string) (r record, err error) {
	text, err := os.ReadFile(filepath.Join(home, recordName))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("the quarantine holds a record that cannot be read: %w", err)
	}
	return r, nil
}

// copyMasked copies until the end or until ctx ends.
func copyMasked(ctx context.Context, to io.Writer, from io.Reader) (int64, error) {
	return io.Copy(to, &masked{ctx, from})
}

type masked struct {
	ctx  context.Context
	from io.Reader
}

func (r *masked) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.from.Read(p)
	for i := range p[:n] {
		p[i] ^= mask
	}
	return n, err
}
