package setup

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"reeve/internal/agent/host"
)

//go:embed reeve-agent.service
var unit string

// The program in unit is where packages put it.
const packaged = "/usr/bin/reeve-agent"

// system is what systemd needs besides.
type system struct {
	running     string   // folder that exists while systemd runs
	environment string   // the settings of the unit
	unit        string   // of an installation without a package
	packages    []string // where packages keep theirs

	control func(ctx context.Context, args ...string) error
}

func at(root string, say io.Writer) *Setup {
	in := func(path string) string { return filepath.Join(root, path) }
	return &Setup{
		say: say, patience: connectWithin,
		program: in("/usr/local/bin/reeve-agent"), settings: in("/etc/reeve-agent"), state: in("/var/lib/reeve-agent"),
		system: system{
			running: in("/run/systemd/system"), environment: in("/etc/reeve-agent/agent.env"),
			unit:     in("/etc/systemd/system/reeve-agent.service"),
			packages: []string{in("/usr/lib/systemd/system/reeve-agent.service"), in("/lib/systemd/system/reeve-agent.service")},
			control:  host.Services,
		},
	}
}

func (s *Setup) ready() error {
	if err := mayChange(); err != nil {
		return err
	}
	if !exists(s.running) {
		return errors.New("systemd does not run here, and install knows no other manager of services: let the one that this machine has start `reeve-agent run`")
	}
	if s.fromPackage() && exists(s.unit) {
		return fmt.Errorf("this machine has the package reeve-agent and %s, which hides the package's service: remove that file with `%s uninstall`, or the package", s.unit, s.program)
	}
	return nil
}

func (s *Setup) fromPackage() bool { return exists(s.packages[0]) || exists(s.packages[1]) }
func (s *Setup) configured() bool  { return exists(s.environment) }
func (s *Setup) present() bool     { return s.fromPackage() || exists(s.unit) }

// bring puts program and unit in place, unless a package did.
func (s *Setup) bring(_ context.Context, program string) error {
	if s.fromPackage() {
		s.said("The package's program and service are used.")
		return nil
	}
	if err := s.copyProgram(program); err != nil {
		return err
	}
	if err := write(s.unit, 0o644, []byte(strings.ReplaceAll(unit, packaged, s.program))); err != nil {
		return fmt.Errorf("writing the unit: %w", err)
	}
	s.said("Wrote %s.", s.unit)
	return nil
}

// register writes what the unit reads, and starts it. Addresses and pins that
// line.Open accepts need no quoting; the rest is quoted.
func (s *Setup) register(ctx context.Context, o Options) error {
	if o.Server != "" || !s.configured() {
		text := "# The flags of reeve-agent run, as docs/agent.md describes them.\n"
		if o.Server != "" {
			text += fmt.Sprintf("REEVE_SERVER=%s\nREEVE_PIN=%s\nREEVE_CODE_FILE=%s\n", quote(o.Server), quote(o.Pin), quote(s.codeFile()))
		}
		if err := write(s.environment, 0o600, []byte(text)); err != nil {
			return fmt.Errorf("writing the settings: %w", err)
		}
		s.said("Wrote %s.", s.environment)
	}
	for _, args := range [][]string{{"daemon-reload"}, {"enable", "--quiet", name + ".service"}, {"restart", name + ".service"}} {
		if err := s.control(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// quote writes a value as systemd.exec(5) reads it in an EnvironmentFile.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(value) + `"`
}

func (s *Setup) start(ctx context.Context) error { return s.control(ctx, "start", name+".service") }

func (s *Setup) stop(ctx context.Context) error {
	if !exists(s.running) { // then systemd started nothing
		return nil
	}
	return s.control(ctx, "stop", name+".service")
}

// unregister takes the service and everything of it away. Beside a package only
// what hides that goes, since settings and state are the package's as well.
func (s *Setup) unregister(ctx context.Context) error {
	control := s.control
	if !exists(s.running) { // then there is nobody to tell
		control = func(context.Context, ...string) error { return nil }
	}
	if s.present() {
		if err := control(ctx, "disable", "--quiet", "--now", name+".service"); err != nil {
			return err
		}
	}
	all := []string{s.unit, s.unit + ".d", s.settings, s.state, s.program}
	switch {
	case s.fromPackage() && exists(s.unit):
		s.said("Settings and state stay for the service of the package; `systemctl enable --now %s` starts it.", name)
		all = []string{s.unit, s.program}
	case s.fromPackage():
		s.said("The program is the package's; `apt purge %s` or `rpm -e %s` removes it.", name, name)
		all = []string{s.unit + ".d", s.settings, s.state}
	}
	if err := s.clear(all...); err != nil {
		return err
	}
	return control(ctx, "daemon-reload")
}
