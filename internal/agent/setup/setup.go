// Package setup makes the agent a service of its machine, and takes it away
// again without a trace: with systemd, launchd, or the service control manager
// of Windows. It copies the program to a fixed place, writes the settings and
// the description of the service, and starts it. Where a package of the system
// brought program and service, it leaves both to the package.
//
// It may import the agent, host, line and golang.org/x/sys/windows; whatever it
// starts, host starts.
package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"reeve"
	"reeve/internal/agent"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
)

const (
	name          = "reeve-agent" // of the service
	connectWithin = 20 * time.Second
)

// Options are what an installation is told. Without a server it keeps what an
// earlier one was told.
type Options struct {
	Server string // such as https://host:8443
	Pin    string // 64 hex digits
	Code   string // registration code; needed until the machine is enrolled
}

// A Setup is the agent's place on a machine.
type Setup struct {
	say      io.Writer
	program  string // where it is copied to
	settings string // folder of the policy, the code and, with systemd, the environment
	state    string // folder of the running agent
	system
	patience time.Duration // for the first connection
}

// Open returns the agent's place on this machine. What is done there is said
// on say, a line for each step.
func Open(say io.Writer) *Setup { return at("/", say) }

func (s *Setup) policy() string   { return filepath.Join(s.settings, "policy.json") }
func (s *Setup) codeFile() string { return filepath.Join(s.settings, "code") }

// quarantine is where the agent puts away what a scan finds.
func (s *Setup) quarantine() string { return filepath.Join(s.state, "quarantine") }

// Install makes program a service and starts it, or starts it anew with other
// settings. It returns when the agent has reached its server, or with an error
// that says that it has not: the service then goes on trying. A registration
// code is removed once it has served. An error of the kind Invalid is about o;
// nothing was changed then.
func (s *Setup) Install(ctx context.Context, program string, o Options) error {
	if err := s.ready(); err != nil {
		return err
	}
	switch enrolled := s.look().Enrolled; {
	case o.Server == "" && (o.Pin != "" || o.Code != ""):
		return reeve.Errorf(reeve.Invalid, "a pin and a code belong to a server: name it with --server")
	case o.Server == "" && !enrolled && !s.configured():
		return reeve.Errorf(reeve.Invalid, "this machine is not enrolled yet: name its server with --server, --pin and --code-file")
	case o.Server != "" && o.Code == "" && !enrolled:
		return reeve.Errorf(reeve.Invalid, "this machine is not enrolled yet: give a registration code with --code-file")
	}
	if o.Server != "" {
		if _, err := line.Open(o.Server, o.Pin); err != nil {
			return reeve.Errorf(reeve.Invalid, "%v", err)
		}
	}
	if err := s.bring(ctx, program); err != nil {
		return err
	}
	if err := s.configure(o); err != nil {
		return err
	}
	if err := s.register(ctx, o); err != nil {
		return err
	}
	s.said("The service %s is started, now and whenever this machine starts.", name)
	return s.connected(ctx)
}

// configure writes the policy, if there is none, and the code. The service
// refuses to start without its policy file: a veto must not get lost.
func (s *Setup) configure(o Options) error {
	if err := guard(s.settings); err != nil {
		return fmt.Errorf("making the folder of the settings: %w", err)
	}
	if !exists(s.policy()) {
		if err := write(s.policy(), 0o644, []byte("{}\n")); err != nil {
			return err
		}
		s.said("Wrote %s, which allows every action.", s.policy())
	}
	if o.Code == "" {
		return nil
	}
	if err := write(s.codeFile(), 0o600, []byte(o.Code+"\n")); err != nil {
		return err
	}
	s.said("Wrote %s, until the machine is enrolled.", s.codeFile())
	return nil
}

// copyProgram puts the program where the service finds it.
func (s *Setup) copyProgram(from string) error {
	if same(from, s.program) {
		return nil
	}
	text, err := os.ReadFile(from)
	if err == nil {
		err = write(s.program, 0o755, text)
	}
	if err != nil {
		return fmt.Errorf("copying the program: %w", err)
	}
	s.said("Copied the program to %s.", s.program)
	return nil
}

// connected waits until the agent has reached its server.
func (s *Setup) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	for {
		st := s.look()
		if st.Running && st.Connected {
			if err := os.Remove(s.codeFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing the code that has served: %w", err)
			}
			s.said("The agent is connected to %s as device %s.", st.Server, st.Device)
			return nil
		}
		if !line.Pause(ctx, time.Second/4) {
			return fmt.Errorf("the service is installed and goes on trying, but has not reached its server yet; %s tells why",
				filepath.Join(s.state, "logs", "agent.log"))
		}
	}
}

// look tells how the agent stands, as far as that can be known.
func (s *Setup) look() agent.Status {
	st, _ := agent.Look(s.state)
	return st
}

// Uninstall stops the service and removes all that belongs to it. With retire
// the machine leaves its server first; if that fails, everything stays as it
// was.
func (s *Setup) Uninstall(ctx context.Context, retire bool) error {
	if err := mayChange(); err != nil {
		return err
	}
	if !s.present() && !exists(s.settings) && !exists(s.state) && !exists(s.program) {
		s.said("Reeve's agent is not installed here.")
		return nil
	}
	if held, _ := os.ReadDir(s.quarantine()); len(held) > 0 {
		return fmt.Errorf("%s holds files in quarantine, which would be lost: put them back or remove them first", s.quarantine())
	}
	if retire {
		if err := s.retire(ctx); err != nil {
			return err
		}
	}
	return s.unregister(ctx)
}

// clear removes what is there of some files and folders.
func (s *Setup) clear(paths ...string) error {
	for _, path := range paths {
		if !exists(path) {
			continue
		}
		switch err := host.RemoveAll(path); {
		case err == nil:
			s.said("Removed %s.", path)
		case later(path):
			s.said("%s is in use; it goes when this machine starts the next time.", path)
		default:
			return fmt.Errorf("removing %s: %w", path, err)
		}
	}
	return nil
}

func (s *Setup) retire(ctx context.Context) (err error) {
	if !s.look().Enrolled {
		s.said("This machine is not enrolled, so there is no server to leave.")
		return nil
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("nothing was removed, since the server was not told: %w", errors.Join(err, s.start(ctx)))
		}
	}()
	state, err := agent.OpenState(s.state)
	if err != nil {
		return err
	}
	defer state.Close()
	if err := state.Retire(ctx); err != nil {
		return err
	}
	s.said("This machine has left its server.")
	return nil
}

func (s *Setup) said(format string, args ...any) { fmt.Fprintf(s.say, format+"\n", args...) }

// write replaces a file, all of it or nothing, and makes its folder.
func write(path string, mode fs.FileMode, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return os.Chmod(path, mode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+name+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // in vain once it is renamed
	_, err = file.Write(text)
	if err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		return err
	}
	return host.Rename(file.Name(), path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
