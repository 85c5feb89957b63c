package control_test

import (
	"encoding/json"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

func TestDuplicates(t *testing.T) {
	w := newWorld(t)
	a, b := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	nobody := reeve.NewID()
	p := w.place(t, order("dhcprenew", b.ID, a.ID, nobody, b.ID, a.ID, b.ID, nobody))
	if p.Job.Entries != 7 || p.Job.Unmatched != 2 || p.Job.Targets != 2 {
		t.Errorf("7 entries, 2 devices: %d entries, %d unmatched, %d commands", p.Job.Entries, p.Job.Unmatched, p.Job.Targets)
	}
	commands := w.commands(t, p.Job.ID)
	for i, want := range []string{b.ID, a.ID, "", b.ID, a.ID, b.ID, ""} {
		out := p.Outcomes[i]
		if want == "" {
			if out.Status != 0 || out.Leaf != -1 {
				t.Errorf("entry %d: %+v; want no device", i, out)
			}
			continue
		}
		if out.Status != 1 || commands[out.Leaf].DeviceID != want {
			t.Errorf("entry %d: %+v; want the command of its device", i, out)
		}
	}
}

func TestEntriesThatAreNoIDs(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	odd := []string{"", " ", d.ID[1:], d.ID + " ", strings.ToUpper(d.ID), d.ID[:31] + "'", `"`, `\`, "\x00", "\xff", "%", "'; DROP TABLE devices; --",
		strings.Repeat("0", 10_000), "00:0c:29:cd:c7:b2", "default", "日本"}
	p := w.place(t, order("exempt", append(odd, d.ID)...))
	for i, s := range odd {
		if out := p.Outcomes[i]; s != d.ID && out.Status != 0 {
			t.Errorf("%.40q: %+v; want no device", s, out)
		}
	}
	if p.Outcomes[len(odd)].Status != 1 {
		t.Errorf("the device behind them: %+v", p.Outcomes[len(odd)])
	}
}

func TestMACs(t *testing.T) {
	w := newWorld(t)
	two := w.linux()
	two.MACs = []reeve.MAC{0x000c29cdc7b2, 0x000c29cdc7b3}
	d := w.enrol(t, two)
	other := w.enrol(t, w.linux())
	macs := []string{
		"00:0c:29:cd:c7:b2", "00-0C-29-CD-C7-B3", "000c.29cd.c7b2", "000C29CDC7B3", // one device, four times
		other.MACs[0].String(),
		"00:0c:29:cd:c7:b4", "not a MAC", "", "00:00:00:00:00:00",
	}
	p := w.place(t, control.Order{Action: "dhcprenew", MACs: macs})
	if p.Job.Entries != 9 || p.Job.Unmatched != 4 || p.Job.Targets != 2 {
		t.Errorf("%d entries, %d unmatched, %d commands", p.Job.Entries, p.Job.Unmatched, p.Job.Targets)
	}
	commands := w.commands(t, p.Job.ID)
	for i, want := range []string{d.ID, d.ID, d.ID, d.ID, other.ID, "", "", "", ""} {
		switch out := p.Outcomes[i]; {
		case want == "" && (out.Status != 0 || out.Leaf != -1):
			t.Errorf("%q: %+v; want no device", macs[i], out)
		case want != "" && (out.Status != 1 || commands[out.Leaf].DeviceID != want):
			t.Errorf("%q: %+v; want the command of its device", macs[i], out)
		}
	}
}

// A MAC on several records means the undisputed one, or nothing is done.
func TestDisputedMACs(t *testing.T) {
	w := newWorld(t)
	const shared, twice, printers = 0x000c29000001, 0x000c29000002, 0x000c29000003
	with := func(m reeve.MAC) reeve.Device {
		e := w.linux()
		e.MACs = []reeve.MAC{m}
		return w.enrol(t, e)
	}
	managed := with(shared)
	first, second := with(twice), with(twice)
	imported := w.imported(t, shared, printers, printers) // comes after the agent, so nothing is taken over

	o := control.Order{Action: "delete", MACs: []string{reeve.MAC(shared).String(), reeve.MAC(twice).String(), reeve.MAC(printers).String()}}
	p := w.place(t, o)
	if out := p.Outcomes[0]; out.Status != 1 || w.commands(t, p.Job.ID)[out.Leaf].DeviceID != managed.ID {
		t.Errorf("one managed record of two: %+v; want its command", out)
	}
	for i := 1; i < 3; i++ {
		if out := p.Outcomes[i]; out.Status != 0 || out.Leaf != -1 {
			t.Errorf("%s on two records of a kind: %+v; want nothing done", o.MACs[i], out)
		}
	}
	if p.Job.Targets != 1 || p.Job.Unmatched != 2 {
		t.Errorf("%d commands, %d unmatched; want 1 and 2", p.Job.Targets, p.Job.Unmatched)
	}
	for _, d := range []reeve.Device{first, second, imported[0], imported[1], imported[2]} {
		if got := w.device(t, d.ID).Class.Standing; got == reeve.Archived {
			t.Errorf("%s was deleted although its MAC is in doubt", d.Hostname)
		}
	}
	// Readers that take MACs go by the same rule.
	for i, want := range []string{managed.ID, "", ""} {
		mac, _ := reeve.ParseMAC(o.MACs[i])
		claimants, err := w.store.DevicesByMAC(t.Context(), w.admin.Account, []reeve.MAC{mac})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 { // it has been deleted meanwhile
			claimants = append(claimants, managed)
		}
		if d, ok := control.Undisputed(claimants); ok != (want != "") || ok && d.ID != want {
			t.Errorf("%s is undisputed %v, of %s", o.MACs[i], ok, d.Hostname)
		}
	}
	rows := w.audit(t, w.admin.Account, "job_placed")
	var detail struct {
		Disputed map[string][]string `json:"disputed_macs"`
	}
	if err := json.Unmarshal([]byte(rows[len(rows)-1].Detail), &detail); err != nil {
		t.Fatal(err)
	}
	if got := detail.Disputed[o.MACs[1]]; len(detail.Disputed) != 2 || len(got) != 2 || !strings.Contains(strings.Join(got, " "), first.ID) {
		t.Errorf("the log says of MACs in doubt: %v", detail.Disputed)
	}
}

func TestGroupsAndAll(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	var in []string
	for i := range 5 {
		d := w.enrol(t, w.linux())
		if i%2 == 0 {
			in = append(in, d.ID)
		}
	}
	w.imported(t, 0x0a0000000001)
	assign := order("assign_to_group", in...)
	assign.Params = json.RawMessage(`{"group_id":"` + g.ID + `"}`)
	w.place(t, assign)

	p := w.place(t, control.Order{Action: "dhcprenew", Group: g.ID})
	if p.Job.Targets != 3 || p.Job.Entries != 3 || p.Tally[reeve.NoReason] != 3 || p.Outcomes != nil {
		t.Errorf("of the group: %+v, %v", p.Job, p.Tally)
	}
	p = w.place(t, control.Order{Action: "dhcprenew", All: true})
	if p.Job.Targets != 6 || p.Job.Entries != 6 || p.Tally[reeve.NoReason] != 5 || p.Tally[reeve.WrongStanding] != 1 {
		t.Errorf("of all: %+v, %v", p.Job, p.Tally)
	}
	w.place(t, order("delete", in[0]))
	if p = w.place(t, control.Order{Action: "exempt", All: true}); p.Job.Targets != 5 {
		t.Errorf("of all but the deleted one: %d commands", p.Job.Targets)
	}
}

// An unknown group to move to is no error on the published API, where nothing is
// done for each entry; Reeve's own doors refuse the order.
func TestUnknownGroup(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	_, stranger := w.further(t, "other")
	foreign, err := w.CreateGroup(t.Context(), stranger, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{reeve.NewID(), foreign.ID, "Default", "x\x00"} {
		params, _ := json.Marshal(map[string]string{"group_id": id})
		p := w.place(t, control.Order{Action: "assign_to_group", Params: params, IDs: []string{d.ID, d.ID}})
		for _, out := range p.Outcomes {
			if out.Status != 0 || out.Leaf != -1 {
				t.Errorf("group %q: %+v; want nothing done", id, out)
			}
		}
		if len(p.Outcomes) != 2 || p.Job.Unmatched != 2 || p.Job.Targets != 0 {
			t.Errorf("group %q: %d outcomes, %d unmatched, %d commands", id, len(p.Outcomes), p.Job.Unmatched, p.Job.Targets)
		}
		rows := w.audit(t, w.admin.Account, "job_placed")
		if got := rows[len(rows)-1].Outcome; got != "unknown_group" {
			t.Errorf("group %q: the log says %q", id, got)
		}
		for _, source := range []reeve.Source{reeve.FromAPI, reeve.FromCLI, reeve.FromConsole} {
			own := w.admin
			own.Source = source
			for what, o := range map[string]control.Order{
				"a device": {IDs: []string{d.ID}}, "a dry run": {IDs: []string{d.ID}, DryRun: true}, "all": {All: true}, "a proposal": {All: true, Propose: true},
			} {
				o.Action, o.Params = "assign_to_group", params
				_, err := w.Place(t.Context(), own, o)
				wantKind(t, what+" into group "+id, err, reeve.NotFound)
				_, err = w.Preview(t.Context(), own, o)
				wantKind(t, "a look at "+what+" into group "+id, err, reeve.NotFound)
			}
		}
		if now := w.audit(t, w.admin.Account, "job_placed"); len(now) != len(rows) {
			t.Errorf("group %q: what was refused is in the log", id)
		}
	}
	if got := w.device(t, d.ID).GroupName; got != "Default" {
		t.Errorf("the device is in %q", got)
	}
}

// Nothing of one account can be named from another.
func TestAccountsAreApart(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	job := w.place(t, order("dhcprenew", d.ID)).Job
	_, stranger := w.further(t, "other")
	for _, o := range []control.Order{order("delete", d.ID), {Action: "delete", MACs: []string{d.MACs[0].String()}}, {Action: "delete", All: true}} {
		p, err := w.Place(t.Context(), stranger, o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Job.Targets != 0 {
			t.Errorf("another account's order has %d commands", p.Job.Targets)
		}
	}
	_, err := w.Cancel(t.Context(), stranger, job.ID)
	wantKind(t, "cancelling another account's job", err, reeve.NotFound)
	if got := w.commands(t, job.ID)[0].State; got != reeve.Queued {
		t.Errorf("the command is %v", got)
	}
}
