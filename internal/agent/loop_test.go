package agent

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
	"reeve/internal/seal"
)

func TestHello(t *testing.T) {
	r := newRig(t)
	r.policy = &Policy{Actions: map[string]bool{"dhcprenew": false}}
	r.start()
	h := r.server.Hellos()[r.address]
	want := []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "unquarantine", "retire"}
	if !slices.Equal(h.Actions, want) || h.Version != Version || h.Kind != "persistent" || h.System != "linux" ||
		len(h.MACs) != 64 || h.MACs[0] != "00:00:00:00:00:01" || h.Hardware != "hardware" {
		t.Errorf("said %+v", h)
	}
	var facts reeve.Facts
	if err := json.Unmarshal(h.Facts, &facts); err != nil || len(facts.Networks) != 64 || len(facts.Networks[0].IPv4) != 32 {
		t.Errorf("facts %s, %v", h.Facts, err)
	}
}

// A command that comes again is answered with the result that was kept, also by
// the next process, and takes effect once.
func TestOnce(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	command, order := r.order(1, "dhcprenew", `{}`)
	first := r.end(command)
	r.wants(first, succeeded, "")
	again := func() {
		t.Helper()
		r.server.Give(r.address, order)
		if got := r.end(command); !reflect.DeepEqual(got, first) {
			t.Errorf("answered %+v, want %+v", got, first)
		}
	}
	again()
	must(t, stop())
	r.start()
	again()
	if n := r.machine.count(); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

// A report that nobody acknowledged is sent again, by this process and the next.
func TestUnacknowledged(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	stop := r.start()
	command, _ := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(command), succeeded, "")
	r.server.StopBus()
	r.server.StartBus()
	r.wants(r.end(command), succeeded, "")
	must(t, stop())
	r.server.Silence(false)
	r.start()
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the report is settled", func() bool {
		s, err := Look(r.dir)
		return err == nil && s.Unsettled == 0 && s.Open == 0 && s.Running && s.Connected
	})
}

func TestCrashInTheMiddle(t *testing.T) {
	t.Run("of what may not be repeated", func(t *testing.T) {
		r := newRig(t)
		begun := make(chan struct{})
		r.machine.renew = func(ctx context.Context) error { close(begun); <-ctx.Done(); return ctx.Err() }
		stop := r.start()
		command, order := r.order(1, "dhcprenew", `{}`)
		<-begun
		r.crash(stop)
		r.start()
		r.wants(r.end(command), failed, "interrupted")
		r.server.Give(r.address, order)
		r.wants(r.end(command), failed, "interrupted")
		if n := r.machine.count(); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
	t.Run("of what may be repeated", func(t *testing.T) {
		r := newRig(t)
		stop := r.start()
		command, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
		r.begun(command)
		r.crash(stop)
		r.machine.ask = func(context.Context) (act.Answers, error) {
			return act.Answers{Identity: map[string]string{"a": "b"}}, nil
		}
		r.start()
		got := r.end(command)
		r.wants(got, succeeded, "")
		if !maps.Equal(got.Identity, map[string]string{"a": "b"}) {
			t.Errorf("identity %v", got.Identity)
		}
	})
	t.Run("before it began", func(t *testing.T) {
		r := newRig(t)
		begun := make(chan struct{}, 1)
		r.machine.renew = func(ctx context.Context) error { begun <- struct{}{}; <-ctx.Done(); return ctx.Err() }
		stop := r.start()
		first, _ := r.order(1, "dhcprenew", `{}`)
		<-begun
		second, _ := r.order(2, "dhcprenew", `{}`)
		linetest.Eventually(t, "the second is in the journal", func() bool { s, err := Look(r.dir); return err == nil && s.Open == 2 })
		r.crash(stop)
		r.machine.renew = nil
		r.start()
		ends := map[string]string{}
		for len(ends) < 2 {
			if got := r.next(); got.State != running {
				ends[got.Command] = got.State + got.Reason
			}
		}
		if want := map[string]string{first: "failedinterrupted", second: "succeeded"}; !maps.Equal(ends, want) {
			t.Errorf("got %v, want %v", ends, want)
		}
		if n := r.machine.count(); n != 2 {
			t.Errorf("%d effects, want 2", n)
		}
	})
}

// Lanes do not wait for each other, and a cancelled job ends what runs and what
// waits.
func TestLanesAndCancel(t *testing.T) {
	r := newRig(t)
	r.start()
	asking, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.begun(asking)
	waiting, _ := r.order(2, "re-identify", `{"fields":[{"name":"a"}]}`)
	beside, _ := r.order(3, "dhcprenew", `{}`)
	r.wants(r.end(beside), succeeded, "")
	r.server.Cancel(r.address, 2)
	r.server.Cancel(r.address, 1)
	ends := map[string]link.Report{}
	for len(ends) < 2 {
		if got := r.next(); got.State != running {
			ends[got.Command] = got
		}
	}
	r.wants(ends[asking], failed, "cancelled")
	r.wants(ends[waiting], failed, "cancelled")
}

// A paused scan opens nothing more until it goes on, also if a second scan
// waits; a connection that says nothing of a pause ends it.
func TestPause(t *testing.T) {
	r := newRig(t)
	folder := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("harmless"), 0o600))
	}
	opens, may := make(chan struct{}, 10), make(chan struct{}, 10)
	r.machine.opens = func(path string) {
		if filepath.Dir(path) == folder {
			opens <- struct{}{}
			<-may
		}
	}
	stop := r.start()
	params := fmt.Sprintf(`{"scan_types":[4],"path":%q}`, folder)
	scan, _ := r.order(1, "scan_threats", params)
	wait := func() {
		t.Helper()
		select {
		case <-opens:
		case <-time.After(20 * time.Second):
			t.Fatal("no file was opened")
		}
	}
	wait()
	r.server.Pause(r.address, 1, true)
	for got := r.next(); got.Command != scan || got.Message != "paused"; got = r.next() {
	}
	may <- struct{}{}
	beside, _ := r.order(2, "dhcprenew", `{}`)
	r.wants(r.end(beside), succeeded, "")
	select {
	case <-opens:
		t.Error("a paused scan opened a file")
	default:
	}
	r.server.Pause(r.address, 1, false)
	close(may)
	if got := r.end(scan); got.State != succeeded || !strings.HasPrefix(got.Message, "0 threats in 3 files") {
		t.Errorf("the scan ended as %+v", got)
	}

	r.server.Pause(r.address, 3, true)
	again, _ := r.order(3, "scan_threats", params)
	r.begun(again)
	stop()
	r.start() // and nobody says that it is paused
	r.wants(r.end(again), succeeded, "")
}

