package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
)

// Files of the state folder. Beside them lie the logs, the signatures, and what
// the host keeps of its own.
const (
	identityFile = "identity.json" // who the device is, with its private key
	journalFile  = "journal"
	statusFile   = "status.json"
	lockFile     = "lock"
	setsDir      = "sets" // settings and signature sets that the server sent
)

// An Identity is what the agent keeps of its enrolment. Place.Device is empty
// until that succeeded; the key is kept before, so that an enrolment whose
// answer was lost is repeated and not doubled.
type Identity struct {
	Server string `json:"server"`
	Pin    string `json:"pin"`
	Seed   []byte `json:"seed"` // of the private key
	line.Member
}

// Enrolled reports whether the device has a place.
func (i Identity) Enrolled() bool { return i.Place.Device != "" }

// A State is the folder in which the agent keeps what it must not forget.
type State struct {
	dir  string
	held io.Closer // nil if only looked at

	passing *Identity // of a state that is to leave nothing, kept in memory alone
}

// OpenState makes the folder if need be and takes it for this process alone.
func OpenState(dir string) (*State, error) {
	if err := host.Private(dir); err != nil {
		return nil, fmt.Errorf("making the state folder and closing it to others: %w", err)
	}
	held, err := host.Lock(filepath.Join(dir, lockFile))
	if errors.Is(err, host.ErrLocked) {
		return nil, fmt.Errorf("an agent is running on %s; stop it first, or use another state folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("taking the state folder: %w", err)
	}
	return &State{dir: dir, held: held}, nil
}

// keep stores who the device is.
func (s *State) keep(i Identity) error {
	if s.passing != nil {
		*s.passing = i
		return nil
	}
	return s.write(identityFile, i)
}

// Close gives the folder back.
func (s *State) Close() error { return s.held.Close() }

// Identity returns what is known of the device; nothing in it is set in a new
// folder.
func (s *State) Identity() (i Identity, err error) {
	if s.passing != nil {
		return *s.passing, nil
	}
	if err = s.read(identityFile, &i); errors.Is(err, fs.ErrNotExist) {
		return Identity{}, nil
	}
	return i, err
}

func (s *State) read(name string, into any) error {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(s.dir, name), err)
	}
	return nil
}

// write replaces a file of the folder, all or nothing.
func (s *State) write(name string, content any) error {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	path := filepath.Join(s.dir, name)
	if err := host.Replace(path, append(text, '\n')); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// Forget removes who the device was and everything that it was ordered. The
// logs stay, and so do the owner's signatures.
func (s *State) Forget() error {
	if s.passing != nil {
		*s.passing = Identity{}
	}
	// The identity goes first: without it the rest means nothing.
	for _, name := range []string{identityFile, journalFile, statusFile, "uploads", scansDir, "questions", "answers", setsDir} {
		if err := host.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("forgetting the enrolment: %w", err)
		}
	}
	host.SyncDir(s.dir)
	return nil
}

// A Status is what can be told of an agent from outside.
type Status struct {
	Version   string    `json:"version"`
	Running   bool      `json:"running"`
	Enrolled  bool      `json:"enrolled"`
	Device    string    `json:"device,omitempty"`
	Account   int64     `json:"account,omitempty"`
	Server    string    `json:"server,omitempty"`
	Pin       string    `json:"pin,omitempty"`
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"`       // of Connected
	LastError string    `json:"last_error,omitempty"` // why there is no connection
	Open      int       `json:"open"`                 // commands received and not ended
	Unsettled int       `json:"unsettled"`            // reports that the server does not have yet
}

// A contact is how the agent stands with its server, as it last noted.
type contact struct {
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since"`
	LastError string    `json:"last_error,omitempty"`
}

// Look tells how the agent of a state folder stands, whether it runs or not.
func Look(dir string) (Status, error) {
	out := Status{Version: Version}
	s := State{dir: dir}
	if _, err := os.Stat(dir); err != nil {
		return out, fmt.Errorf("there is no state folder %s; name the one that the agent runs on", dir)
	}
	held, err := host.Lock(filepath.Join(dir, lockFile))
	if err == nil {
		held.Close()
	} else if !errors.Is(err, host.ErrLocked) {
		return out, fmt.Errorf("looking at the state folder: %w", err)
	}
	out.Running = err != nil
	i, err := s.Identity()
	if err != nil {
		return out, err
	}
	out.Enrolled, out.Server, out.Pin = i.Enrolled(), i.Server, i.Pin
	out.Device, out.Account = i.Place.Device, i.Place.Account
	var c contact
	if err := s.read(statusFile, &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	out.Connected, out.Since, out.LastError = c.Connected && out.Running, c.Since, c.LastError
	out.Open, out.Unsettled, err = countJournal(filepath.Join(dir, journalFile))
	return out, err
}
