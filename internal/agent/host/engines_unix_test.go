//go:build unix

package host

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reeve/internal/agent/scan"
)

func TestFindClamd(t *testing.T) {
	root := t.TempDir()
	listen := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(root+path), 0o755); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", root+path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	m := Open(t.TempDir())
	m.root = root
	find := func(address, want string) scan.Daemon {
		t.Helper()
		d, err := m.findClamd(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Fatalf("got %v, want %q", err, want)
		}
		return d
	}
	if _, err := m.findClamd(""); !errors.Is(err, scan.ErrNotSetUp) {
		t.Errorf("without clamd: %v", err)
	}
	find("192.0.2.1:3310", "not on this machine")
	find("[::1]:3310", "")

	listen("/run/clamav/clamd.ctl")
	find("", "")
	write := func(settings string) {
		t.Helper()
		if err := os.MkdirAll(root+"/etc/clamav", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+"/etc/clamav/clamd.conf", []byte(settings), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("#LocalSocket /none\nMaxFileSize 5M\nStreamMaxLength 2G\n")
	if d := find("", ""); d.MaxFile != 5<<20 || d.MaxStream != 1<<31-1 {
		t.Errorf("limits %+v", d)
	}
	listen("/srv/own/socket")
	write("LocalSocket \"/srv/own/socket\"\n")
	find("", "")
	if err := os.Chmod(root+"/srv/own", 0o777); err != nil {
		t.Fatal(err)
	}
	find("", "others may write "+root+"/srv/own")
	if err := os.Chmod(root+"/srv/own", 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	find("", "")
	find(root+"/etc/clamav/clamd.conf", "is not a socket")
	if os.Geteuid() == 0 { // who alone can give a folder away
		if err := os.Chown(root+"/srv/own/socket", 65534, -1); err != nil {
			t.Fatal(err)
		}
		find("", "anybody could have made "+root+"/srv/own/socket")
		if err := os.Chmod(root+"/srv/own", 0o755); err != nil {
			t.Fatal(err)
		}
		find("", "") // nobody got the folder from root
	}
}

func TestBytesOf(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "25M": 25 << 20, "1k": 1 << 10, "3G": 1<<31 - 1, "700": 700, "0": 1<<31 - 1, "much": 1<<31 - 1} {
		if got := bytesOf(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}
