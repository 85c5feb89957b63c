package control_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// fleet has a device of every sort. Its names are those in the table below.
func fleet(t *testing.T, w *world) map[string]reeve.Device {
	t.Helper()
	devices := map[string]reeve.Device{
		"win":    w.enrol(t, w.machine(reeve.Persistent, reeve.Windows, "7.6.231.0")),
		"oldwin": w.enrol(t, w.machine(reeve.Persistent, reeve.Windows, "7.6.70.0")),
		"mac":    w.enrol(t, w.machine(reeve.Persistent, reeve.MacOS, "10.4.205.0")),
		"linux":  w.enrol(t, w.linux()),
		"phone":  w.enrol(t, w.machine(reeve.Mobile, reeve.IOS, "3.1")),
		"guest":  w.enrol(t, w.machine(reeve.OnDemand, reeve.Windows, "7.6.231.0")),
		"dc":     w.enrol(t, w.machine(reeve.DomainController, reeve.Windows, "7.6.231.0")),
	}
	bare := w.linux()
	bare.Abilities = 0
	devices["bare"] = w.enrol(t, bare)
	unknown := w.imported(t, 0x0a0000000001, 0x0a0000000002)
	devices["unknown"], devices["ignored"] = unknown[0], unknown[1]
	w.place(t, order("ignore", unknown[1].ID))

	accounts, err := w.store.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	accounts[0].Seats = 8
	if err := w.setAccount(t.Context(), w.admin, accounts[0]); err != nil {
		t.Fatal(err)
	}
	devices["unlicensed"] = w.enrol(t, w.linux())
	return devices
}

// outcomes says what becomes of each action in v3.3: the devices that it does
// not apply to, with the reason. To all others it does.
var outcomes = map[string]struct{ params, not string }{
	"exempt":          {`{"exempt_time":24}`, "dc=agent_kind unknown=standing ignored=standing unlicensed=standing"},
	"unexempt":        {``, "dc=agent_kind unknown=standing ignored=standing unlicensed=standing"},
	"ignore":          {``, "win=standing oldwin=standing mac=standing linux=standing phone=standing guest=standing dc=standing bare=standing ignored=standing unlicensed=standing"},
	"unignore":        {``, "win=standing oldwin=standing mac=standing linux=standing phone=standing guest=standing dc=standing bare=standing unknown=standing unlicensed=standing"},
	"delete":          {``, ""},
	"dhcprenew":       {``, "phone=agent_kind guest=agent_kind dc=agent_kind bare=ability unknown=standing ignored=standing unlicensed=standing"},
	"re-identify":     {``, "oldwin=agent_version dc=agent_kind bare=ability unknown=standing ignored=standing unlicensed=standing"},
	"assign_to_group": {`{}`, "dc=agent_kind"},
	"fetch_agent_log": {``, "phone=agent_kind guest=agent_kind dc=agent_kind bare=ability unknown=standing ignored=standing unlicensed=standing"},
	"scan_threats":    {`{"scan_types":[4],"path":"/srv"}`, "win=path_style oldwin=agent_version phone=agent_kind guest=agent_kind dc=agent_kind bare=ability unknown=standing ignored=standing unlicensed=standing"},
}

func TestEveryActionOnAMixedFleet(t *testing.T) {
	for name, want := range outcomes {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			devices := fleet(t, w)
			not := map[string]string{}
			for _, word := range strings.Fields(want.not) {
				device, reason, _ := strings.Cut(word, "=")
				not[device] = reason
			}
			o := control.Order{Action: name, Params: json.RawMessage(want.params)}
			var names []string
			for device, d := range devices {
				names = append(names, device)
				o.IDs = append(o.IDs, d.ID)
			}
			o.IDs = append(o.IDs, reeve.NewID())

			before := len(w.wake.placed)
			p := w.place(t, o)
			commands := w.commands(t, p.Job.ID)
			if len(p.Outcomes) != len(o.IDs) || len(commands) != len(devices) {
				t.Fatalf("%d outcomes and %d commands for %d entries", len(p.Outcomes), len(commands), len(o.IDs))
			}
			for i, device := range names {
				out := p.Outcomes[i]
				status := int8(1)
				if not[device] != "" {
					status = -1
				}
				reason := not[device]
				if name == "re-identify" && (device == "phone" || device == "guest") {
					reason = "link"
				}
				if out.Status != status || out.Reason.String() != reason {
					t.Errorf("%s: %d %q; want %d %q", device, out.Status, out.Reason, status, not[device])
				}
				c := commands[out.Leaf]
				if c.DeviceID != devices[device].ID || c.Reason != out.Reason || c.ID.Leaf != out.Leaf {
					t.Errorf("%s: its command is %+v", device, c)
				}
				if c.State.IsFinal() && (c.State == reeve.NotApplicable) != (status == -1) {
					t.Errorf("%s has status %d and a command that is %v", device, status, c.State)
				}
			}
			if last := p.Outcomes[len(names)]; last != (control.Outcome{Leaf: -1}) {
				t.Errorf("a device that is not there: %+v", last)
			}
			checkJob(t, w, p, len(o.IDs), 1, len(not))
			checkBatch(t, w, p, w.wake.placed[before:])
		})
	}
}

