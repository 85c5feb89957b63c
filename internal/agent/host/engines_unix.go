//go:build unix

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// checkSocket says why somebody could have put a socket of his own at path,
// which has no links: in every folder above it only root, this user and the
// folder's owner, who got the folder from them, may make entries.
func checkSocket(path string) error {
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mine := ok && (stat.Uid == 0 || int(stat.Uid) == os.Geteuid())
		switch {
		case at == path && info.Mode()&os.ModeSocket == 0:
			return fmt.Errorf("%s is not a socket", path)
		case at != path && info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0:
			return fmt.Errorf("anybody could put a socket of his own at %s: others may write %s", path, at)
		case filepath.Dir(at) == at:
			return nil
		case mine:
			continue
		}
		above, err := os.Lstat(filepath.Dir(at))
		if err != nil {
			return err
		}
		if above.Mode().Perm()&0o022 != 0 { // sticky: whoever came first
			return fmt.Errorf("anybody could have made %s: others may write its folder", at)
		}
	}
}
