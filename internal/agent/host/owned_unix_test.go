//go:build unix

package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckOwned(t *testing.T) {
	dir := t.TempDir()
	path, folder := filepath.Join(dir, "folder", "policy.json"), filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	root := os.Geteuid() == 0
	for name, tt := range map[string]struct {
		file, folder os.FileMode
		owner        int
		open, want   string
	}{
		"as it should be":     {0o644, 0o755, 0, path, ""},
		"through a link":      {0o644, 0o755, 0, filepath.Join(dir, "link"), ""},
		"for the group":       {0o664, 0o755, 0, path, "others may write " + path},
		"for all":             {0o646, 0o755, 0, path, "others may write " + path},
		"folder for all":      {0o644, 0o757, 0, path, "others may write " + folder},
		"sticky folder":       {0o644, 0o757 | os.ModeSticky, 0, path, ""},
		"link to open folder": {0o644, 0o775, 0, filepath.Join(dir, "link"), "others may write " + folder},
		"another's file":      {0o644, 0o755, 65534, path, "another user"},
		"a folder":            {0o644, 0o755, 0, folder, "not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.owner != 0 && !root {
				return // only root can give files away
			}
			for _, err := range []error{os.Chmod(path, tt.file), os.Chmod(folder, tt.folder)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if root {
				if err := os.Chown(path, tt.owner, 0); err != nil {
					t.Fatal(err)
				}
			}
			file, err := os.Open(tt.open)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if err := CheckOwned(file); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
