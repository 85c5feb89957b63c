package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"reeve/internal/agent/act"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

// smallDisk mounts a disk of a megabyte and returns how to fill it and how to
// make room again.
func smallDisk(t *testing.T) (dir string, fill, empty func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "disk")
	must(t, os.Mkdir(dir, 0o700))
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,nr_inodes=64"); err != nil {
		t.Fatalf("this test mounts a small disk, which only root may: run it as root or through scripts/gotest.sh: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	var fillers []string
	fill = func() {
		t.Helper()
		for i := 0; ; i++ { // bytes first, then inodes
			path := filepath.Join(dir, fmt.Sprint("filler", i))
			file, err := os.Create(path)
			if errors.Is(err, syscall.ENOSPC) {
				return
			}
			must(t, err)
			fillers = append(fillers, path)
			for err == nil {
				_, err = file.Write(make([]byte, 4096))
			}
			file.Close()
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
		}
	}
	empty = func() {
		t.Helper()
		for _, path := range fillers {
			must(t, os.Remove(path))
		}
		fillers = nil
	}
	return dir, fill, empty
}

// An agent whose disk is full takes no orders and lets go of nothing. When there
// is room again it goes on where it was.
func TestFullDisk(t *testing.T) {
	disk, fill, empty := smallDisk(t)
	r := newRig(t)
	r.dir, r.machine.state = filepath.Join(disk, "state"), filepath.Join(disk, "state")
	answer := make(chan struct{})
	r.machine.ask = func(context.Context) (act.Answers, error) {
		<-answer
		return act.Answers{Identity: map[string]string{"a": strings.Repeat("x", 10_000)}}, nil
	}
	stop := r.start()
	asked, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.begun(asked)
	fill()

	// More than the last page of the journal has room for.
	command, order := r.order(2, "dhcprenew", `{"more":"`+strings.Repeat("x", 10_000)+`"}`)
	close(answer)
	// What comes in this order is also handled in it.
	forged := r.server.Seal(r.server.Header(3, "dhcprenew", `{}`), r.address)[0]
	forged.Header.Job = 4
	r.server.Give(r.address, forged)
	r.wants(r.end(forged.Command()), refused, "seal")
	if s, err := Look(r.dir); r.machine.count() > 0 || err != nil || s.Unsettled > 0 {
		t.Errorf("%d effects of an order that was not noted, %+v, %v", r.machine.count(), s, err)
	}

	empty()
	ends := map[string]link.Report{}
	for len(ends) < 2 {
		got := r.next()
		if got.State == running {
			continue
		}
		ends[got.Command] = got
		if got.Command == asked { // it was to wait for the disk
			r.wants(got, succeeded, "")
			r.server.Give(r.address, order) // as the server does with what is not answered
		}
	}
	r.wants(ends[command], succeeded, "")

	// Nothing is lost for the next process.
	must(t, stop())
	j, damaged, err := openJournal(filepath.Join(r.dir, journalFile))
	must(t, err)
	defer j.Close()
	if damaged != 0 || j.entry(asked).stage < finished || j.entry(command).stage < finished {
		t.Errorf("%d lines are damaged, %+v, %+v", damaged, j.entry(asked), j.entry(command))
	}
}

// Without room the log stays as it is, and goes on when there is room.
func TestLogOnFullDisk(t *testing.T) {
	disk, fill, empty := smallDisk(t)
	log, err := OpenLog(disk)
	must(t, err)
	defer log.Close()
	entry := []byte(strings.Repeat("x", 999) + "\n")
	for range 300 {
		_, err := log.Write(entry)
		must(t, err)
	}
	fill()
	lost := 0
	for range 1000 { // past the size at which a new file is begun
		if _, err := log.Write(entry); err != nil {
			lost++
		}
	}
	log.mu.Lock()
	log.size = logFileMax // as if it were full, while no new file can be made
	log.mu.Unlock()
	for range 10 {
		if _, err := log.Write(entry); err == nil {
			t.Fatal("wrote without room")
		}
	}
	empty()
	if _, err := log.Write([]byte("again\n")); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(log.name(1))
	must(t, err)
	if lost == 0 || len(old) < 300_000 || len(old)%len(entry) != 0 {
		t.Errorf("%d entries were lost, and the old file has %d bytes", lost, len(old))
	}
	if text, err := os.ReadFile(log.path); err != nil || string(text) != "again\n" {
		t.Errorf("the new file holds %.20q, %v", text, err)
	}
}

// An archive that does not fit is an answer, and leaves nothing behind.
func TestArchiveOnFullDisk(t *testing.T) {
	disk, fill, empty := smallDisk(t)
	r := newRig(t)
	r.dir, r.machine.state = filepath.Join(disk, "state"), filepath.Join(disk, "state")
	log, err := OpenLog(r.dir)
	must(t, err)
	slog.New(slog.NewTextHandler(log, nil)).Error("something happened")
	must(t, log.Close())
	stop := r.start()
	command, _ := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(command), succeeded, "")
	fill()
	// The journal's last page has room for the order; the archive has none.
	command, _ = r.order(2, "fetch_agent_log", `{}`)
	r.wants(r.end(command), failed, "")
	empty()
	command, _ = r.order(3, "fetch_agent_log", `{}`)
	r.wants(r.end(command), succeeded, "")
	must(t, stop())
	if left, _ := os.ReadDir(filepath.Join(r.dir, "uploads")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
	linetest.Eventually(t, "the archive is there", func() bool { return len(r.server.Uploads()[command]) > 0 })
}
