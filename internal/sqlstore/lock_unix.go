//go:build !windows

package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps other servers from the same store for as long as the file is
// open, which ends with the process, however that ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the store's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(locked(name, err), f.Close())
	}
	return f, nil
}
