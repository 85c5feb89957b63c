package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// person is a caller who signed in to the console.
func (w *world) person(name string) reeve.Caller {
	c := w.admin
	c.Source, c.Actor, c.Name = reeve.FromConsole, "operator:"+name, name
	return c
}

// settings changes the account's.
func (w *world) settings(t testing.TB, change func(*reeve.Settings)) {
	t.Helper()
	if _, err := w.ChangeAccount(t.Context(), w.admin, func(a *reeve.Account) { change(&a.Settings) }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) limit(t testing.TB, n int64) {
	t.Helper()
	w.settings(t, func(s *reeve.Settings) { s.ApproveAbove = n })
}

// fleet enrols n devices and returns their ids.
func (w *world) fleet(t testing.TB, n int) (ids []string) {
	t.Helper()
	for range n {
		ids = append(ids, w.enrol(t, w.linux()).ID)
	}
	return ids
}

// propose proposes an order as a caller.
func (w *world) propose(t testing.TB, by reeve.Caller, o control.Order) reeve.Proposal {
	t.Helper()
	o.Propose = true
	p, err := w.Place(t.Context(), by, o)
	if err != nil || p.Proposal == nil || p.Job.ID != 0 {
		t.Fatalf("proposing: %+v, %v", p, err)
	}
	return *p.Proposal
}

func TestOrdersByFilter(t *testing.T) {
	w := newWorld(t)
	w.fleet(t, 3)
	w.imported(t, 0x0a0000000001)
	windows := w.enrol(t, w.machine(reeve.Persistent, reeve.Windows, "26.11.0"))
	for name, tt := range map[string]struct {
		filter reeve.DeviceQuery
		want   int
	}{
		"everything":               {reeve.DeviceQuery{}, 5},
		"a system":                 {reeve.DeviceQuery{Systems: []reeve.System{reeve.Linux}}, 3},
		"a name":                   {reeve.DeviceQuery{Search: windows.Hostname}, 1},
		"whatever page is asked":   {reeve.DeviceQuery{Systems: []reeve.System{reeve.Linux}, Limit: 1, Page: 7, Sort: reeve.ByHostname, Desc: true}, 3},
		"a presence, judged now":   {reeve.DeviceQuery{Presence: []reeve.Presence{reeve.Disconnected, reeve.Unseen}}, 4},
		"nothing":                  {reeve.DeviceQuery{Search: "no such name"}, 0},
		"a group that is not ours": {reeve.DeviceQuery{GroupIDs: []string{reeve.NewID()}}, 0},
	} {
		p := w.place(t, control.Order{Action: "exempt", Filter: &tt.filter})
		if p.Found != tt.want || p.Job.Targets != tt.want || p.Job.Entries != tt.want {
			t.Errorf("%s: %d devices, job %+v; want %d", name, p.Found, p.Job, tt.want)
		}
	}
	_, err := w.Place(t.Context(), w.admin, control.Order{Action: "exempt", Filter: &reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Archived}}})
	wantKind(t, "deleted devices", err, reeve.Invalid)
	_, err = w.Place(t.Context(), w.admin, control.Order{Action: "exempt", Filter: &reeve.DeviceQuery{}, All: true})
	wantKind(t, "two ways to name devices", err, reeve.Invalid)
}

func TestExpectedNumber(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 3)
	o := control.Order{Action: "exempt", All: true, Expect: 4}
	_, err := w.Place(t.Context(), w.admin, o)
	wantKind(t, "another number than was confirmed", err, reeve.Conflict)
	if text := reeve.Message(err); !strings.Contains(text, "4 devices were confirmed") || !strings.Contains(text, "finds 3") || len(w.jobs(t)) != 0 {
		t.Errorf("%s; %d jobs", text, len(w.jobs(t)))
	}
	o.Expect = 3
	if p := w.place(t, o); p.Found != 3 {
		t.Errorf("%+v", p)
	}
	o = order("exempt", ids[0], ids[0], "nonsense") // one device
	o.Expect = 1
	w.place(t, o)
}

