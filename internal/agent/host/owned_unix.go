//go:build unix

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// CheckOwned says why somebody other than root and the user that runs the agent
// could change an opened file or put another in its place.
func CheckOwned(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", file.Name())
	}
	path, err := filepath.Abs(file.Name())
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return err
	}
	for {
		stat, ok := info.Sys().(*syscall.Stat_t)
		// Below a sticky folder nobody replaces what is not his.
		sticky := info.IsDir() && info.Mode()&os.ModeSticky != 0
		switch {
		case !ok || stat.Uid != 0 && int(stat.Uid) != os.Geteuid():
			return fmt.Errorf("%s belongs to another user than root; give it to root (chown root)", path)
		case info.Mode().Perm()&0o022 != 0 && !sticky:
			return fmt.Errorf("others may write %s; take that from them (chmod go-w)", path)
		case filepath.Dir(path) == path:
			return nil
		}
		path = filepath.Dir(path)
		if info, err = os.Lstat(path); err != nil {
			return err
		}
	}
}
