package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"reeve/internal/agent/setup"
)

// install makes this program a service.
func install(ctx context.Context, c console, s settings) error {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return fmt.Errorf("finding this program's own file: %w", err)
	}
	if s.codeFile != "" {
		text, err := os.ReadFile(s.codeFile)
		if err != nil {
			return fmt.Errorf("reading the registration code: %w", err)
		}
		s.code = strings.TrimSpace(string(text))
	}
	return setup.Open(c.out).Install(ctx, program, setup.Options{Server: s.server, Pin: s.pin, Code: s.code})
}

// uninstall takes the service away again.
func uninstall(ctx context.Context, c console, s settings) error {
	return setup.Open(c.out).Uninstall(ctx, s.retire)
}