// Among the devices that are found, it may apply to others than were seen.
func TestExpectedToApply(t *testing.T) {
	w := newWorld(t)
	w.imported(t, 0x0a0000000001, 0x0a0000000002, 0x0a0000000003)
	first := w.imported(t, 0x0a0000000004)[0]
	w.place(t, order("ignore", first.ID))
	o := control.Order{Action: "ignore", Filter: &reeve.DeviceQuery{}}
	p := w.propose(t, w.person("ann"), o)
	seen, err := w.Preview(t.Context(), w.admin, o)
	if err != nil || seen.Applies != seen.Found-1 {
		t.Fatalf("%+v %v", seen, err)
	}
	w.place(t, order("unignore", first.ID))
	o.Expect, o.ExpectApplies = seen.Found, seen.Applies
	before := len(w.jobs(t))
	for what, do := range map[string]func() error{
		"placed":   func() error { _, err := w.Place(t.Context(), w.admin, o); return err },
		"approved": func() error { _, _, err := w.Approve(t.Context(), w.person("bob"), p.ID, "", seen.Applies); return err },
	} {
		err := do()
		wantKind(t, what, err, reeve.Conflict)
		if text := reeve.Message(err); !strings.Contains(text, fmt.Sprintf("applied to %d", seen.Applies)) || !strings.Contains(text, fmt.Sprintf("applies to %d now", seen.Found)) {
			t.Errorf("%s: %s", what, text)
		}
	}
	if now := len(w.jobs(t)); now != before {
		t.Errorf("%d jobs instead of %d", now, before)
	}
	if _, p, err := w.Approve(t.Context(), w.person("bob"), p.ID, "", seen.Found); err != nil || p.Job.Targets != seen.Found {
		t.Errorf("%+v %v", p.Job, err)
	}
}

// Devices that come and go do not make another order of one that skips them.
func TestExpectedWithSomeAway(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 3)
	o := control.Order{Action: "dhcprenew", All: true, SkipAway: true}
	seen, err := w.Preview(t.Context(), w.admin, o)
	if err != nil || seen.Applies != 3 || seen.Tally[reeve.Away] != 3 {
		t.Fatalf("%+v %v", seen, err)
	}
	device, err := w.store.Device(t.Context(), w.admin.Account, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	w.wake.online[device.No] = true
	o.ExpectApplies = seen.Applies
	if p := w.place(t, o); p.Tally[reeve.Away] != 2 {
		t.Errorf("%+v", p)
	}
}

func TestCommentsAreWanted(t *testing.T) {
	w := newWorld(t)
	w.settings(t, func(s *reeve.Settings) { s.RequireComment = true })
	id := w.fleet(t, 1)[0]
	for source, free := range map[reeve.Source]bool{reeve.FromConsole: false, reeve.FromCLI: false, reeve.FromAPI: false, reeve.FromOAuthAPI: true} {
		by := w.admin
		by.Source = source
		_, err := w.Place(t.Context(), by, order("exempt", id))
		if (err == nil) != free {
			t.Errorf("%s without a comment: %v", source, err)
		}
		o := order("exempt", id)
		o.Comment = " \t"
		if _, err = w.Place(t.Context(), by, o); !free {
			wantKind(t, source.String()+" with a blank comment", err, reeve.Invalid)
		}
		if o.Comment = "why"; source != reeve.FromOAuthAPI {
			if _, err := w.Place(t.Context(), by, o); err != nil {
				t.Errorf("%s with a comment: %v", source, err)
			}
		}
		o.Comment, o.DryRun = "", true
		if _, err := w.Place(t.Context(), by, o); err != nil {
			t.Errorf("a dry run: %v", err)
		}
	}
	by := w.person("ann")
	by.Source = reeve.FromAPI
	_, err := w.Place(t.Context(), by, control.Order{Action: "exempt", All: true, Propose: true})
	wantKind(t, "a proposal without a comment", err, reeve.Invalid)
}

