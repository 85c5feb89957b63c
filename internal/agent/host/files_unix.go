//go:build unix

package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// OpenFile opens for reading what is called so in a folder that is open; with
// none, name is an absolute path. It follows no link anywhere: every step is
// taken from the folder that the one before opened, wherever that has gone by
// then. It does not wait for the other end of a pipe.
func (m *Machine) OpenFile(in *os.File, name string, folder bool) (*os.File, error) {
	flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	if folder {
		flags |= unix.O_DIRECTORY
	}
	if in != nil {
		return openIn(in, name, flags)
	}
	path := filepath.Clean(name)
	at, err := os.OpenFile("/", wayThrough|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	way, last, deeper := "", strings.TrimPrefix(path, "/"), true
	for deeper {
		way, last, deeper = strings.Cut(last, "/")
		step := flags
		if deeper {
			step = wayThrough | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		if way == "" { // the root itself
			way = "."
		}
		next, err := openIn(at, way, step)
		at.Close()
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		at = next
	}
	return at, nil
}

func openIn(in *os.File, name string, flags int) (*os.File, error) {
	path := filepath.Join(in.Name(), name)
	for {
		fd, err := unix.Openat(int(in.Fd()), name, flags, 0)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), path), nil
		case unix.EINTR:
		default:
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// Device tells file systems apart.
func (m *Machine) Device(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}

// withoutWaiting opens no link, and a pipe without its other end.
const withoutWaiting = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// syncFolder makes durable which files a folder has.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// syncRoot is syncFolder for one that is open.
func syncRoot(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// owner returns whose a file is.
func owner(info fs.FileInfo) (uid, gid int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return -1, -1
}
