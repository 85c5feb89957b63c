package host

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A process is a running program in the agent's network namespace.
type process struct {
	pid  int
	dir  string   // below /proc
	args []string // with the program's name
}

// processes lists those that the kernel knows by one of the names.
func (m *Machine) processes(names ...string) (found []process) {
	dirs, _ := filepath.Glob(filepath.Join(m.root, "/proc/[0-9]*/comm"))
	for _, path := range dirs {
		name, err := os.ReadFile(path)
		dir := filepath.Dir(path)
		if err != nil || !slices.Contains(names, strings.TrimSpace(string(name))) || !m.sharesNetwork(dir) {
			continue
		}
		if p, err := readProcess(dir); err == nil {
			found = append(found, p)
		}
	}
	return found
}

func readProcess(dir string) (p process, err error) {
	p.dir = dir
	if p.pid, err = strconv.Atoi(filepath.Base(dir)); err != nil {
		return p, err
	}
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(line) == 0 { // it is ending
		return p, os.ErrProcessDone
	}
	p.args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	return p, nil
}

func (m *Machine) sharesNetwork(dir string) bool {
	theirs, err := os.Readlink(filepath.Join(dir, "ns/net"))
	ours, err2 := os.Readlink(filepath.Join(m.root, "/proc/self/ns/net"))
	return err == nil && err2 == nil && theirs == ours
}

// trusted reports whether a process is root's and runs a known program. What
// any user could start under this name must not tell root what to do.
func trusted(dir string, programs []string) bool {
	// Not the folder's owner: that is root for any process that hides its memory.
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil || !strings.Contains(string(status), "\nUid:\t0\t0\t0\t0\n") {
		return false
	}
	exe, err := os.Readlink(filepath.Join(dir, "exe"))
	exe = strings.TrimSuffix(exe, " (deleted)") // replaced by an update
	return err == nil && slices.ContainsFunc(programs, func(known string) bool {
		resolved, err := filepath.EvalSymlinks(known)
		return err == nil && resolved == exe
	})
}
