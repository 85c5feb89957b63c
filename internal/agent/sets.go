package agent

import (
	"bytes"
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
	"strings"

	"reeve"
	"reeve/internal/agent/host"
	"reeve/internal/link"
)

// In the folder of settings lies a folder for those in force, named by their
// digest, with the manifest, signatures and rules. currentFile names it: who
// renames that file puts other settings in force.
const (
	currentFile  = "current"
	manifestFile = "manifest.json"
	buildingDir  = "new"      // settings that are not complete
	incomingDir  = "incoming" // files that are not complete, by digest
)

// load takes up the settings that were in force when the agent ended.
func (s *settings) load() {
	host.RemoveAll(filepath.Join(s.dir, buildingDir))
	digest, err := os.ReadFile(filepath.Join(s.dir, currentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		err = s.open(strings.TrimSpace(string(digest)))
	}
	if err != nil {
		s.log.Warn("the settings in force are not usable; they are fetched again", "err", err)
	}
}

func (s *settings) open(digest string) error {
	if !reeve.IsDigest(digest) {
		return errors.New("their name is not a digest")
	}
	text, err := os.ReadFile(filepath.Join(s.dir, digest, manifestFile))
	if err != nil {
		return err
	}
	var m link.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	if err := s.source.check(m, 0); err != nil {
		return err
	}
	now, err := readSettings(m.Content)
	if err != nil || m.Digest() != digest {
		return errors.Join(err, errors.New("they are not what they are called"))
	}
	// Older ones are refused also if these have suffered.
	s.held, s.now = m, now
	if now.Set != nil {
		for _, f := range now.Set.Files {
			info, err := os.Stat(s.path(digest, f))
			if err == nil && info.Size() != f.Size {
				err = fmt.Errorf("%s has another size than it should have", f.Name)
			}
			if err != nil {
				return err
			}
		}
	}
	s.digest = digest
	return nil
}

// path is where a file of a set lies.
func (s *settings) path(folder string, f link.SetFile) string {
	return filepath.Join(s.dir, folder, reeve.SetFileKind(f.Name), f.Name)
}

// folder names the folder of the signature set's files of a kind, if there are
// settings in force.
func (s *settings) folder(kind string) []string {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.digest == "" {
		return nil
	}
	return []string{filepath.Join(s.dir, s.digest, kind)}
}

// install brings the files of settings onto the disk and puts these in force.
// Until the last step everything is as it was.
func (s *settings) install(ctx context.Context, m link.Manifest, wanted link.Settings) error {
	building := filepath.Join(s.dir, buildingDir)
	if err := host.RemoveAll(building); err != nil {
		return fmt.Errorf("tidying the folder of settings: %w", err)
	}
	s.tidyIncoming(wanted)
	for _, dir := range []string{filepath.Join(building, "signatures"), filepath.Join(building, "rules"), filepath.Join(s.dir, incomingDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making a folder for signatures: %w", err)
		}
	}
	had := s.files()
	if wanted.Set != nil {
		for _, f := range wanted.Set.Files {
			if err := s.bring(ctx, f, had[f.SHA256]); err != nil {
				host.RemoveAll(building) // a full disk has to have room for others
				return err
			}
			had[f.SHA256] = s.path(buildingDir, f)
		}
	}
	digest := m.Digest()
	err := s.keep(m, building)
	if err == nil {
		host.SyncDir(filepath.Join(building, "signatures"))
		host.SyncDir(filepath.Join(building, "rules"))
		err = host.RemoveAll(filepath.Join(s.dir, digest)) // what a crash left
	}
	if err == nil {
		err = host.Rename(building, filepath.Join(s.dir, digest))
	}
	if err == nil {
		host.SyncDir(s.dir)
		err = host.Replace(filepath.Join(s.dir, currentFile), []byte(digest+"\n"))
	}
	if err != nil {
		return fmt.Errorf("putting the settings in force: %w", err)
	}
	host.RemoveAll(filepath.Join(s.dir, incomingDir))
	return nil
}

// keep writes a manifest into the folder of its settings.
func (s *settings) keep(m link.Manifest, folder string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return host.Replace(filepath.Join(folder, manifestFile), text)
}

// tidyIncoming removes what came of files that are not wanted any more.
func (s *settings) tidyIncoming(wanted link.Settings) {
	names := map[string]bool{}
	if wanted.Set != nil {
		for _, f := range wanted.Set.Files {
			names[f.SHA256] = true
		}
	}
	entries, _ := os.ReadDir(filepath.Join(s.dir, incomingDir))
	for _, e := range entries {
		if !names[e.Name()] {
			host.RemoveAll(filepath.Join(s.dir, incomingDir, e.Name()))
		}
	}
}

// files returns where the files of the set in force lie, by digest.
func (s *settings) files() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	if s.digest != "" && s.now.Set != nil {
		for _, f := range s.now.Set.Files {
			out[f.SHA256] = s.path(s.digest, f)
		}
	}
	return out
}

