//go:build unix

package setup

import (
	"errors"
	"os"
)

func mayChange() error {
	if os.Geteuid() != 0 {
		return errors.New("this changes services of the system, which only root may: run it with sudo")
	}
	return nil
}

// guard makes a folder that everybody may read and only root may change.
func guard(path string) error {
	err := os.MkdirAll(path, 0o755)
	return errors.Join(err, os.Chown(path, 0, 0), os.Chmod(path, 0o755))
}

// later reports whether a file that could not be removed goes when the machine
// starts again.
func later(string) bool { return false }
