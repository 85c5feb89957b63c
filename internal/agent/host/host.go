// Package host is the machine: the only room that differs by operating system,
// and the only one that may start a process (run_unix.go, run_windows.go).
//
// A [Machine] gives the actions of internal/agent/act most of the Host they
// ask for; what belongs to the agent and not to the machine, such as its local
// policy, the loop adds. The package may import the root, act, scan and
// golang.org/x/sys. It opens no connections but to clamd, and never runs a shell.
package host

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"reeve"
)

// A Machine is this computer.
type Machine struct {
	state string // the agent's own folder
	root  string // of the file system, "/" but in tests
	self  string // this program; empty but in tests, which are another one

	storing  sync.Mutex // one change of the quarantine at a time
	renewing renewing
}

// Open returns this machine. state is a folder of the agent's own, which
// exists and which nobody else may write to.
func Open(state string) *Machine {
	return &Machine{state: state, root: "/", renewing: newRenewing()}
}

// StateDir returns the folder that Open was given.
func (m *Machine) StateDir() string { return m.state }

// Can reports whether this system has what the named action needs.
func (m *Machine) Can(action string) bool { return slices.Contains(actions, action) }

// System returns the operating system's family in the words of the inventory.
func (m *Machine) System() string {
	switch runtime.GOOS {
	case "darwin":
		return reeve.MacOS.String()
	case "windows":
		return reeve.Windows.String()
	case "linux":
		return reeve.Linux.String()
	}
	return reeve.OtherSystem.String()
}

// Hostname returns the machine's name, empty if it has none.
func (m *Machine) Hostname() string {
	name, _ := os.Hostname()
	return name
}

// Facts describes the machine as far as that can be read; the rest is zero.
func (m *Machine) Facts() reeve.Facts {
	name, version := m.osRelease()
	user, users := m.users()
	return reeve.Facts{
		OSName:       name,
		OSVersion:    version,
		Architecture: runtime.GOARCH,
		User:         user,
		Users:        users,
		Type:         m.chassis(),
		Memory:       m.memory(),
		LastReboot:   m.bootTime(),
		Networks:     m.networks(),
		Disks:        m.disks(),
	}
}

// HardwareID returns a hash that tells this machine from others and stays the
// same as long as the machine does. What it is made from never leaves the
// machine: the identifiers of systems are not for strangers.
func (m *Machine) HardwareID() (string, error) {
	for _, id := range m.systemIDs() {
		if usable(id) {
			return hashID(id), nil
		}
	}
	id, err := m.ownID()
	if err != nil {
		return "", fmt.Errorf("keeping an id for this machine: %w", err)
	}
	return hashID(id), nil
}

func hashID(id string) string {
	digest := sha256.Sum256([]byte("reeve hardware id\x00" + strings.ToLower(strings.TrimSpace(id))))
	return hex.EncodeToString(digest[:16])
}

// usable tells ids from what systems without one put in its place.
func usable(id string) bool {
	id = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(id), "-", ""))
	return len(id) >= 16 && strings.Trim(id, id[:1]) != ""
}

// ownID returns the id that this agent made up for a machine without one.
func (m *Machine) ownID() (string, error) {
	path := filepath.Join(m.state, "hardware-id")
	if id, err := os.ReadFile(path); err == nil && usable(string(id)) {
		return string(id), nil
	}
	id := rand.Text()
	return id, Replace(path, []byte(id))
}

// NewEnd follows a file's name while Replace writes it. What a crash leaves has
// such a name.
const NewEnd = ".new-"

// Replace writes a file that only this user may read, all of it or nothing. It
// is on the disk when Replace returns.
func Replace(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+NewEnd+"*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // in vain once it is renamed
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := Rename(file.Name(), path); err != nil {
		return err
	}
	SyncDir(filepath.Dir(path))
	return nil
}

// SyncDir makes a rename durable on systems where that takes an effort of its
// own; others refuse it.
func SyncDir(path string) {
	if d, err := os.Open(path); err == nil {
		d.Sync()
		d.Close()
	}
}
