package control_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/seal"
)

// checkSeal checks leaf i of a batch for a subject, as the agent does.
func checkSeal(w *world, b control.Batch, i int, subject []byte) error {
	return w.verifier.CheckJob(control.Header(b.Job), subject, seal.Proof{
		Leaf: uint32(i), Leaves: uint32(len(b.Placed)), Path: b.Tree.AppendPath(nil, i),
		Signature: b.Job.Signature, SealKey: b.Job.SealKey,
	})
}

func TestRefusedOrders(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := w.store.Head(t.Context(), w.admin.Account)
	ids := []string{d.ID}
	many := slices.Repeat(ids, 1001)
	tests := []struct {
		name  string
		order control.Order
		kind  reeve.Kind
	}{
		{"no action", control.Order{IDs: ids}, reeve.Invalid},
		{"an unknown action", order("explode", ids...), reeve.Invalid},
		{"an action in capitals", order("Exempt", ids...), reeve.Invalid},
		{"the server's own action", order("retire", ids...), reeve.Invalid},
		{"an action of a later version", control.Order{Action: "scan_threats", Version: "v3.1", IDs: ids, Params: []byte(`{"full_scan":1}`)}, reeve.Invalid},
		{"an unknown version", control.Order{Action: "exempt", Version: "v4", IDs: ids}, reeve.Invalid},
		{"bad params", control.Order{Action: "exempt", IDs: ids, Params: []byte(`{"exempt_time":65000}`)}, reeve.Invalid},
		{"no devices", order("exempt"), reeve.Invalid},
		{"an empty list", control.Order{Action: "exempt", IDs: []string{}}, reeve.Invalid},
		{"an empty list of MACs", control.Order{Action: "exempt", MACs: []string{}}, reeve.Invalid},
		{"ids and MACs", control.Order{Action: "exempt", IDs: ids, MACs: []string{"00:0c:29:cd:c7:b2"}}, reeve.Invalid},
		{"ids and no MACs", control.Order{Action: "exempt", IDs: ids, MACs: []string{}}, reeve.Invalid},
		{"ids and a group", control.Order{Action: "exempt", IDs: ids, Group: g.ID}, reeve.Invalid},
		{"a group and all", control.Order{Action: "exempt", Group: g.ID, All: true}, reeve.Invalid},
		{"a group that is not there", control.Order{Action: "exempt", Group: reeve.NewID()}, reeve.NotFound},
		{"too many ids", order("exempt", many...), reeve.TooLarge},
		{"too many MACs", control.Order{Action: "exempt", MACs: many}, reeve.TooLarge},
		{"a long comment", control.Order{Action: "exempt", IDs: ids, Comment: strings.Repeat("x", control.MaxComment+1)}, reeve.Invalid},
		{"time that runs backwards", control.Order{Action: "dhcprenew", IDs: ids, DeliverWithin: -time.Second}, reeve.Invalid},
	}
	for _, tt := range tests {
		p, err := w.Place(t.Context(), w.admin, tt.order)
		wantKind(t, tt.name, err, tt.kind)
		if p.Job.ID != 0 || p.Outcomes != nil {
			t.Errorf("%s: the answer is %+v", tt.name, p)
		}
	}
	after, _, _ := w.store.Head(t.Context(), w.admin.Account)
	if after.Seq != head.Seq || len(w.jobs(t)) != 0 || len(w.wake.told) != 0 {
		t.Errorf("after errors the log is at row %d instead of %d, there are %d jobs, and %q was told", after.Seq, head.Seq, len(w.jobs(t)), w.wake.told)
	}
	umlauts := order("exempt", ids...)
	umlauts.Comment = strings.Repeat("ü", control.MaxComment-2) + "\r\n."
	w.place(t, umlauts) // whose characters count, as in the form, and not its bytes
	if p := w.place(t, order("exempt", many[:1000]...)); len(p.Outcomes) != 1000 {
		t.Errorf("as many as are allowed have %d outcomes", len(p.Outcomes))
	}
}

