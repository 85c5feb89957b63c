//go:build unix

package scan

import (
	"io"
	"net"
	"syscall"
)

const passesFiles = true

// passFile hands clamd an open file.
func passFile(conn *net.UnixConn, f *File) error {
	if _, err := io.WriteString(conn, "zFILDES\x00"); err != nil {
		return err
	}
	file, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var passed error
	err = file.Control(func(fd uintptr) {
		_, _, passed = conn.WriteMsgUnix([]byte{0}, syscall.UnixRights(int(fd)), nil)
	})
	if err == nil {
		err = passed
	}
	return err
}
