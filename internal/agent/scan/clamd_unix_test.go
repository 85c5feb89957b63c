//go:build unix

package scan

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A clamdDaemon is Debian's clamd with three signatures of ours.
type clamdDaemon struct {
	socket, port string
	process      *exec.Cmd
}

func startClamd(t *testing.T) *clamdDaemon {
	t.Helper()
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &clamdDaemon{socket: filepath.Join(dir, "socket"), port: free.Addr().String()}
	free.Close()
	_, port, _ := net.SplitHostPort(d.port)
	for name, content := range map[string]string{
		"own.hdb": fmt.Sprintf("%x:%d:Own.Eicar\n", md5.Sum([]byte(eicar)), len(eicar)),
		"own.ndb": fmt.Sprintf("Own.Marker:0:*:%x\n", "a marker of ours"),
		"settings": "DatabaseDirectory " + dir + "\nLocalSocket " + d.socket + "\nTCPSocket " + port +
			"\nTCPAddr 127.0.0.1\nForeground yes\nMaxFileSize 1M\nStreamMaxLength 1M\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.process = exec.Command("clamd", "--config-file", filepath.Join(dir, "settings"))
	d.process.Env = []string{"PATH=/usr/sbin:/usr/bin", "TMPDIR=" + dir}
	said := &strings.Builder{}
	d.process.Stdout, d.process.Stderr = said, said
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.kill)
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := net.Dial("unix", d.socket)
		if err == nil {
			conn.Close()
			return d
		}
		if time.Now().After(deadline) {
			d.kill()
			t.Fatalf("clamd does not listen: %v\n%s", err, said)
		}
		time.Sleep(10 * time.Millisecond) // another program is waited for, which says nothing when it is ready
	}
}

func (d *clamdDaemon) kill() {
	d.process.Process.Kill()
	d.process.Wait()
}

// over returns the engine that talks to it.
func (d *clamdDaemon) over(network string) Engine {
	address := map[string]string{"unix": d.socket, "tcp": d.port}[network]
	return Clamd(func() (Daemon, error) {
		return Daemon{MaxFile: 1 << 20, MaxStream: 1 << 20, Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}, nil
	})
}

func TestClamd(t *testing.T) {
	d := startClamd(t)
	files := map[string]string{
		"eicar": eicar, "marked": "here is a marker of ours", "clean": "x", "empty": "",
		"limit": strings.Repeat("x", 1<<20), "large": "a marker of ours" + strings.Repeat("x", 1<<20),
	}
	for i := range 600 {
		files[fmt.Sprintf("many/%d", i)] = fmt.Sprint("clean ", i)
	}
	dir := tree(t, files)
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			r := Scan(t.Context(), []Engine{d.over(network)}, []Root{{Path: dir}}, Options{}, nil)
			want := []string{"eicar Own.Eicar.UNOFFICIAL", "marked Own.Marker.UNOFFICIAL"}
			if got := threats(r); !reflect.DeepEqual(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			engine := r.Engines[0]
			if engine.Name != "clamav" || !strings.HasPrefix(engine.Version, "1.") || engine.Judged != int64(len(files)) {
				t.Errorf("the engine says %+v", engine)
			}
			if !reflect.DeepEqual(engine.Missed, map[Reason]int64{TooLarge: 1}) || len(r.Errors) != 1 || filepath.Base(r.Errors[0].Path) != "large" {
				t.Errorf("missed %v: %+v", engine.Missed, r.Errors)
			}
		})
	}
	t.Run("a limit that nobody knew", func(t *testing.T) {
		ctx, c := t.Context(), d.over("tcp").(clamdEngine)
		open := func() (Daemon, error) {
			daemon, err := c()
			daemon.MaxFile, daemon.MaxStream = 0, 0
			return daemon, err
		}
		large := tree(t, map[string]string{"large": strings.Repeat("x", 8<<20)})
		r := Scan(ctx, []Engine{Clamd(open)}, []Root{{Path: large}}, Options{}, nil)
		// The answer may be lost with the connection.
		if n := r.Engines[0].Missed; n[TooLarge]+n[Unjudged] != 1 {
			t.Errorf("missed %v: %+v", n, r.Errors)
		}
	})
}

// What clamd can no longer look at is told, never clean, and the rest is
// looked at by others.
func TestClamdDies(t *testing.T) {
	d := startClamd(t)
	dir := tree(t, map[string]string{"1": "x"})
	late := tree(t, map[string]string{"late": eicar})
	open := func(in *os.File, name string, folder bool) (*os.File, error) {
		if name == late {
			d.kill()
		}
		return openByPath(in, name, folder)
	}
	engines := []Engine{BuiltIn(nil, nil), d.over("unix")}
	r := Scan(t.Context(), engines, []Root{{Path: dir}, {Path: late}}, Options{Open: open}, nil)
	if got := threats(r); len(got) != 1 || r.Threats[0].Engine != "builtin" {
		t.Errorf("found %+v", r.Threats)
	}
	if r.Roots[1].Missed[Lack{"clamav", Unjudged}] != 1 || len(r.Errors) == 0 || !strings.Contains(r.Errors[len(r.Errors)-1].Error, "went away") {
		t.Errorf("missed %+v: %+v", r.Roots[1].Missed, r.Errors)
	}
	r = Scan(t.Context(), engines, []Root{{Path: dir}}, Options{}, nil)
	if err := r.Engines[1].Unavailable; err == nil || errors.Is(err, ErrNotSetUp) || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("the next pass says of it: %v", err)
	}
}

// A daemon that says nothing any more does not outlive the scan.
func TestClamdIsCalledOff(t *testing.T) {
	client, server := net.Pipe()
	asked := make(chan struct{})
	go func() {
		io.ReadFull(server, make([]byte, len("zVERSION\x00")))
		io.WriteString(server, "ClamAV 1.4.6\x00")
		server.Close()
	}()
	silent, other := net.Pipe()
	go func() {
		io.ReadFull(other, make([]byte, len("zINSTREAM\x00")))
		close(asked)
		io.Copy(io.Discard, other)
	}()
	conns := make(chan net.Conn, 2)
	conns <- client
	conns <- silent
	engine := Clamd(func() (Daemon, error) {
		return Daemon{Dial: func(context.Context) (net.Conn, error) { return <-conns, nil }}, nil
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	go func() {
		<-asked
		cancel(enough)
	}()
	r := Scan(ctx, []Engine{engine}, []Root{{Path: tree(t, map[string]string{"file": "x"})}}, Options{}, nil)
	if r.Roots[0].Stopped != enough || r.Engines[0].Judged != 1 {
		t.Errorf("got %+v", r)
	}
}
