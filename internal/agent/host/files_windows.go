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
// none, name is an absolute path. The name is taken to the letter: "nul", and
// "a." beside "a", are files like others. Links are opened as what they are, and
// what lies elsewhere than its name says, since a folder on the way was
// replaced, is refused. Others may write, rename and remove the file meanwhile.
func (m *Machine) OpenFile(in *os.File, name string, folder bool) (*os.File, error) {
	path := filepath.Clean(name)
	if in != nil {
		path = in.Name() + `\` + name
		if strings.HasSuffix(in.Name(), `\`) {
			path = in.Name() + name
		}
	}
	text, err := windows.UTF16PtrFromString(literal(path))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(text, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING,
		windows.FILE_FLAG_OPEN_REPARSE_POINT|windows.FILE_FLAG_BACKUP_SEMANTICS, 0) // the latter is for folders
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(handle), path)
	lies, err := finalPath(file)
	if err == nil && !strings.EqualFold(lies, path) {
		err = fmt.Errorf("it leads to %s", lies)
	}
	if err != nil {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return file, nil
}

// literal writes an absolute path so that Windows takes it as it is, however
// long, and reads nothing into it.
func literal(path string) string {
	switch {
	case strings.HasPrefix(path, `\\?\`) || !filepath.IsAbs(path):
		return path
	case strings.HasPrefix(path, `\\`):
		return `\\?\UNC` + path[1:]
	}
	return `\\?\` + path
}

// finalPath returns where an open file lies, as the system names it.
func finalPath(file *os.File) (string, error) {
	handle, name := windows.Handle(file.Fd()), make([]uint16, windows.MAX_PATH)
	n, err := windows.GetFinalPathNameByHandle(handle, &name[0], uint32(len(name)), 0)
	if err != nil || int(n) >= len(name) {
		name = make([]uint16, 1<<15) // no path is longer
		_, err = windows.GetFinalPathNameByHandle(handle, &name[0], uint32(len(name)), 0)
	}
	if err != nil {
		return "", err
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
