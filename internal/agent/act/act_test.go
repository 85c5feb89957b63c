package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/internal/agent/scan"
)

// A fakeHost is a machine made of what a test needs.
type fakeHost struct {
	cannot   []string
	renew    func(ctx context.Context, w RenewWish) ([]Renewal, error)
	ask      func(ctx context.Context, command string, fields []reeve.IdentityField) (Answers, error)
	state    string
	logs     []string
	notes    map[string]any
	volumes  []Volume
	mayScan  func(path string) bool
	quietly  int
	openFile func(path string) (*os.File, error)
	engines  []scan.Engine
	only     []string

	boot      Boot
	processes iter.Seq2[*scan.Process, error]
	away      *shed // nil where files may not be put away

	kept    map[string]string // checkpoints by command
	keepErr error
}

func (h *fakeHost) KeepScan(command string, checkpoint []byte) error {
	if h.kept == nil {
		h.kept = map[string]string{}
	}
	h.kept[command] = string(checkpoint)
	return h.keepErr
}

func (h *fakeHost) KeptScan(command string) ([]byte, error) {
	if kept, ok := h.kept[command]; ok {
		return []byte(kept), h.keepErr
	}
	return nil, h.keepErr
}

// A shed is a quarantine in memory.
type shed struct {
	asked bool // by the server's settings
	files map[string]PutAway
	full  bool
}

func (h *fakeHost) Quarantines() bool   { return h.away != nil && h.away.asked }
func (h *fakeHost) MayQuarantine() bool { return h.away != nil }
func (h *fakeHost) PutAway(_ context.Context, found PutAway) (string, error) {
	if h.away.full {
		return "", errors.New("the quarantine is full")
	}
	found.ID = fmt.Sprint("id", len(h.away.files))
	h.away.files[found.ID] = found
	return found.ID, os.Remove(found.Path)
}
func (h *fakeHost) PutAwayBy(command string) (out []PutAway, err error) {
	for _, f := range h.away.files {
		if command == "" || f.Command == command {
			out = append(out, f)
		}
	}
	return out, nil
}
func (h *fakeHost) BringBack(_ context.Context, id string) (string, error) {
	f, ok := h.away.files[id]
	if !ok {
		return "", errors.New("it is not there")
	}
	delete(h.away.files, id)
	return f.Path, nil
}

func (h *fakeHost) Can(action string) bool { return !slices.Contains(h.cannot, action) }
func (h *fakeHost) RenewDHCP(ctx context.Context, w RenewWish) ([]Renewal, error) {
	return h.renew(ctx, w)
}
func (h *fakeHost) Ask(ctx context.Context, command string, fields []reeve.IdentityField) (Answers, error) {
	return h.ask(ctx, command, fields)
}
func (h *fakeHost) StateDir() string           { return h.state }
func (h *fakeHost) Logs() []string             { return h.logs }
func (h *fakeHost) Notes() map[string]any      { return h.notes }
func (h *fakeHost) Volumes() ([]Volume, error) { return h.volumes, nil }
func (h *fakeHost) SignatureDirs() []string    { return []string{filepath.Join(h.state, "signatures")} }
func (h *fakeHost) RuleDirs() []string         { return []string{filepath.Join(h.state, "rules")} }
func (h *fakeHost) Device(fs.FileInfo) uint64  { return 1 }
func (h *fakeHost) Quietly(f func())           { h.quietly++; f() }
func (h *fakeHost) Engines() []scan.Engine     { return h.engines }
func (h *fakeHost) OnlyEngines() []string      { return h.only }
func (h *fakeHost) MayScan(path string) bool {
	return h.mayScan == nil || h.mayScan(path)
}
func (h *fakeHost) OpenFile(in *os.File, name string, _ bool) (*os.File, error) {
	if in != nil {
		name = filepath.Join(in.Name(), name)
	}
	if h.openFile != nil {
		return h.openFile(name)
	}
	return os.Open(name)
}
func (h *fakeHost) Boot() (Boot, error) {
	if h.boot.Records == nil {
		return Boot{}, errors.New("no disks here")
	}
	return h.boot, nil
}
func (h *fakeHost) Processes() (iter.Seq2[*scan.Process, error], error) {
	if h.processes == nil {
		return nil, errors.New("no processes here")
	}
	return h.processes, nil
}

