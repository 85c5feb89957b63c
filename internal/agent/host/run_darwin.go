package host

import (
	"errors"
	"fmt"
	"os/exec"
)

// output runs a program and returns what it prints. The error has what it says
// went wrong.
func output(cmd *exec.Cmd) ([]byte, error) {
	said, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s ended with %v: %.200s", cmd.Path, failed.ProcessState, failed.Stderr)
	}
	return said, err
}