func TestDeadlines(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		action, params  string
		within          time.Duration
		deliver, finish time.Duration // from the order, and from the deadline before
	}{
		{"dhcprenew", ``, 0, time.Hour, 5 * time.Minute},
		{"dhcprenew", ``, 30 * time.Second, 30 * time.Second, 5 * time.Minute},
		{"dhcprenew", ``, 90 * day, time.Hour, 5 * time.Minute}, // never longer than its own
		{"fetch_agent_log", ``, 0, 7 * day, 30 * time.Minute},
		{"scan_threats", `{"full_scan":1}`, 0, day, 2 * day},
		{"re-identify", ``, time.Hour, time.Hour, 7 * day},
	}
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	for _, tt := range tests {
		p := w.place(t, control.Order{Action: tt.action, Params: json.RawMessage(tt.params), IDs: []string{d.ID}, DeliverWithin: tt.within})
		job, err := w.store.Job(t.Context(), w.admin.Account, p.Job.ID)
		if err != nil {
			t.Fatal(err)
		}
		deliver := noon.Add(tt.deliver)
		if !job.Issued.Equal(noon) || !job.DeliverBy.Equal(deliver) || !job.FinishBy.Equal(deliver.Add(tt.finish)) {
			t.Errorf("%s %s within %v: deliver by %v, finish by %v", tt.action, tt.params, tt.within, job.DeliverBy, job.FinishBy)
		}
		// What is stored is what was sealed.
		b := w.wake.placed[len(w.wake.placed)-1]
		b.Job = job
		if err := checkSeal(w, b, 0, d.Key[:]); err != nil {
			t.Errorf("%s: the seal does not fit the job as it is stored: %v", tt.action, err)
		}
	}
}

// The questions of the account are sealed with the order.
func TestReIdentifyCarriesTheQuestions(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	accounts, _ := w.store.Accounts(t.Context())
	accounts[0].IdentityFields = []reeve.IdentityField{{Name: "badge", Label: "Badge", Required: true, Pattern: "[0-9]+"}}
	if err := w.setAccount(t.Context(), w.admin, accounts[0]); err != nil {
		t.Fatal(err)
	}
	p := w.place(t, order("re-identify", d.ID))
	want := `{"fields":[{"name":"badge","label":"Badge","required":true,"pattern":"[0-9]+"}]}`
	if string(p.Job.Params) != want {
		t.Errorf("the order carries %s; want %s", p.Job.Params, want)
	}
}

// What the published pages do not have is passed by there.
func TestOwnParams(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	for version, want := range map[action.Version]string{"": `{"interface":"eth0"}`, action.Latest: `{}`, action.V2: `{}`} {
		p := w.place(t, control.Order{Action: "dhcprenew", Version: version, Params: []byte(`{"interface":"eth0"}`), IDs: []string{d.ID}})
		if string(p.Job.Params) != want {
			t.Errorf("version %q: the order carries %s; want %s", version, p.Job.Params, want)
		}
	}
}

func TestSkipAway(t *testing.T) {
	w := newWorld(t)
	here, away := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	w.wake.online[here.No] = true
	p := w.place(t, control.Order{Action: "dhcprenew", IDs: []string{here.ID, away.ID}, SkipAway: true})
	if p.Outcomes[0].Status != 1 || p.Outcomes[1].Status != 0 || p.Outcomes[1].Reason != reeve.Away {
		t.Errorf("one is here, one away: %+v", p.Outcomes)
	}
	commands := w.commands(t, p.Job.ID)
	if c := commands[p.Outcomes[1].Leaf]; c.State != reeve.Cancelled || c.Reason != reeve.Away {
		t.Errorf("the command of the device that is away is %v, %v", c.State, c.Reason)
	}
	// Records change wherever the device is.
	p = w.place(t, control.Order{Action: "exempt", IDs: []string{away.ID}, SkipAway: true})
	if p.Outcomes[0].Status != 1 {
		t.Errorf("exempt of a device that is away: %+v", p.Outcomes[0])
	}
}

// Without delivery nobody is connected, and what is placed waits.
func TestNoWake(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	c := control.New(w.store, func() seal.Key { return w.key }, nil, control.Options{Now: w.clock.Now})
	for skip, want := range map[bool]int8{true: 0, false: 1} {
		o := order("dhcprenew", d.ID)
		o.SkipAway = skip
		p, err := c.Place(t.Context(), w.admin, o)
		if err != nil || p.Outcomes[0].Status != want {
			t.Errorf("skip %v: %+v, %v", skip, p.Outcomes, err)
		}
		if _, err := c.Cancel(t.Context(), w.admin, p.Job.ID); err != nil {
			t.Error(err)
		}
	}
	c.Attach(w.wake)
	if _, err := c.Place(t.Context(), w.admin, order("delete", d.ID)); err != nil || len(w.wake.told) != 2 {
		t.Errorf("once attached it is told %q, %v", w.wake.told, err)
	}
}