// Nothing above the limit is placed, whatever names the devices, and nothing is
// left of the attempt but the answer.
func TestAboveTheLimit(t *testing.T) {
	w := newWorld(t)
	w.limit(t, 2)
	ids := w.fleet(t, 3)
	group := w.device(t, ids[0]).GroupID
	head, _, _ := w.store.Head(t.Context(), w.admin.Account)
	for name, o := range map[string]control.Order{
		"ids": order("exempt", ids...), "macs": {Action: "delete", MACs: []string{"02:00:00:00:00:01", "020000000002", "0200.0000.0003"}},
		"a group": {Action: "dhcprenew", Group: group}, "all": {Action: "exempt", All: true}, "a filter": {Action: "exempt", Filter: &reeve.DeviceQuery{}},
		"what does not apply": {Action: "unignore", All: true}, "a key": keyed(control.Order{Action: "exempt", All: true}, "key", "body"),
	} {
		_, err := w.Place(t.Context(), w.admin, o)
		wantKind(t, name, err, reeve.Unapproved)
		if text := reeve.Message(err); !strings.Contains(text, "finds 3 devices") || !strings.Contains(text, "at most 2") || !strings.Contains(text, "Approved-Job") {
			t.Errorf("%s: %s", name, text)
		}
		o.DryRun = true
		if p, err := w.Place(t.Context(), w.admin, o); err != nil || !p.NeedsApproval || p.Found != 3 {
			t.Errorf("a dry run of %s: %+v, %v", name, p, err)
		}
	}
	if after, _, _ := w.store.Head(t.Context(), w.admin.Account); after.Seq != head.Seq || len(w.jobs(t)) != 0 || len(w.wake.told) != 0 {
		t.Errorf("what was refused left %d rows, %d jobs and told %q", after.Seq-head.Seq, len(w.jobs(t)), w.wake.told)
	}
	two := order("exempt", ids[0], ids[1], ids[1], "nonsense")
	if p := w.place(t, two); p.NeedsApproval || p.Found != 2 {
		t.Errorf("as many as the limit: %+v", p)
	}
	w.limit(t, 0)
	w.place(t, control.Order{Action: "exempt", All: true})
	if rows := w.audit(t, w.admin.Account, "account_changed"); len(rows) != 2 || !strings.Contains(rows[0].Detail, `"approve_above":2`) {
		t.Errorf("the log says of the limit %+v", rows)
	}
}

func TestApprovedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.limit(t, 1)
	w.fleet(t, 3)
	ann, bob := w.person("ann"), w.person("bob")
	bob.Address = "192.0.2.8"
	o := control.Order{Action: "dhcprenew", All: true, Comment: "new network"}
	o.Params = []byte(`{"interface":"eth0"}`)
	want := w.propose(t, ann, o)
	if want.Targets != 3 || want.Comment != "new network" || want.Caller.Actor != "operator:ann" || len(w.jobs(t)) != 0 || len(w.wake.told) != 0 {
		t.Fatalf("%+v; %d jobs; told %q", want, len(w.jobs(t)), w.wake.told)
	}
	w.clock.advance(time.Hour)
	for name, c := range map[string]reeve.Caller{"who asked": ann, "an app by itself": w.admin} {
		_, _, err := w.Approve(t.Context(), c, want.ID, "", 0)
		wantKind(t, name, err, reeve.Forbidden)
	}
	annsToken := w.admin
	annsToken.Operator = "ann"
	_, _, err := w.Approve(t.Context(), annsToken, want.ID, "", 0)
	wantKind(t, "who asked, by a token", err, reeve.Forbidden)
	got, p, err := w.Approve(t.Context(), bob, want.ID, "as agreed", 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.Job.ID != want.ID || p.Job.Targets != 3 || p.Job.Caller.Actor != "operator:ann" || p.Job.Comment != "new network" || string(p.Job.Params) != `{"interface":"eth0"}` ||
		!p.Job.Issued.Equal(w.clock.Now()) || len(w.wake.placed) != 1 {
		t.Errorf("%+v; told %q", p.Job, w.wake.told)
	}
	if got.State != reeve.Used || got.DecidedBy.Person() != "bob" || got.Reason != "as agreed" || !got.Decided.Equal(w.clock.Now()) {
		t.Errorf("%+v", got)
	}
	_, _, err = w.Approve(t.Context(), w.person("eve"), want.ID, "", 0)
	wantKind(t, "a second approval", err, reeve.Conflict)
	_, err = w.Reject(t.Context(), bob, want.ID, "")
	wantKind(t, "rejecting what was placed", err, reeve.Conflict)
	_, err = w.Place(t.Context(), w.admin, control.Order{Action: "dhcprenew", All: true, Params: o.Params, Approved: want.ID})
	wantKind(t, "its id once more", err, reeve.Conflict)
	var events []string
	for _, row := range w.audit(t, w.admin.Account, "job_proposed", "job_approved", "job_placed") {
		events = append(events, row.Event+" "+row.Actor+" "+row.Job.String())
		if row.Event == "job_placed" && !strings.Contains(row.Detail, `"approved_by":"bob"`) {
			t.Errorf("the row of the job says %s", row.Detail)
		}
	}
	id := " " + want.ID.String()
	if !slices.Equal(events, []string{"job_proposed operator:ann" + id, "job_approved operator:bob" + id, "job_placed operator:ann" + id}) {
		t.Errorf("the log says %q", events)
	}
	if v, err := w.verify(t); err != nil || v.Fault != "" {
		t.Errorf("the log: %+v, %v", v, err)
	}
}

