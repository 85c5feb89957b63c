//go:build unix

package host

import "os"

// Private makes a folder, if need be, and closes it to everybody but the user
// that runs the agent and those who may read everything.
func Private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700) // what is within is a secret even if the folder was there before
}

// Rename puts a file, or an empty place, where another was. To have it survive a
// loss of power the folder has to be written too.
func Rename(from, to string) error { return os.Rename(from, to) }

// RemoveAll removes what is at path, and all below it, if there is something.
func RemoveAll(path string) error { return os.RemoveAll(path) }

// removeIn removes a file of a folder.
func removeIn(folder *os.Root, name string) error { return folder.Remove(name) }
