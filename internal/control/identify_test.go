package control_test

import (
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// asked is a world with devices of the kinds that are asked in different ways.
func asked(t *testing.T) (w *world, license string, devices map[string]reeve.Device) {
	w = newWorld(t)
	account, err := w.store.Account(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	account.IdentityFields = []reeve.IdentityField{
		{Name: "name", Label: "Name", Required: true}, {Name: "site", Type: "choice", Choices: []string{"Lab", "Hall"}},
	}
	if err := w.setAccount(t.Context(), w.admin, account); err != nil {
		t.Fatal(err)
	}
	phone := w.machine(reeve.Mobile, reeve.Android, "8.0.0")
	phone.Abilities = reeve.Abilities(0)
	devices = map[string]reeve.Device{
		"phone": w.enrol(t, phone), "linux": w.enrol(t, w.linux()),
		"guest": w.enrol(t, w.machine(reeve.OnDemand, reeve.Linux, "26.11.0")), "away": w.enrol(t, w.machine(reeve.OnDemand, reeve.Linux, "26.11.0")),
	}
	w.wake.online[devices["guest"].No] = true
	return w, account.LicenseKey, devices
}

var from = control.From{Address: "192.0.2.77", RequestID: "r-9"}

// Who has an agent that is there is asked by it, and the others by a link. The
// published rules of v3.2 and later leave devices on demand out.
func TestWhoIsAskedByLink(t *testing.T) {
	w, _, devices := asked(t)
	w.wake.online[devices["phone"].No] = true
	for name, want := range map[string]reeve.Reason{"phone": reeve.AskedByLink, "away": reeve.AskedByLink, "guest": reeve.NoReason, "linux": reeve.NoReason} {
		o := order("re-identify", devices[name].ID)
		o.Version, o.SkipAway = "v3", name == "phone" || name == "away" // a link waits for nobody
		p := w.place(t, o)
		c := w.commands(t, p.Job.ID)[0]
		if c.State != reeve.Queued || c.Reason != want || p.Outcomes[0].Status != 1 || p.Tally[reeve.NoReason] != 1 {
			t.Errorf("%s: %v %v, %+v; want %v", name, c.State, c.Reason, p, want)
		}
	}
	for version, want := range map[action.Version]reeve.Reason{action.V3_3: reeve.WrongKind, action.Own: reeve.AskedByLink} {
		o := order("re-identify", devices["away"].ID)
		o.Version = version
		if p := w.place(t, o); p.Outcomes[0].Reason != want {
			t.Errorf("on demand in %s: %+v", version, p.Outcomes[0])
		}
	}
}

// An account without questions has nothing to ask: no agent hears of it.
func TestNothingToAsk(t *testing.T) {
	w, _, devices := asked(t)
	account, err := w.store.Account(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	account.IdentityFields = nil
	if err := w.setAccount(t.Context(), w.admin, account); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []bool{true, false} {
		o := order("re-identify", devices["linux"].ID)
		o.DryRun = dry
		_, err := w.Place(t.Context(), w.admin, o)
		wantKind(t, "asking nothing", err, reeve.Conflict)
	}
	if rows := w.audit(t, w.admin.Account, "job_placed"); len(rows) > 0 {
		t.Errorf("logged %+v", rows)
	}
}

func TestLinkIsAnsweredOnce(t *testing.T) {
	w, license, devices := asked(t)
	p := w.place(t, order("re-identify", devices["phone"].ID))
	id := reeve.CommandID{Job: p.Job.ID}
	q, err := w.Asked(t.Context(), license, id)
	if err != nil || len(q.Fields) != 2 || q.Fields[1].Label != "site" || q.Hostname != devices["phone"].Hostname || !q.Until.Equal(p.Job.DeliverBy) {
		t.Fatalf("%+v, %v", q, err)
	}
	wantKind(t, "answers that do not fit", w.Identify(t.Context(), license, id, map[string]string{"name": "Ann", "site": "Moon"}, from), reeve.Invalid)
	wantKind(t, "no answers", w.Identify(t.Context(), license, id, nil, from), reeve.Invalid)
	if err := w.Identify(t.Context(), license, id, map[string]string{"name": " Ann ", "site": ""}, from); err != nil {
		t.Fatal(err)
	}
	c := w.commands(t, p.Job.ID)[0]
	if c.State != reeve.Succeeded || c.Reason != reeve.NoReason || w.device(t, devices["phone"].ID).Identity["name"] != "Ann" {
		t.Errorf("%+v", c)
	}
	rows := w.audit(t, w.admin.Account, "reports")
	if len(rows) != 1 || rows[0].Actor != "device:"+c.DeviceID+"/user" || rows[0].Address != "192.0.2.77" || !strings.Contains(rows[0].Detail, `"succeeded":1`) {
		t.Errorf("logged %+v", rows)
	}
	wantKind(t, "a second time", w.Identify(t.Context(), license, id, map[string]string{"name": "Eve"}, from), reeve.Conflict)
	_, err = w.Asked(t.Context(), license, id)
	wantKind(t, "the page of a used link", err, reeve.Conflict)
}

func TestLinksEnd(t *testing.T) {
	w, license, devices := asked(t)
	other, _ := w.further(t, "other")
	place := func() (reeve.Job, reeve.CommandID) {
		p := w.place(t, order("re-identify", devices["phone"].ID))
		return p.Job, reeve.CommandID{Job: p.Job.ID}
	}
	over := func(what, license string, id reeve.CommandID, want reeve.Kind) {
		t.Helper()
		_, err := w.Asked(t.Context(), license, id)
		wantKind(t, "the page of "+what, err, want)
		wantKind(t, "answering "+what, w.Identify(t.Context(), license, id, map[string]string{"name": "Ann"}, from), want)
	}
	job, id := place()
	over("another account's", other.Account.LicenseKey, id, reeve.NotFound)
	over("no account's", strings.Repeat("0", 32), id, reeve.NotFound)
	over("no command's", license, reeve.CommandID{Job: id.Job, Leaf: 5}, reeve.NotFound)
	if _, err := w.Cancel(t.Context(), w.admin, job.ID); err != nil {
		t.Fatal(err)
	}
	over("a cancelled job's", license, id, reeve.Conflict)
	direct := reeve.CommandID{Job: w.place(t, order("re-identify", devices["linux"].ID)).Job.ID}
	over("a command that an agent has", license, direct, reeve.Conflict)
	job, id = place()
	w.clock.advance(job.DeliverBy.Sub(job.Issued)) // nobody has swept yet
	over("a late one", license, id, reeve.Conflict)
	w.clock.advance(time.Second)
	_, id = place()
	w.place(t, order("delete", devices["phone"].ID))
	over("a deleted device's", license, id, reeve.Conflict)
}

// Agents may be old, wrong, or not what they say they are.
func TestReportsAreHeldAgainstTheirOrders(t *testing.T) {
	w, _, devices := asked(t)
	identify := w.place(t, order("re-identify", devices["linux"].ID)).Job.ID
	renew := w.place(t, order("dhcprenew", devices["linux"].ID)).Job.ID
	good := map[string]string{"name": "Ann"}
	for what, tt := range map[string]struct {
		job   reeve.JobID
		state reeve.State
		said  map[string]string
		want  reeve.State
		kept  int // answers; -1 for none at all
		why   string
	}{
		"good answers":            {identify, reeve.Succeeded, map[string]string{"name": " Ann ", "site": "Lab"}, reeve.Succeeded, 2, ""},
		"no answers":              {identify, reeve.Succeeded, nil, reeve.Failed, -1, "Name must be answered"},
		"a foreign choice":        {identify, reeve.Succeeded, map[string]string{"name": "Ann", "site": "Moon"}, reeve.Failed, -1, "site must be one of"},
		"what nobody asked":       {identify, reeve.Succeeded, map[string]string{"name": "Ann", "shoe": "44"}, reeve.Failed, -1, `nobody asked for "shoe"`},
		"answers before the end":  {identify, reeve.Running, good, reeve.Running, -1, ""},
		"answers of a failure":    {identify, reeve.Failed, good, reeve.Failed, -1, ""},
		"answers to other orders": {renew, reeve.Succeeded, good, reeve.Succeeded, -1, ""},
		"a job that is gone":      {7, reeve.Succeeded, good, reeve.Succeeded, -1, ""},
	} {
		batch := []reeve.Report{{ID: reeve.CommandID{Job: tt.job}, State: tt.state, Identity: tt.said, Percent: -1}, {ID: reeve.CommandID{Job: renew}, State: reeve.Running}}
		for range 2 { // a store that failed is tried again
			if err := w.CheckReports(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		r := batch[0]
		kept := len(r.Identity)
		if r.Identity == nil {
			kept = -1
		}
		reason := reeve.NoReason
		if tt.why != "" {
			reason = reeve.BadAnswer
		}
		if r.State != tt.want || kept != tt.kept || r.Reason != reason || !strings.Contains(r.Message, tt.why) {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

func TestIdentityFieldsAreChecked(t *testing.T) {
	w := newWorld(t)
	for what, fields := range map[string][]reeve.IdentityField{
		"two of one name":     {{Name: "a"}, {Name: "a"}},
		"an unknown type":     {{Name: "a", Type: "colour"}},
		"choices of a text":   {{Name: "a", Choices: []string{"x", "y"}}},
		"one choice":          {{Name: "a", Type: "choice", Choices: []string{"x"}}},
		"the same twice":      {{Name: "a", Type: "choice", Choices: []string{"x", "x"}}},
		"space around one":    {{Name: "a", Type: "choice", Choices: []string{"x", " y"}}},
		"an empty one":        {{Name: "a", Type: "choice", Choices: []string{"x", ""}}},
		"one that is long":    {{Name: "a", Type: "choice", Choices: []string{"x", strings.Repeat("y", 257)}}},
		"one that does not":   {{Name: "a", Type: "choice", Pattern: "x", Choices: []string{"x", "y"}}},
		"too many":            {{Name: "a", Type: "choice", Choices: make([]string, 51)}},
		"a pattern that ends": {{Name: "a", Pattern: "a)|(b"}},
	} {
		_, err := w.ChangeAccount(t.Context(), w.admin, func(a *reeve.Account) { a.IdentityFields = fields })
		wantKind(t, what, err, reeve.Invalid)
	}
	_, err := w.ChangeAccount(t.Context(), w.admin, func(a *reeve.Account) {
		a.IdentityFields = []reeve.IdentityField{{Name: "a", Type: "choice", Choices: []string{"x", "y"}}, {Name: "b", Type: "phone"}}
	})
	if err != nil {
		t.Error(err)
	}
}
