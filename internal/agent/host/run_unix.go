//go:build linux || darwin

package host

import (
	"context"
	"os/exec"
)

const searchPath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

// Programs are started here and nowhere else: by absolute path from fixed
// lists, with an argument vector, an empty environment but for PATH, and a time
// limit. There is no shell.
func command(ctx context.Context, path string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir = []string{searchPath}, "/"
	return cmd
}