// run carries out an action and decodes its result into result, if not nil.
func run(t *testing.T, h Host, action, params string, result any) Outcome {
	t.Helper()
	o := Run(t.Context(), h, Task{Command: "c1", Action: action, Params: json.RawMessage(params)}, nil)
	if result != nil {
		if err := json.Unmarshal(o.Result, result); err != nil {
			t.Fatalf("result %q of outcome %q: %v", o.Result, o.Message, err)
		}
	}
	return o
}

// refused fails the test unless the action failed with a message that holds want.
func refused(t *testing.T, h Host, action, params, want string) {
	t.Helper()
	if o := run(t, h, action, params, nil); o.OK || !strings.Contains(o.Message, want) {
		t.Errorf("%s %s ended with %v %q, want a failure with %q", action, params, o.OK, o.Message, want)
	}
}

func TestOffered(t *testing.T) {
	all := []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "unquarantine"}
	if got := Offered(&fakeHost{}); !slices.Equal(got, all) {
		t.Errorf("offered %v, want %v", got, all)
	}
	if got := Offered(&fakeHost{cannot: []string{"dhcprenew", "scan_threats", "unquarantine"}}); !slices.Equal(got, all[1:3]) {
		t.Errorf("offered %v, want %v", got, all[1:3])
	}
	// What is offered must have a word at the server's end.
	if got := reeve.AbilitiesOf(all).Names(); len(got) != len(all) {
		t.Errorf("the server knows only %v of %v", got, all)
	}
}

func TestResumable(t *testing.T) {
	want := map[string]bool{"scan_threats": true, "fetch_agent_log": true, "re-identify": true, "dhcprenew": false, "nonsense": false}
	for action, resumable := range want {
		if Resumable(action) != resumable {
			t.Errorf("Resumable(%q) is %v", action, !resumable)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	h := &fakeHost{cannot: []string{"scan_threats"}}
	refused(t, h, "format_disk", "", "cannot do format_disk")
	refused(t, h, "scan_threats", `{"full_scan":1}`, "cannot do scan_threats")
	refused(t, h, "dhcprenew", `[]`, "do not have the published shape")
	for _, id := range []string{"", "../x", "a/b", strings.Repeat("a", 65)} {
		o := Run(t.Context(), h, Task{Command: id, Action: "dhcprenew"}, nil)
		if o.OK || !strings.Contains(o.Message, "no usable id") {
			t.Errorf("command %q ended with %+v", id, o)
		}
	}
}

func TestPanicFailsTheCommand(t *testing.T) {
	h := &fakeHost{renew: func(context.Context, RenewWish) ([]Renewal, error) { panic("out of order") }}
	refused(t, h, "dhcprenew", "", "a fault of its own")
}

func TestLongMessagesAreCut(t *testing.T) {
	h := &fakeHost{renew: func(context.Context, RenewWish) ([]Renewal, error) {
		return nil, errors.New(strings.Repeat("é", maxMessage))
	}}
	o := run(t, h, "dhcprenew", "", nil)
	if len(o.Message) > maxMessage || strings.Trim(o.Message, "é") != "" {
		t.Errorf("a message of %d bytes ends with %q", len(o.Message), o.Message[len(o.Message)-4:])
	}
}

func TestTimeRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &fakeHost{renew: func(ctx context.Context, _ RenewWish) ([]Renewal, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		end := time.Now().Add(5 * time.Minute)
		o := Run(t.Context(), h, Task{Command: "c1", Action: "dhcprenew", FinishBy: end}, nil)
		want := "stopped before the end: the command had to end by " + end.UTC().Format(time.RFC3339)
		if o.OK || o.Message != want || !time.Now().Equal(end) {
			t.Errorf("at %v ended with %+v, want %q", time.Now(), o, want)
		}
	})
}

func TestCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	h := &fakeHost{renew: func(ctx context.Context, _ RenewWish) ([]Renewal, error) {
		cancel(errors.New("the job was cancelled"))
		return nil, ctx.Err()
	}}
	o := Run(ctx, h, Task{Command: "c1", Action: "dhcprenew"}, nil)
	if want := "stopped before the end: the job was cancelled"; o.OK || o.Message != want {
		t.Errorf("ended with %+v, want %q", o, want)
	}
}

