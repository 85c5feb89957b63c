package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"reeve"
)

// openFolder opens a folder that no link leads to, whoever may change folders
// on the way meanwhile.
func openFolder(path string) (*os.Root, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &how)
	if errors.Is(err, unix.ENOSYS) { // so says RestrictSUIDSGID of the unit as it comes, or a kernel before 5.6
		return nil, reeve.Errorf(reeve.Unavailable, "the bounds of the agent's service forbid it; the file quarantine.conf, which came with the agent, allows it")
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	return os.OpenRoot(fmt.Sprintf("/proc/self/fd/%d", fd))
}
