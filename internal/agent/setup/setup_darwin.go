package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
)

// target is the service in the words of launchctl.
const target = "system/" + name

const stopWithin = time.Minute

// system is what launchd needs besides.
type system struct {
	plist string
}

// at keeps everything in a folder that, unlike /usr/local, is root's on every
// Mac.
func at(root string, say io.Writer) *Setup {
	home := filepath.Join(root, "/Library/Application Support/reeve-agent")
	return &Setup{
		say: say, patience: connectWithin,
		program: filepath.Join(home, name), settings: home, state: filepath.Join(home, "state"),
		system: system{plist: filepath.Join(root, "/Library/LaunchDaemons/reeve-agent.plist")},
	}
}

func (s *Setup) ready() error     { return mayChange() }
func (s *Setup) configured() bool { return false }
func (s *Setup) present() bool    { return exists(s.plist) }

func (s *Setup) bring(ctx context.Context, program string) error { return s.copyProgram(program) }

func (s *Setup) register(ctx context.Context, o Options) error {
	if err := s.stop(ctx); err != nil {
		return err
	}
	text := job(append([]string{s.program}, s.arguments(o)...))
	if err := write(s.plist, 0o644, []byte(text)); err != nil {
		return fmt.Errorf("writing the description of the service: %w", err)
	}
	s.said("Wrote %s.", s.plist)
	return s.start(ctx)
}

func (s *Setup) start(ctx context.Context) error {
	if err := host.Services(ctx, "enable", target); err != nil {
		return err
	}
	return host.Services(ctx, "bootstrap", "system", s.plist)
}

// stop returns when launchd has let go of the service.
func (s *Setup) stop(ctx context.Context) error {
	known := func() bool { return host.Services(ctx, "print", target) == nil }
	if !known() {
		return nil
	}
	if err := host.Services(ctx, "bootout", target); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	for known() {
		if !line.Pause(ctx, time.Second/4) {
			return errors.New("the service does not stop")
		}
	}
	return nil
}

// unregister takes the service and everything of it away.
func (s *Setup) unregister(ctx context.Context) error {
	if err := s.stop(ctx); err != nil {
		return err
	}
	return s.clear(s.plist, s.settings)
}