func TestRenewDHCP(t *testing.T) {
	was := &Lease{Address: "192.0.2.5", Server: "192.0.2.1", Seconds: 60, Expires: time.Unix(100, 0).UTC()}
	is := &Lease{Address: "192.0.2.9", Server: "192.0.2.1", Seconds: 60}
	var asked RenewWish
	h := &fakeHost{}
	answer := func(renewals []Renewal, err error) {
		h.renew = func(_ context.Context, w RenewWish) ([]Renewal, error) { asked = w; return renewals, err }
	}

	answer([]Renewal{{Interface: "eth0", Old: was, New: is, Changed: true}, {Interface: "eth1", New: was}}, nil)
	o := run(t, h, "dhcprenew", `{"interface":"eth0","release":true}`, nil)
	wantResult := `{"interfaces":[{"interface":"eth0",` +
		`"old":{"address":"192.0.2.5","server":"192.0.2.1","lease_seconds":60,"expires":"1970-01-01T00:01:40Z"},` +
		`"new":{"address":"192.0.2.9","server":"192.0.2.1","lease_seconds":60},"changed":true},` +
		`{"interface":"eth1","new":{"address":"192.0.2.5","server":"192.0.2.1","lease_seconds":60,"expires":"1970-01-01T00:01:40Z"},"changed":false}]}`
	wantMessage := "eth0: 192.0.2.9 instead of 192.0.2.5; eth1: renewed 192.0.2.5"
	if !o.OK || asked != (RenewWish{"eth0", true}) || o.Message != wantMessage || string(o.Result) != wantResult {
		t.Errorf("asked for %+v and got %+v with result %s", asked, o, o.Result)
	}

	answer([]Renewal{{Manager: "connman", Error: "mute"}, {Interface: "eth0", Old: was, Error: "no answer"}, {Interface: "eth1", New: was}}, nil)
	o = run(t, h, "dhcprenew", "", nil)
	if want := "2 of 3 interfaces did not renew: connman: mute; eth0: no answer; eth1: renewed 192.0.2.5"; o.OK || o.Message != want || o.Result == nil {
		t.Errorf("got %+v, want %q and a result", o, want)
	}

	answer(nil, errors.New("no DHCP client"))
	refused(t, h, "dhcprenew", "", "no DHCP client")
}

func TestIdentify(t *testing.T) {
	var asked []reeve.IdentityField
	h := &fakeHost{ask: func(_ context.Context, command string, fields []reeve.IdentityField) (Answers, error) {
		asked = fields
		return Answers{map[string]string{"full_name": "A B"}, reeve.WindowDoor, "ab"}, nil
	}}
	o := run(t, h, "re-identify", `{"fields":[{"name":"full_name","label":"","required":true,"pattern":""}]}`, nil)
	if want := `{"identity":{"full_name":"A B"},"door":"window","user":"ab"}`; !o.OK || string(o.Result) != want {
		t.Errorf("got %+v with %s, want %s", o, o.Result, want)
	}
	if want := []reeve.IdentityField{{Name: "full_name", Label: "full_name", Required: true}}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %+v, want %+v", asked, want)
	}
	refused(t, h, "re-identify", "", "names 0 identity fields")
	refused(t, h, "re-identify", `{"fields":[{"name":""}]}`, "no name of its own")
	refused(t, h, "re-identify", `{"fields":[{"name":"a"},{"name":"a"}]}`, "no name of its own")
	refused(t, h, "re-identify", `{"fields":[{"name":"a","pattern":"("}]}`, "pattern of the field a")
}
