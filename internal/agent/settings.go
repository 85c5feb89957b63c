package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// A source is where settings come from.
type source interface {
	manifest(ctx context.Context) (link.Manifest, error)
	// check reports whether a manifest is the server's for this account, and not
	// older than the revision held.
	check(m link.Manifest, held int64) error
	fetch(ctx context.Context, digest string, from, most int64, w io.Writer) error
}

// server is the source of every agent that is not under test.
type server struct {
	door    *line.Server
	key     line.Key
	session *line.Session
}

func (s server) manifest(ctx context.Context) (link.Manifest, error) {
	return s.door.Settings(ctx, s.key)
}

func (s server) check(m link.Manifest, held int64) error { return s.session.CheckSettings(m, held) }

func (s server) fetch(ctx context.Context, digest string, from, most int64, w io.Writer) error {
	return s.door.Fetch(ctx, s.key, digest, from, most, w)
}

// settings are what the server's administrators decided for this agent, with the
// signature set that belongs to them. They are in force from the moment that all
// of them is on the disk and checked, and stay so until the next ones are,
// whatever happens meanwhile, also while the server is away and after a restart.
//
// A nil *settings is that of an agent which knows of none.
type settings struct {
	dir    string
	log    *slog.Logger
	source source

	renewing sync.Mutex // while folders are made or removed

	mu      sync.Mutex
	held    link.Manifest
	digest  string // of held; empty if there are none, or not all of their files
	now     link.Settings
	problem string // why newer ones could not be taken
	news    int    // notices of others than those in force
	busy    bool   // somebody fetches
	noticed string // digest that the server last named on the line; empty before it did
}

// InForce returns the settings as they are now; zero ones ask for nothing.
func (s *settings) InForce() link.Settings {
	if s == nil {
		return link.Settings{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// report tells the server what is in force; nil is nothing that it ever told.
func (s *settings) report() *reeve.HeldSettings {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.digest == "" && s.problem == "" {
		return nil
	}
	h := &reeve.HeldSettings{Digest: s.digest, Revision: s.held.Revision, Problem: s.problem}
	if s.now.Set != nil {
		h.Set, h.Version = s.now.Set.Name, s.now.Set.Version
	}
	return h
}

// wants notes that the server has settings, and reports whether somebody has to
// begin fetching them.
func (s *settings) wants(n link.Notice) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticed = n.Digest
	if n.Digest == s.digest {
		if !s.busy {
			host.RemoveAll(filepath.Join(s.dir, incomingDir)) // what came of others is not wanted any more
		}
		return false
	}
	s.news++
	begin := !s.busy
	s.busy = true
	return begin
}

// A final error is one that asking again does not mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

var errOthers = errors.New("the server gave other settings than it has for this device")

// What whoever speaks on the bus may make of notices, which bear no seal.
const (
	longestSpread = time.Hour   // that a notice may ask to wait
	fetchPause    = time.Second // between two fetches, however many notices come
)

// settle fetches the settings until they are in force or cannot be taken. It
// begins at some moment of the time that it is given, so that a fleet does not
// come all at once.
func (l *loop) settle(within time.Duration) {
	wait := line.Within(within)
	for failures := 0; line.Pause(l.ctx, wait); {
		seen := l.settings.seen()
		changed, err := false, error(nil)
		l.body.Quietly(func() { changed, err = l.settings.renew(l.ctx) })
		l.door.CloseIdle()
		host.Rest()
		if l.ctx.Err() != nil {
			return
		}
		failures++
		_, hopeless := errors.AsType[final](err)
		if err != nil {
			l.log.Warn("newer settings were not taken; those in force stay", "err", err)
		}
		if told := l.settings.note(err, hopeless || failures > 2); told || changed {
			l.introduce()
		}
		l.tidySets()
		switch {
		case err != nil && !hopeless:
			wait = line.Backoff(failures + 2)
		case l.settings.done(seen):
			return
		default: // there was another notice meanwhile
			failures, wait = 0, fetchPause
		}
	}
}

func (s *settings) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.news
}

// done ends the fetching unless there is something newer than was seen.
func (s *settings) done(seen int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = s.news != seen
	return !s.busy
}

// note keeps what is in the way, if that is to be told, and reports whether that
// is another thing than before.
func (s *settings) note(err error, tell bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.problem
	switch {
	case err == nil:
		s.problem = ""
	case tell:
		s.problem = err.Error()
	}
	return s.problem != had
}

// renew takes the settings that the server has, and reports whether they are
// others than those in force.
func (s *settings) renew(ctx context.Context) (changed bool, err error) {
	s.renewing.Lock()
	defer s.renewing.Unlock()
	m, err := s.source.manifest(ctx)
	if refusal, ok := errors.AsType[*line.Refusal](err); ok {
		return false, final{refusal}
	}
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	held, digest, noticed := s.held, s.digest, s.noticed
	s.mu.Unlock()
	if err := s.source.check(m, held.Revision); err != nil {
		return false, final{err}
	}
	// The seal is good for the whole account; what this device is to have of it
	// was said on the line that the device opened itself.
	if noticed != "" && m.Digest() != noticed {
		return false, errOthers
	}
	if m.Digest() == digest {
		return false, s.raise(m, held)
	}
	wanted, err := readSettings(m.Content)
	if err != nil {
		return false, final{err}
	}
	if err := s.install(ctx, m, wanted); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.digest, s.now = m, m.Digest(), wanted
	s.log.Info("settings taken", "revision", m.Revision, "set", setName(wanted), "report_neighbours", wanted.ReportNeighbours,
		"quarantine", wanted.Quarantine, "engines", wanted.Engines)
	return true, nil
}

// raise keeps the newer revision of settings that are in force already, below
// which none is taken any more.
func (s *settings) raise(m, held link.Manifest) error {
	if m.Revision == held.Revision {
		return nil
	}
	if err := s.keep(m, filepath.Join(s.dir, m.Digest())); err != nil {
		return fmt.Errorf("keeping the revision of the settings: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = m
	return nil
}

func setName(s link.Settings) string {
	if s.Set == nil {
		return ""
	}
	return fmt.Sprintf("%s %d", s.Set.Name, s.Set.Version)
}

// readSettings reads the content of a manifest, and refuses what would not fit
// an agent: the server signed it, and may be mistaken all the same.
func readSettings(content []byte) (s link.Settings, err error) {
	if err := json.Unmarshal(content, &s); err != nil {
		return s, errors.New("the settings are not the JSON that they should be")
	}
	if s.Set == nil {
		return s, nil
	}
	var bytes int64
	names := map[string]bool{}
	for _, f := range s.Set.Files {
		name := strings.ToLower(f.Name)
		if !reeve.IsSetFile(f.Name) || !reeve.IsDigest(f.SHA256) || f.Size < 0 || f.Size > reeve.MaxSetFile || names[name] {
			return s, fmt.Errorf("the signature set names a file that cannot be taken: %.80q", f.Name)
		}
		names[name] = true
		bytes += f.Size
	}
	if len(names) > reeve.MaxSetFiles || bytes > reeve.MaxSetBytes {
		return s, fmt.Errorf("the signature set has %d files with %d MB, more than agents take", len(names), bytes>>20)
	}
	return s, nil
}
