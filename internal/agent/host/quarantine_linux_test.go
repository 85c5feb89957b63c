package host

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What cannot be removed from its place was not put away.
func TestPutAwayCannotRemove(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test mounts a folder read-only, which only root may: run it through scripts/gotest.sh")
	}
	p := newPlot(t)
	folder := filepath.Dir(p.found.Path)
	for _, flags := range []uintptr{unix.MS_BIND, unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY} {
		if err := unix.Mount(folder, folder, "", flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	defer unix.Unmount(folder, unix.MNT_DETACH)
	if id, err := p.m.PutAway(t.Context(), p.found); err == nil || id != "" || p.stored() != 0 || p.there() != "unwanted" {
		t.Errorf("%q, %v, %d stored, %q is there", id, err, p.stored(), p.there())
	}
}

// A pipe that takes the file's place holds nobody up.
func TestPutAwayOfAPipe(t *testing.T) {
	p := newPlot(t)
	folder, err := os.OpenRoot(filepath.Dir(p.found.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	stop := make(chan struct{})
	swapped := make(chan struct{})
	other := p.found.Path + ".pipe"
	if err := unix.Mkfifo(other, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(swapped)
		for {
			select {
			case <-stop:
				return
			default:
				unix.Renameat2(unix.AT_FDCWD, p.found.Path, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
			}
		}
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3000 {
			if file, _, err := openRegular(folder, filepath.Base(p.found.Path)); err == nil {
				file.Close()
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("opening the file waits for the other end of a pipe")
	}
	close(stop)
	<-swapped
}
