package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// A vandal writes markup wherever anybody may write: as an agent and as an
// operator, through the doors that both have.
type vandal struct {
	*server

	mu     sync.Mutex
	wrote  map[string]bool
	device string // which says of itself what nobody should trust
}

// mark names a field in text that breaks out of a cell of a spreadsheet, of
// attributes and of elements, and tells a browser that it did.
func (v *vandal) mark(field string) string {
	text := fmt.Sprintf(`=%s'"><img src=x onerror=planted()>`, field)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrote[text] = true
	return text
}

// vandalise writes on everything.
func vandalise(t testing.TB, s *server) traces {
	t.Helper()
	v := &vandal{server: s, wrote: map[string]bool{}}
	v.agent()
	v.operator()
	v.reports()
	v.mu.Lock()
	defer v.mu.Unlock()
	return traces{v.device, slices.Sorted(maps.Keys(v.wrote))}
}

// agent enrols a device that lies in all it says of itself and of its work, and
// waits until it is connected.
func (v *vandal) agent() {
	v.t.Helper()
	facts, err := json.Marshal(map[string]any{
		"os_name": v.mark("os name"), "os_version": v.mark("os version"), "arch": v.mark("architecture"), "type": v.mark("type"),
		"user": v.mark("user"), "users": []string{v.mark("another user")},
		"networks": []any{map[string]any{"name": v.mark("network"), "mac": "02:00:00:00:00:99", "ipv4": []string{v.mark("address")}}},
		"disks":    []any{map[string]any{"name": v.mark("disk"), "type": v.mark("file system"), "size": 100, "free": 50}},
		"settings": map[string]any{"set": v.mark("held set"), "version": 1, "problem": v.mark("problem of settings")},
	})
	must(v.t, err)
	hello := link.Hello{
		Version: "26.11.0", Kind: "persistent", System: "linux", Hostname: v.mark("hostname"), MACs: []string{"02:00:00:00:00:99"},
		Actions: []string{"dhcprenew", "scan_threats", "fetch_agent_log", "re-identify", "retire"}, Facts: facts,
	}
	door, err := line.Open(v.first.URL, v.first.Pin)
	must(v.t, err)
	key := line.NewKey()
	m, err := door.Enrol(v.t.Context(), key, v.first.RegistrationCode, hello)
	must(v.t, err)
	trust, err := line.NewTrust(m.Root, m.RootCert)
	must(v.t, err)
	session := &line.Session{Key: key, Place: m.Place, Trust: trust, Hello: func() link.Hello { return hello }}
	session.Handler = &liar{v, session}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		session.Run(ctx)
		close(done)
	}()
	v.t.Cleanup(func() {
		stop()
		<-done
	})
	eventually(v.t, time.Minute, "the lying agent is connected", session.Connected)
	v.device = m.Place.Device
}

// A liar answers every order at once with markup.
type liar struct {
	v       *vandal
	session *line.Session
}

func (l *liar) Ordered(o line.Order) {
	r := link.Report{Command: o.Command, State: "succeeded", Message: l.v.mark("message of " + o.Action)}
	switch o.Action {
	case "dhcprenew":
		r.State = "failed"
	case "re-identify":
		r.Identity = map[string]string{"owner": l.v.mark("answer")}
	case "scan_threats":
		r.Result, _ = json.Marshal(map[string]any{
			"started": time.Now().UTC(), "finished": time.Now().UTC(),
			"engines": []any{map[string]any{"name": l.v.mark("engine"), "version": "1", "signatures": 1, "signature_digest": "", "signature_faults": 0}},
			"areas":   []any{map[string]any{"type": 9, "name": l.v.mark("area"), "roots": []string{l.v.mark("root")}, "status": "scanned"}},
			"counts":  map[string]int64{"files": 1, "bytes": 1, "bytes_read": 1, "directories": 1, "skipped": 0, "errors": 1, "threats": 1},
			"skipped": map[string]int64{},
			"threats": []any{map[string]any{"path": "/srv/" + l.v.mark("path"), "signature": l.v.mark("signature"), "engine": l.v.mark("finding engine"),
				"size": 1, "sha256": strings.Repeat("0", 64), "md5": strings.Repeat("0", 32)}},
			"threats_truncated": false,
			"errors":            []any{map[string]any{"path": l.v.mark("unread path"), "error": l.v.mark("error")}}, "errors_total": 1,
		})
	}
	l.session.Report(r)
}

func (*liar) Welcomed()                      {}
func (*liar) Acked([]string)                 {}
func (*liar) Cancelled(int64)                {}
func (*liar) Settled(link.Notice)            {}
func (*liar) Paused(int64, bool, time.Time)  {}
func (*liar) Lost(error, time.Duration)      {}
func (l *liar) Dropped(verb string, e error) { l.v.t.Errorf("%s was dropped: %v", verb, e) }

// operator writes what operators and apps may.
func (v *vandal) operator() {
	v.t.Helper()
	ctx, t, own := v.t.Context(), v.t, v.own
	mark := func(field string) *string { text := v.mark(field); return &text }

	fields := []client.IdentityField{{Name: "owner", Label: v.mark("question")}, {Name: "floor", Label: "Floor", Type: "choice", Choices: []string{"1", v.mark("choice")}}}
	_, err := own.ChangeAccount(ctx, client.AccountChange{IdentityFields: &fields})
	must(t, err)
	_, err = own.Import(ctx, client.Import{Devices: []client.NewDevice{{Hostname: v.mark("imported hostname"), MACs: []string{"02:00:00:00:00:98"}}}})
	must(t, err)
	_, err = own.Describe(ctx, v.device, client.Description{
		Nickname: mark("nickname"), CustomID: mark("custom id"), LinkedUser: mark("linked user"), LinkedTeam: mark("linked team"),
	})
	must(t, err)
	group, err := own.CreateGroup(ctx, client.NewGroup{Name: v.mark("group"), Description: v.mark("group's description")})
	must(t, err)
	_, err = own.CreateCode(ctx, client.NewCode{Note: v.mark("note"), Group: group.ID})
	must(t, err)
	_, err = own.CreateApp(ctx, client.NewApp{Name: v.mark("app"), Description: v.mark("app's description"), Scopes: []string{"read"}})
	must(t, err)
	_, err = own.SetWebhook(ctx, client.WebhookSpec{URL: "https://127.0.0.1:1/?" + v.mark("webhook"), APIKey: new("key-123"), Events: []string{"threat_found"}})
	must(t, err)
	_, err = own.Upload(ctx, "marked", v.mark("set's description"), map[string]io.Reader{"own.hsb": strings.NewReader(strings.Repeat("0", 64) + ":*:Any:73\n")})
	must(t, err)
	params, _ := json.Marshal(map[string]any{"group_id": group.ID})
	v.order(client.Order{Action: "assign_to_group", IDs: []string{v.device}, Params: params})
}

// reports orders what the lying agent answers, and waits for its answers.
func (v *vandal) reports() {
	v.t.Helper()
	for action, params := range map[string]string{
		"dhcprenew": "", "re-identify": "", "scan_threats": `{"full_scan":0,"scan_types":[4],"path":"/srv/` + `=path'\"><img src=x onerror=planted()>"}`,
	} {
		o := client.Order{Action: action, IDs: []string{v.device}, Terms: client.Terms{Comment: v.mark("comment")}}
		if params != "" {
			o.Params = json.RawMessage(params)
		}
		c := v.ended(v.order(o).Outcomes[0].Command, time.Minute)
		if !strings.Contains(c.Message, "planted") {
			v.t.Errorf("%s ended as %s %s", action, c.State, c.Message)
		}
	}
}
