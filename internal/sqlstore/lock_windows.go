package sqlstore

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps other servers from the same store for as long as the file is
// open, which ends with the process, however that ends: nobody else may open a
// file that is opened without sharing.
func lockFile(name string) (*os.File, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("opening the store's lock: %w", err)
	}
	const sharingViolation = syscall.Errno(32)
	handle, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch err {
	case nil:
		return os.NewFile(uintptr(handle), name), nil
	case sharingViolation:
		return nil, locked(name, err)
	default:
		return nil, fmt.Errorf("opening the store's lock: %w", err)
	}
}