// A dry run for many names those that would be passed by, some of them.
func TestDryRunForAll(t *testing.T) {
	w := newWorld(t)
	linux := w.enrol(t, w.linux())
	macs := make([]reeve.MAC, control.MaxExcluded+2)
	for i := range macs {
		macs[i] = reeve.MAC(0x0a0000000000 + i)
	}
	first := w.imported(t, macs...)[0]
	for _, o := range []control.Order{{Action: "exempt", All: true, DryRun: true}, {Action: "dhcprenew", All: true, DryRun: true, SkipAway: true}} {
		p, err := w.Place(t.Context(), w.admin, o)
		if err != nil || len(p.Excluded) != control.MaxExcluded || p.ExcludedMore < 2 {
			t.Fatalf("%s: %d named, %d more, %v", o.Action, len(p.Excluded), p.ExcludedMore, err)
		}
		at := slices.IndexFunc(p.Excluded, func(e control.Exclusion) bool { return e.ID == first.ID })
		if at < 0 || p.Excluded[at].Hostname != first.Hostname || p.Excluded[at].Reason != reeve.WrongStanding {
			t.Errorf("%s: %+v", o.Action, p.Excluded[:3])
		}
		away := slices.Contains(p.Excluded, control.Exclusion{ID: linux.ID, Hostname: linux.Hostname, Reason: reeve.Away})
		if away != o.SkipAway {
			t.Errorf("%s: away is %v", o.Action, away)
		}
	}
	if p := w.place(t, control.Order{Action: "unexempt", All: true}); p.Excluded != nil {
		t.Errorf("no dry run: %+v", p.Excluded[:1])
	}
}

func TestDryRun(t *testing.T) {
	w := newWorld(t)
	a, b := w.enrol(t, w.linux()), w.enrol(t, w.machine(reeve.OnDemand, reeve.Windows, "7.6.231.0"))
	head, _, _ := w.store.Head(t.Context(), w.admin.Account)
	for name := range outcomes {
		o := control.Order{Action: name, Params: json.RawMessage(outcomes[name].params), IDs: []string{a.ID, b.ID, reeve.NewID()}, DryRun: true, Key: "again"}
		dry := w.place(t, o)
		if dry.Job.ID != 0 || dry.Repeated {
			t.Errorf("%s: a dry run has the job %+v", name, dry.Job)
		}
		o.IDs, o.All = nil, true
		all := w.place(t, o)
		for i := range dry.Outcomes {
			if dry.Outcomes[i].Reason == reeve.AskedByLink { // the action applies
				dry.Outcomes[i].Reason = reeve.NoReason
			}
		}
		if tally := all.Tally; len(all.Outcomes) != 0 || tally[dry.Outcomes[0].Reason] == 0 || tally[dry.Outcomes[1].Reason] == 0 {
			t.Errorf("%s: of all it is %v, of each %+v", name, tally, dry.Outcomes)
		}
	}
	after, _, _ := w.store.Head(t.Context(), w.admin.Account)
	if after.Seq != head.Seq || len(w.jobs(t)) != 0 || len(w.wake.told) != 0 {
		t.Errorf("dry runs wrote %d rows and %d jobs and told %q", after.Seq-head.Seq, len(w.jobs(t)), w.wake.told)
	}
	if got := w.device(t, a.ID); got.Class.Standing != reeve.Managed || !got.ExemptUntil.IsZero() {
		t.Errorf("dry runs changed a record: %+v", got)
	}
	// What a dry run said is what happens.
	o := order("exempt", a.ID, b.ID)
	o.DryRun = true
	dry := w.place(t, o)
	o.DryRun = false
	if wet := w.place(t, o); !slices.Equal(dry.Outcomes, wet.Outcomes) {
		t.Errorf("it said %+v and did %+v", dry.Outcomes, wet.Outcomes)
	}
}

func TestVersionsHaveTheirRules(t *testing.T) {
	w := newWorld(t)
	dc := w.enrol(t, w.machine(reeve.DomainController, reeve.Windows, "7.6.231.0"))
	for version, status := range map[action.Version]int8{action.V3: 1, action.V3_1: 1, action.V3_2: -1, action.V3_3: -1, "": -1} {
		o := order("exempt", dc.ID)
		o.Version = version
		if p := w.place(t, o); p.Outcomes[0].Status != status {
			t.Errorf("exempt of a domain controller in %q: %d; want %d", version, p.Outcomes[0].Status, status)
		}
	}
}