// bring puts a file into the settings that are being built: the one that is
// there already, if it still has the digest, or else from the server.
func (s *settings) bring(ctx context.Context, f link.SetFile, have string) error {
	to := s.path(buildingDir, f)
	if have != "" && isFile(have, f) && os.Link(have, to) == nil {
		return nil
	}
	from := filepath.Join(s.dir, incomingDir, f.SHA256)
	if err := s.download(ctx, f, from); err != nil {
		return err
	}
	if !isFile(from, f) {
		os.Remove(from)
		return fmt.Errorf("what the server sent as %s has another SHA-256 than its settings say", f.Name)
	}
	if err := host.Rename(from, to); err != nil {
		return fmt.Errorf("placing %s: %w", f.Name, err)
	}
	return nil
}

// download completes a file that may be there in part. What arrived before the
// connection was lost stays, to go on from.
func (s *settings) download(ctx context.Context, f link.SetFile, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("storing %s: %w", f.Name, err)
	}
	defer file.Close()
	var have int64
	info, err := file.Stat()
	if err == nil {
		have = info.Size()
	}
	if have > f.Size {
		have, err = 0, file.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("storing %s: %w", f.Name, err)
	}
	if have == f.Size {
		return nil
	}
	disk := &disk{file: file}
	if err := s.source.fetch(ctx, f.SHA256, have, f.Size, disk); err != nil {
		if disk.err != nil {
			os.Remove(path) // a full disk has to have room for others
			return fmt.Errorf("storing %s: %w", f.Name, disk.err)
		}
		return err
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("storing %s: %w", f.Name, err)
	}
	return nil
}

// A disk remembers that it was the one that failed.
type disk struct {
	file *os.File
	err  error
}

func (d *disk) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil {
		d.err = err
	}
	return n, err
}

// isFile reports whether a file has the size and digest that it should have.
func isFile(path string, f link.SetFile) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	want, _ := hex.DecodeString(f.SHA256)
	return err == nil && size == f.Size && bytes.Equal(hash.Sum(nil), want)
}

// tidySets removes settings that are not in force any more, unless a scan may
// still read them.
func (l *loop) tidySets() {
	l.mu.Lock()
	for _, t := range l.tasks {
		if t.action == scanThreats {
			defer l.mu.Unlock()
			return
		}
	}
	l.mu.Unlock()
	l.settings.tidy()
}

// tidy does nothing while settings are renewed, whose folder nobody can tell
// from an old one: whoever renews tidies afterwards.
func (s *settings) tidy() {
	if !s.renewing.TryLock() {
		return
	}
	defer s.renewing.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		if e.IsDir() && reeve.IsDigest(e.Name()) && e.Name() != s.digest {
			host.RemoveAll(filepath.Join(s.dir, e.Name()))
		}
	}
}