func (w *world) verify(t testing.TB) (control.Verdict, error) {
	t.Helper()
	a, err := w.store.Account(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	return control.VerifyLog(t.Context(), w.store, a, w.verifier, nil)
}

// An order that waits for its request is placed by that one, once, if it is the
// same.
func TestApprovedForARequest(t *testing.T) {
	w := newWorld(t)
	w.limit(t, 1)
	ids := w.fleet(t, 3)
	o := order("delete", ids...)
	o.Hold = true
	want := w.propose(t, w.admin, o)
	request := order("delete", ids[2], ids[0], ids[1], ids[0]) // in another order and spelling
	request.Version, request.Approved = "v3.3", want.ID
	_, err := w.Place(t.Context(), w.admin, request)
	wantKind(t, "before it is approved", err, reeve.Unapproved)
	bobs := w.admin
	bobs.Actor, bobs.Operator = "app:OTHER", "bob" // a token that bob agreed to
	got, p, err := w.Approve(t.Context(), bobs, want.ID, "", 0)
	if err != nil || got.State != reeve.Approved || p.Job.ID != 0 || len(w.jobs(t)) != 0 {
		t.Fatalf("%+v %+v %v", got, p, err)
	}
	_, _, err = w.Approve(t.Context(), bobs, want.ID, "", 0)
	wantKind(t, "approving it again", err, reeve.Conflict)
	for name, other := range map[string]control.Order{
		"another action":   {Action: "exempt", IDs: ids},
		"fewer devices":    {Action: "delete", IDs: ids[:2]},
		"another selector": {Action: "delete", All: true},
		"a filter":         {Action: "delete", Filter: &reeve.DeviceQuery{}},
	} {
		other.Approved = want.ID
		_, err := w.Place(t.Context(), w.admin, other)
		wantKind(t, name, err, reeve.Conflict)
	}
	unknown := request
	unknown.Approved = want.ID + 1
	_, err = w.Place(t.Context(), w.admin, unknown)
	wantKind(t, "an id that nobody proposed", err, reeve.Unapproved)
	_, stranger := w.further(t, "other")
	_, err = w.Place(t.Context(), stranger, request)
	wantKind(t, "another account's id", err, reeve.Unapproved)
	dry := request
	dry.DryRun = true
	if p, err := w.Place(t.Context(), w.admin, dry); err != nil || p.Tally[reeve.NoReason] != 3 {
		t.Errorf("a dry run: %+v, %v", p, err)
	}

	request = keyed(request, "key", "body")
	placed := w.place(t, request)
	if placed.Job.ID != want.ID || placed.Job.Targets != 3 || len(placed.Outcomes) != 4 {
		t.Errorf("%+v", placed)
	}
	if again := w.place(t, request); !again.Repeated || again.Job.ID != want.ID {
		t.Errorf("a repeat: %+v", again)
	}
	_, err = w.Place(t.Context(), w.admin, keyed(request, "another", "body"))
	wantKind(t, "the id once more", err, reeve.Conflict)
	if jobs := w.jobs(t); len(jobs) != 2 { // and the order to retire
		t.Errorf("%d jobs", len(jobs))
	}
	row := w.audit(t, w.admin.Account, "job_placed")[0]
	if !strings.Contains(row.Detail, `"approved_by":"bob"`) || row.Job != want.ID {
		t.Errorf("the log says %+v", row)
	}
}
