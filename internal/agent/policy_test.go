package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reeve/internal/agent/act"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

func policyOf(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.json")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return ReadPolicy(path)
}

func TestPolicySwitches(t *testing.T) {
	p, err := policyOf(t, `{}`)
	must(t, err)
	if len(p.Engines) != 0 || !p.MayQuarantine() || !p.MayReportNeighbours() || !p.MayScan("/etc") {
		t.Errorf("an empty policy is %+v", p)
	}
	dir := t.TempDir()
	must(t, os.Symlink("/etc", filepath.Join(dir, "link")))
	p, err = policyOf(t, fmt.Sprintf(`{"engines":["clamav"],"clamd":"127.0.0.1:3310","quarantine":false,"report_neighbours":false,"deny_paths":[%q]}`, dir+"/link"))
	must(t, err)
	if len(p.Engines) != 1 || p.MayQuarantine() || p.MayReportNeighbours() || p.MayScan("/etc/passwd") || !p.MayScan("/etcetera") {
		t.Errorf("read %+v", p)
	}
	for params, want := range map[string]bool{
		`{"full_scan":1}`:                               true, // without what is denied
		`{"scan_types":[4],"path":"/etc/ssl"}`:          false,
		`{"scan_types":[4],"path":"` + dir + `/link/"}`: false,
		`{"scan_types":[4],"path":"/usr"}`:              true,
	} {
		if veto := p.Refuses("scan_threats", json.RawMessage(params)); (veto == "") != want {
			t.Errorf("%s: %q", params, veto)
		}
	}
}

func TestEnginesThatMayScan(t *testing.T) {
	for name, tt := range map[string]struct{ policy, wanted, want []string }{
		"all":                    {nil, nil, nil},
		"the owner's":            {[]string{"clamav", "yara"}, nil, []string{"clamav", "yara"}},
		"the server's":           {nil, []string{"builtin"}, []string{"builtin"}},
		"what both want":         {[]string{"clamav", "yara"}, []string{"builtin", "yara"}, []string{"yara"}},
		"nothing that both want": {[]string{"clamav"}, []string{"builtin"}, []string{}},
	} {
		b := body{policy: &Policy{Engines: tt.policy}, settings: &settings{now: link.Settings{Engines: tt.wanted}}}
		if got := b.OnlyEngines(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %#v, want %#v", name, got, tt.want)
		}
	}
}

func TestBadPolicies(t *testing.T) {
	for text, want := range map[string]string{
		`{"hours":{"fly":["22:00-06:00"]}}`:        `hours are given for "fly"`,
		`{"hours":{"scan_threats":["22"]}}`:        `"22" is not a window`,
		`{"deny_paths":["srv"]}`:                   `the denied path "srv" is not absolute`,
		`{"engines":[]}`:                           "engines names none",
		`{"engines":["clamd"]}`:                    `no engine "clamd"; there are builtin`,
		`{"clamd":"192.0.2.1:3310"}`:               "address of this machine",
		`{"clamd":"clamd.ctl"}`:                    "absolute path of a socket",
		`{"deny_path":["/srv"]}`:                   `no member "deny_path"`,
		strings.Repeat(" ", maxPolicy) + `{}`:      "larger than 64 kB",
		`{"report_neighbours":"no"}`:               "not usable",
		`{"hours":{"scan_threats":[]}} `:           "say so under actions",
		`{"quarantine":false,"engines":"reeve"}  `: "not usable",
	} {
		if _, err := policyOf(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", text, err, want)
		}
	}
}

// memoryDir is a folder on a disk that is none, where the system has one: for
// thousands of writes that each wait for the disk.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "reeve-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A loop without a server, for what needs none.
func aloneLoop(t *testing.T, m *fakeMachine, policy func() (*Policy, error)) *loop {
	t.Helper()
	m.state = memoryDir(t)
	m.effects = filepath.Join(m.state, "effects")
	l := &loop{
		log: slog.New(slog.DiscardHandler), policy: policy, body: body{Machine: m}, session: &line.Session{},
		tasks: map[string]*task{}, lanes: map[string][]*task{},
	}
	l.ctx, l.stop = context.WithCancelCause(t.Context())
	j, _, err := openJournal(filepath.Join(m.state, journalFile))
	must(t, err)
	t.Cleanup(func() { j.Close() })
	j.latest = time.Now()
	l.journal = j
	return l
}