func TestTimeRunsOut(t *testing.T) {
	r := newRig(t)
	r.start()
	command, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`, func(h *seal.Header) {
		h.FinishBy = h.DeliverBy.Add(100 * time.Millisecond)
	})
	r.wants(r.end(command), failed, "execution")
	command, _ = r.order(2, "dhcprenew", `{}`, func(h *seal.Header) {
		h.DeliverBy, h.FinishBy = h.Issued.Add(-4*time.Minute), h.Issued.Add(-3*time.Minute)
	})
	r.wants(r.end(command), failed, "execution")
	command, _ = r.order(3, "dhcprenew", `{}`, func(h *seal.Header) { h.DeliverBy = h.Issued.Add(-6 * time.Minute) })
	r.wants(r.end(command), refused, "delivery")
	if n := r.machine.count(); n != 0 {
		t.Errorf("%d effects, want none", n)
	}
}

func TestForgedOrder(t *testing.T) {
	r := newRig(t)
	r.start()
	good, order := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(good), succeeded, "")
	order.Header.Action = retire // under the id of a command that is known
	r.server.Give(r.address, order)
	order.Header.Job = 9
	r.server.Give(r.address, order)
	r.wants(r.end(order.Command()), refused, "seal")
	if s, err := Look(r.dir); err != nil || !s.Enrolled || r.machine.count() != 1 {
		t.Errorf("%+v, %v, %d effects", s, err, r.machine.count())
	}
}

func TestPolicyRefuses(t *testing.T) {
	r := newRig(t)
	allowed := t.TempDir()
	must(t, os.WriteFile(filepath.Join(allowed, "file"), []byte("harmless"), 0o600))
	must(t, os.Symlink("/", filepath.Join(allowed, "everything")))
	path := filepath.Join(t.TempDir(), "policy.json")
	must(t, os.WriteFile(path, fmt.Appendf(nil, `{"actions":{"dhcprenew":false},"scan_paths":[%q]}`, allowed), 0o600))
	var err error
	r.policy, err = ReadPolicy(path)
	must(t, err)
	stop := r.start()
	for i, tt := range []struct{ action, params, want string }{
		{"dhcprenew", `{}`, refused},
		{"scan_threats", `{"full_scan":1}`, refused},
		{"scan_threats", `{"scan_types":[1]}`, refused},
		{"scan_threats", `{"scan_types":[4,0],"path":"` + allowed + `"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"/etc"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `x"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `/../"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `/everything/etc"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `"}`, succeeded},
	} {
		command, _ := r.order(int64(i+1), tt.action, tt.params)
		got := r.end(command)
		r.wants(got, tt.want, map[string]string{refused: "policy"}[tt.want])
		if tt.want == refused && !strings.Contains(got.Message, "local policy") {
			t.Errorf("message %q", got.Message)
		}
	}
	// The refusal stands, whatever the policy says later.
	must(t, stop())
	r.policy = &Policy{}
	r.start()
	_, order := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(order.Command()), refused, "policy")
	if n := r.machine.count(); n != 0 {
		t.Errorf("%d effects, want none", n)
	}
}