// checkJob checks that the stored job adds up and is in the log.
func checkJob(t *testing.T, w *world, p control.Placement, entries, unmatched, not int) {
	t.Helper()
	job, err := w.store.Job(t.Context(), w.admin.Account, p.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.Entries != entries || job.Unmatched != unmatched || job.Counts[reeve.NotApplicable] != int64(not) {
		t.Errorf("the job counts %d entries, %d unmatched, %v", job.Entries, job.Unmatched, job.Counts)
	}
	var counts reeve.Counts
	for _, c := range w.commands(t, job.ID) {
		if c.State.IsFinal() {
			counts[c.State]++
		}
	}
	if counts != job.Counts || p.Job.Counts != job.Counts {
		t.Errorf("the job counts %v, its commands %v, the answer %v", job.Counts, counts, p.Job.Counts)
	}
	tally := 0
	for _, n := range p.Tally {
		tally += n
	}
	if tally != job.Targets {
		t.Errorf("the tally %v does not add up to %d commands", p.Tally, job.Targets)
	}
	rows, err := w.store.Log(t.Context(), w.admin.Account, reeve.LogQuery{Limit: 10, Job: job.ID})
	if err != nil || len(rows) != 1 {
		t.Fatalf("the log has %d rows about the job, %v; want one", len(rows), err)
	}
	row := rows[0]
	if row.Event != "job_placed" || row.Source != reeve.FromOAuthAPI || row.Actor != w.admin.Actor || row.Name != w.admin.Name ||
		row.Address != w.admin.Address || row.RequestID != w.admin.RequestID || row.Outcome != "ok" || !json.Valid([]byte(row.Detail)) {
		t.Errorf("the log says %+v", row)
	}
}

// checkBatch checks what was handed to delivery as the agents will: every order
// is sealed for its device and only there.
func checkBatch(t *testing.T, w *world, p control.Placement, batches []control.Batch) {
	t.Helper()
	var queued []reeve.Command
	for _, c := range w.commands(t, p.Job.ID) {
		if c.State == reeve.Queued {
			queued = append(queued, c)
		}
	}
	if p.Job.Action == "delete" {
		batches = batches[:0] // see TestDelete
	}
	if len(queued) == 0 {
		if len(batches) != 0 || len(p.Job.Signature) != 0 || !p.Job.DeliverBy.Equal(p.Job.Issued) {
			t.Errorf("without orders there are %d batches, signature %x, deadline %v", len(batches), p.Job.Signature, p.Job.DeliverBy)
		}
		return
	}
	if len(batches) != 1 {
		t.Fatalf("%d batches were handed over; want 1", len(batches))
	}
	b := batches[0]
	if b.Job.ID != p.Job.ID || b.Tree.Len() != p.Job.Targets || b.Tree.Root() != b.Job.Root || !b.Job.DeliverBy.After(b.Job.Issued) || !b.Job.FinishBy.After(b.Job.DeliverBy) {
		t.Errorf("the batch is of job %v with %d leaves, deadlines %v and %v", b.Job.ID, b.Tree.Len(), b.Job.DeliverBy, b.Job.FinishBy)
	}
	for _, c := range queued {
		if err := checkSeal(w, b, int(c.ID.Leaf), b.Targets[c.ID.Leaf].Key[:]); err != nil {
			t.Errorf("leaf %d: %v", c.ID.Leaf, err)
		}
		other := slices.IndexFunc(b.Targets, func(t reeve.Target) bool { return t.Key != b.Targets[c.ID.Leaf].Key })
		if err := checkSeal(w, b, int(c.ID.Leaf), b.Targets[other].Key[:]); err == nil {
			t.Errorf("leaf %d passes on another device", c.ID.Leaf)
		}
		if b.Targets[c.ID.Leaf].No != c.DeviceNo || b.Placed[c.ID.Leaf].Device != c.DeviceNo {
			t.Errorf("leaf %d is of device %d, its command of device %d", c.ID.Leaf, b.Targets[c.ID.Leaf].No, c.DeviceNo)
		}
	}
}

func TestEffectsOnRecords(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	printer := w.imported(t, 0x0a0000000001)[0]
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	exempt := func(params string, until time.Time) {
		t.Helper()
		w.place(t, control.Order{Action: "exempt", Params: json.RawMessage(params), IDs: []string{d.ID}})
		if got := w.device(t, d.ID).ExemptUntil; !got.Equal(until) {
			t.Errorf("exempt %s ends %v; want %v", params, got, until)
		}
	}
	exempt(`{"exempt_time":24}`, noon.Add(24*time.Hour))
	w.clock.advance(time.Hour)
	exempt(`{"exempt_time":2}`, noon.Add(3*time.Hour)) // replaces the period
	exempt(`{"exempt_time":0}`, reeve.Forever)
	for range 2 { // also when it is not exempt: the wanted state holds
		if p := w.place(t, order("unexempt", d.ID)); p.Outcomes[0].Status != 1 {
			t.Errorf("unexempt: %+v", p.Outcomes[0])
		}
		if got := w.device(t, d.ID).ExemptUntil; !got.IsZero() {
			t.Errorf("after unexempt it is exempt until %v", got)
		}
	}
	w.place(t, order("ignore", printer.ID))
	if got := w.device(t, printer.ID).Class.Standing; got != reeve.Ignored {
		t.Errorf("after ignore it is %v", got)
	}
	w.place(t, order("unignore", printer.ID))
	if got := w.device(t, printer.ID).Class.Standing; got != reeve.Unknown {
		t.Errorf("after unignore it is %v", got)
	}
	assign := control.Order{Action: "assign_to_group", Params: json.RawMessage(`{"group_id":"` + g.ID + `"}`), IDs: []string{d.ID, printer.ID}}
	w.place(t, assign)
	for _, id := range assign.IDs {
		if got := w.device(t, id); got.GroupID != g.ID || got.GroupName != "Lab" {
			t.Errorf("after assign_to_group it is in %q", got.GroupName)
		}
	}
	w.place(t, order("assign_to_group", d.ID)) // without a group: the default one
	if got := w.device(t, d.ID).GroupName; got != "Default" {
		t.Errorf("after assign_to_group without a group it is in %q", got)
	}
}