// place enters a command that may take until the given time from now.
func (l *loop) place(t *testing.T, command, action, params string, finish time.Duration) *task {
	t.Helper()
	now := time.Now()
	must(t, l.journal.receive(command, work{action, json.RawMessage(params), now, now.Add(finish / 2), now.Add(finish)}, now))
	tk := &task{command: command, action: action}
	tk.ctx, tk.cancel = context.WithCancelCause(l.ctx)
	return tk
}

// Midnight is the hour at which the time of a bubble begins. It is set before
// anything runs, since whoever asks the time reads it.
func init() { time.Local = time.UTC }

// What comes outside the hours waits for them and is told so; what would not
// begin in time is refused; what is called off meanwhile ends.
func TestHoursOfAnAction(t *testing.T) {
	soon := func(window string) func() (*Policy, error) {
		return func() (*Policy, error) { return policyOf(t, `{"hours":{"dhcprenew":["`+window+`"]}}`) }
	}
	for name, tt := range map[string]struct {
		policy        func() (*Policy, error)
		finish        time.Duration
		cancel        time.Duration
		state, reason string
		after         time.Duration
	}{
		"now":        {soon("00:00-01:00"), time.Hour, 0, succeeded, "", 0},
		"later":      {soon("03:00-04:00"), 5 * time.Hour, 0, succeeded, "", 3 * time.Hour},
		"too late":   {soon("03:00-04:00"), 3 * time.Hour, 0, refused, "policy", 0},
		"called off": {soon("03:00-04:00"), 5 * time.Hour, time.Hour, failed, "cancelled", time.Hour},
		"unusable":   {func() (*Policy, error) { return policyOf(t, `{`) }, time.Hour, 0, refused, "policy", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := aloneLoop(t, &fakeMachine{}, tt.policy)
				began := time.Now() // midnight
				task := l.place(t, "c1", "dhcprenew", `{}`, tt.finish)
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, func() { task.cancel(errCancelled) })
				}
				r, done := l.outcome(task)
				if !done || r.State != tt.state || r.Reason != tt.reason || time.Since(began) != tt.after {
					t.Errorf("ended after %v as %+v, %v", time.Since(began), r, done)
				}
				if waits := strings.HasPrefix(task.last.Message, "waits until 2000-01-01T03:00:00Z"); waits != (tt.state == failed) {
					t.Errorf("told %q", task.last.Message)
				}
			})
		})
	}
}

// A policy that changes while a command waits counts when it would begin.
func TestPolicyChangesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text atomic.Value
		text.Store(`{"hours":{"dhcprenew":["03:00-04:00"]}}`)
		l := aloneLoop(t, &fakeMachine{}, func() (*Policy, error) { return policyOf(t, text.Load().(string)) })
		time.AfterFunc(time.Hour, func() { text.Store(`{"actions":{"dhcprenew":false}}`) })
		r, done := l.outcome(l.place(t, "c1", "dhcprenew", `{}`, 5*time.Hour))
		if !done || r.State != failed || r.Reason != "policy" { // it was reported as running
			t.Errorf("ended as %+v, %v", r, done)
		}
	})
}

// What may be run again stops when its hours are over and goes on in the next.
func TestHoursEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var runs []time.Duration
		m := &fakeMachine{ask: func(ctx context.Context) (act.Answers, error) {
			runs = append(runs, time.Since(began))
			if len(runs) == 1 {
				<-ctx.Done()
				runs = append(runs, time.Since(began))
				return act.Answers{}, ctx.Err()
			}
			return act.Answers{Identity: map[string]string{"a": "b"}}, nil
		}}
		l := aloneLoop(t, m, func() (*Policy, error) { return policyOf(t, `{"hours":{"re-identify":["00:00-01:00"]}}`) })
		r, done := l.outcome(l.place(t, "c1", "re-identify", `{"fields":[{"name":"a"}]}`, 48*time.Hour))
		if !done || r.State != succeeded || fmt.Sprint(runs) != "[0s 1h0m0s 24h0m0s]" {
			t.Errorf("ran at %v and ended as %+v, %v", runs, r, done)
		}
	})
}
