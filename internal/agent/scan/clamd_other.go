//go:build !unix

package scan

import (
	"errors"
	"net"
)

const passesFiles = false

func passFile(*net.UnixConn, *File) error { return errors.ErrUnsupported }
