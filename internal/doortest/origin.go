package doortest

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"reeve/internal/control"
	"reeve/internal/keys"
	"reeve/internal/sqlstore"
)

// An origin is how a House begins: the files of a server after its set-up, and
// what that handed out. To copy them costs far less than to make them.
type origin struct {
	files fstest.MapFS
	first control.Bootstrap
	err   error
}

var firstDay = sync.OnceValue(func() (o origin) {
	var dir string
	if dir, o.err = os.MkdirTemp("", "reeve"); o.err != nil {
		return o
	}
	defer os.RemoveAll(dir)
	if o.err = o.setUp(dir); o.err == nil {
		o.err = o.read(dir)
	}
	return o
})

func (o *origin) setUp(dir string) error {
	own, err := keys.Open(keysIn(dir), time.Now)
	if err != nil {
		return err
	}
	ctx := context.Background() // longer than any one test
	store, err := sqlstore.Open(ctx, databaseIn(dir), own.Head())
	if err != nil {
		return err
	}
	_, err = control.New(store, own.Seal, nil, control.Options{}).
		SetUp(ctx, func(b control.Bootstrap) error { o.first = b; return nil })
	if err != nil {
		return err
	}
	return store.Close()
}

func (o *origin) read(dir string) error {
	o.files = fstest.MapFS{}
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		o.files[name] = &fstest.MapFile{Data: data, Mode: 0o600}
		return err
	})
}

// begin copies the origin into an empty folder.
func begin(t testing.TB, dir string) control.Bootstrap {
	t.Helper()
	o := firstDay()
	must(t, o.err)
	must(t, os.CopyFS(dir, o.files))
	return o.first
}

func keysIn(dir string) string     { return filepath.Join(dir, "keys") }
func databaseIn(dir string) string { return filepath.Join(dir, "reeve.db") }
