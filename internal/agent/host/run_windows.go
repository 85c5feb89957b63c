package host

import (
	"context"
	"os"
	"os/exec"

	"golang.org/x/sys/windows"
)

// Programs are started here and nowhere else: by absolute path below folders
// that only administrators may write, with an argument vector, an environment
// that says where the system is, and a time limit. There is no shell.

func command(ctx context.Context, path string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	system, _ := windows.GetSystemDirectory()
	cmd.Dir = system
	for _, name := range []string{"SystemRoot", "SystemDrive", "ProgramData", "ProgramFiles"} { // programs do not start without
		cmd.Env = append(cmd.Env, name+"="+os.Getenv(name))
	}
	return cmd
}
