package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// OpenFile opens for reading what is called so in a folder that is open; with
// none, name is an absolute path. Links are opened as what they are, and what
// lies elsewhere than its name says, since a folder on the way was replaced,
// is refused.
func (m *Machine) OpenFile(in *os.File, name string, folder bool) (*os.File, error) {
	path := filepath.Clean(name)
	if in != nil {
		path = filepath.Join(in.Name(), name)
	}
	file, err := os.OpenFile(path, os.O_RDONLY|windows.O_FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, err
	}
	lies, err := finalPath(file)
	if err == nil && !strings.EqualFold(filepath.Clean(lies), path) {
		err = fmt.Errorf("it leads to %s", lies)
	}
	if err != nil {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return file, nil
}

// finalPath returns where an open file lies, as the system names it.
func finalPath(file *os.File) (string, error) {
	name := make([]uint16, windows.MAX_PATH)
	for {
		n, err := windows.GetFinalPathNameByHandle(windows.Handle(file.Fd()), &name[0], uint32(len(name)), 0)
		if err != nil {
			return "", err
		}
		if int(n) < len(name) {
			break
		}
		name = make([]uint16, n+1)
	}
	path := windows.UTF16ToString(name)
	if share, ok := strings.CutPrefix(path, `\\?\UNC\`); ok {
		return `\\` + share, nil
	}
	return strings.TrimPrefix(path, `\\?\`), nil
}

// Device does not tell file systems apart: on this system those that are
// mounted in folders are links, which no scan follows.
func (m *Machine) Device(fs.FileInfo) uint64 { return 0 }