func TestFetchLog(t *testing.T) {
	r := newRig(t)
	log, err := OpenLog(r.dir)
	must(t, err)
	fmt.Fprint(log, "level=INFO msg=\"something happened\"\nlevel=ERROR msg=bad\n")
	must(t, log.Close())
	r.machine.ask = func(context.Context) (act.Answers, error) {
		return act.Answers{Identity: map[string]string{"a": "secret answer"}}, nil
	}
	r.start()
	asked, _ := r.order(2, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.wants(r.end(asked), succeeded, "")
	command, _ := r.order(1, "fetch_agent_log", `{}`)
	got := r.end(command)
	r.wants(got, succeeded, "")
	var result struct{ Size int }
	if err := json.Unmarshal(got.Result, &result); err != nil || result.Size == 0 || len(r.server.Uploads()[command]) != result.Size {
		t.Errorf("result %s, %v; %d bytes arrived", got.Result, err, len(r.server.Uploads()[command]))
	}
	if left, _ := os.ReadDir(filepath.Join(r.dir, "uploads")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
	archive, err := zip.NewReader(bytes.NewReader(r.server.Uploads()[command]), int64(result.Size))
	must(t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		file, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(file)
		must(t, err)
		files[f.Name] = string(text)
	}
	for name, want := range map[string]string{
		"settings.json": `"policy": {}`, "facts.json": `"os_name": "Test"`, "commands.json": `"stage": "started"`,
		"errors.json": "level=ERROR msg=bad", "logs/agent.log": "something happened",
	} {
		if !strings.Contains(files[name], want) || strings.Contains(files[name], "secret answer") {
			t.Errorf("%s is %q, want %s", name, files[name], want)
		}
	}
	identity, err := (&State{dir: r.dir}).Identity()
	must(t, err)
	if len(identity.Seed) == 0 || strings.Contains(string(r.server.Uploads()[command]), string(identity.Seed)) {
		t.Error("the private key is in the archive, or there is none")
	}
}

// Results that nobody fetches wait on the disk and not in memory.
func TestMemoryWhileTheServerIsAway(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	answer := map[string]string{"a": strings.Repeat("x", 200<<10)}
	r.machine.ask = func(context.Context) (act.Answers, error) { return act.Answers{Identity: answer}, nil }
	r.start()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what pools hold goes with the second
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	orders := make([]link.Order, 30)
	for i := range orders {
		orders[i] = r.server.Seal(r.server.Header(int64(i+1), "re-identify", `{"fields":[{"name":"a"}]}`), r.address)[0]
	}
	r.server.Give(r.address, orders[0])
	r.wants(r.end(orders[0].Command()), succeeded, "")
	before := heap()
	r.server.Give(r.address, orders[1:]...)
	linetest.Eventually(t, "all were received", func() bool { s, err := Look(r.dir); return err == nil && s.Open+s.Unsettled == len(orders) })
	r.server.StopBus()
	linetest.Eventually(t, "all have ended", func() bool { s, err := Look(r.dir); return err == nil && s.Unsettled == len(orders) })
	// What the server heard and the connection sent last is still on its way out.
	linetest.Eventually(t, "30 results of 200 kB take no memory", func() bool {
		for len(r.server.Reports()) > 0 {
			r.next()
		}
		return heap()-before <= 2<<20
	})
}
