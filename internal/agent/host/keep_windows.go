package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// Private makes a folder, if need be, and closes it to everybody but the user
// that runs the agent, the system and administrators, whatever the folder above
// allows. What is in it already is closed too.
func Private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("asking who runs this: %w", err)
	}
	const all = "(A;OICI;FA;;;%s)"
	descriptor, err := windows.SecurityDescriptorFromString("D:P" +
		fmt.Sprintf(all+all+all, "SY", "BA", user.User.Sid))
	if err != nil {
		return err
	}
	access, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, access, nil)
}

// Rename puts a file where another was, and returns when the disk has it.
func Rename(from, to string) error {
	old, err := windows.UTF16PtrFromString(literal(from))
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(literal(to))
	if err != nil {
		return err
	}
	err = patiently(func() error {
		return windows.MoveFileEx(old, name, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// RemoveAll removes what is at path, and all below it, if there is something.
func RemoveAll(path string) error {
	err := patiently(func() error { return os.RemoveAll(path) })
	if errors.Is(err, windows.ERROR_INVALID_FUNCTION) { // file systems where nothing is removed by its handle
		return removeByName(literal(path))
	}
	return err
}

// removeIn removes a file of a folder.
func removeIn(folder *os.Root, name string) error {
	err := folder.Remove(name)
	if errors.Is(err, windows.ERROR_INVALID_FUNCTION) {
		return os.Remove(literal(filepath.Join(folder.Name(), name)))
	}
	return err
}

// removeByName is for what is open, and so stays where it is, or private.
func removeByName(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.IsDir() {
		var entries []os.DirEntry
		entries, err = os.ReadDir(path)
		for _, e := range entries {
			err = errors.Join(err, removeByName(filepath.Join(path, e.Name())))
		}
	}
	if err != nil {
		return err
	}
	return patiently(func() error { return os.Remove(path) })
}

// patiently tries again for a second what fails because another program, such as
// one that looks for viruses or makes an index, has just opened a file.
func patiently(f func() error) error {
	const tries, between = 20, 50 * time.Millisecond
	for n := 1; ; n++ {
		err := f()
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
			errors.Is(err, windows.ERROR_DIR_NOT_EMPTY)
		if !busy || n == tries {
			return err
		}
		time.Sleep(between) // nothing tells when the other program lets go
	}
}
