//go:build !linux && !darwin && !windows

package setup

import (
	"context"
	"errors"
	"io"
	"path/filepath"
)

// system is what other systems need besides: install knows none of them.
type system struct{}

var errNoSystem = errors.New("install knows systemd, launchd and the services of Windows; let what this machine has start `reeve-agent run`")

func at(root string, say io.Writer) *Setup {
	return &Setup{say: say, program: filepath.Join(root, "/usr/local/bin/reeve-agent"),
		settings: filepath.Join(root, "/etc/reeve-agent"), state: filepath.Join(root, "/var/db/reeve-agent")}
}

func (s *Setup) ready() error                            { return errNoSystem }
func (s *Setup) configured() bool                        { return false }
func (s *Setup) present() bool                           { return false }
func (s *Setup) bring(context.Context, string) error     { return errNoSystem }
func (s *Setup) register(context.Context, Options) error { return errNoSystem }
func (s *Setup) start(context.Context) error             { return errNoSystem }
func (s *Setup) stop(context.Context) error              { return errNoSystem }
func (s *Setup) unregister(context.Context) error        { return errNoSystem }
