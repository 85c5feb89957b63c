package control_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reeve"
	"reeve/internal/control"
)

// A history is what happens to one account. Each run has an account of its own,
// which costs less than a store of its own.
type history struct {
	*world
	t       *testing.T
	r       *rapid.T
	devices []reeve.Device
}

// Whatever is asked in whatever order: every job adds up to its commands, every
// open command has a deadline ahead, nobody waits while a seat is free, and the
// log is whole.
func TestCountsAlwaysAddUp(t *testing.T) {
	w := newWorld(t)
	runs := 0
	steps := map[string]func(*history){
		"place": (*history).placeSome, "place again": (*history).placeSome, "place once more": (*history).placeSome,
		"cancel": (*history).cancelSome, "send": (*history).sendSome, "report": (*history).reportSome, "wait": (*history).wait,
		"enrol": (*history).enrolOne, "seats": (*history).changeSeats,
	}
	names := slices.Sorted(maps.Keys(steps))
	rapid.Check(t, func(r *rapid.T) {
		runs++
		h := &history{world: w, t: t, r: r}
		h.begin(fmt.Sprint("account ", runs))
		h.devices = append(h.imported(t, 0x0a0000000001, 0x0a0000000002), h.enrol(t, h.linux()), h.enrol(t, h.machine(reeve.Mobile, reeve.IOS, "3.1")))
		for _, step := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 12).Draw(r, "steps") {
			steps[step](h)
		}
		h.addUp()
	})
}

// begin makes the account, without a password, whose hash takes its time.
func (h *history) begin(name string) {
	founders := reeve.Founders{
		Operator: reeve.Operator{Name: name}, App: reeve.App{ClientID: name, Name: name}, Code: reeve.Code{Hash: name},
	}
	a, err := h.store.AddAccount(h.t.Context(), reeve.Account{Name: name, IdentityFields: reeve.DefaultIdentityFields()}, founders, reeve.AuditEntry{Event: "account_created"})
	if err != nil {
		h.r.Fatal(err)
	}
	h.admin.Account = a.No
	code, err := h.CreateCode(h.t.Context(), h.admin, reeve.Code{})
	if err != nil {
		h.r.Fatal(err)
	}
	h.boot.Code = code.Code
}

func (h *history) placeSome() {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(outcomes))).Draw(h.r, "action")
	o := control.Order{
		Action: name, Params: []byte(outcomes[name].params), SkipAway: rapid.Bool().Draw(h.r, "skip"),
		DeliverWithin: time.Duration(rapid.IntRange(0, 48).Draw(h.r, "within")) * time.Hour,
	}
	some := rapid.SliceOfN(rapid.SampledFrom(append(h.devices, reeve.Device{ID: reeve.NewID(), MACs: []reeve.MAC{1}})), 1, 8)
	switch rapid.IntRange(0, 3).Draw(h.r, "how") {
	case 0:
		o.All = true
	case 1:
		for _, d := range some.Draw(h.r, "macs") {
			o.MACs = append(o.MACs, d.MACs[0].String())
		}
	default:
		for _, d := range some.Draw(h.r, "ids") {
			o.IDs = append(o.IDs, d.ID)
		}
	}
	h.place(h.t, o)
}

// someCommand draws a command of some job, if there is one.
func (h *history) someCommand() (c reeve.Command, ok bool) {
	jobs := h.jobs(h.t)
	if len(jobs) == 0 {
		return c, false
	}
	commands := h.commands(h.t, rapid.SampledFrom(jobs).Draw(h.r, "job").ID)
	if len(commands) == 0 {
		return c, false
	}
	return rapid.SampledFrom(commands).Draw(h.r, "command"), true
}

func (h *history) cancelSome() {
	if c, ok := h.someCommand(); ok {
		if _, err := h.Cancel(h.t.Context(), h.admin, c.ID.Job); err != nil {
			h.r.Fatal(err)
		}
	}
}

func (h *history) sendSome() {
	if c, ok := h.someCommand(); ok {
		if err := h.store.Sent(h.t.Context(), h.clock.Now(), []reeve.CommandID{c.ID, c.ID}); err != nil {
			h.r.Fatal(err)
		}
	}
}

func (h *history) reportSome() {
	if c, ok := h.someCommand(); ok {
		h.report(h.t, c, rapid.SampledFrom([]reeve.State{reeve.Running, reeve.Succeeded, reeve.Failed, reeve.Refused}).Draw(h.r, "state"))
	}
}

func (h *history) wait() {
	h.clock.advance(time.Duration(rapid.IntRange(0, 48).Draw(h.r, "hours")) * time.Hour)
	if _, err := h.store.Expire(h.t.Context(), h.clock.Now()); err != nil {
		h.r.Fatal(err)
	}
}

func (h *history) enrolOne() {
	e := h.linux()
	e.MACs = []reeve.MAC{rapid.SampledFrom([]reeve.MAC{0x0a0000000001, 0x0a0000000002, e.MACs[0]}).Draw(h.r, "mac")}
	d := h.enrol(h.t, e)
	h.devices = append(h.devices, d)
	h.wake.online[d.No] = rapid.Bool().Draw(h.r, "online")
}

func (h *history) changeSeats() { h.seats(h.t, rapid.Int64Range(0, 3).Draw(h.r, "seats")) }

func (h *history) addUp() {
	now := h.clock.Now()
	if _, err := h.store.Expire(h.t.Context(), now); err != nil {
		h.r.Fatal(err)
	}
	for _, job := range h.jobs(h.t) {
		commands := h.commands(h.t, job.ID)
		var counts reeve.Counts
		for i, c := range commands {
			due := job.DeliverBy
			if c.State == reeve.Running {
				due = job.FinishBy
			}
			if c.State.IsFinal() {
				counts[c.State]++
			} else if !due.After(now) {
				h.r.Errorf("%s: a command is %v although it was due at %v and it is %v", job.Action, c.State, due, now)
			}
			if int(c.ID.Leaf) != i {
				h.r.Errorf("%s: command %d has leaf %d", job.Action, i, c.ID.Leaf)
			}
		}
		if counts != job.Counts || job.Targets != len(commands) || job.Unmatched > job.Entries {
			h.r.Errorf("%s: the job counts %v of %d, its %d commands are %v", job.Action, job.Counts, job.Targets, len(commands), counts)
		}
	}
	a, err := h.store.Account(h.t.Context(), h.admin.Account)
	if err != nil {
		h.r.Fatal(err)
	}
	n, err := h.store.CountDevices(h.t.Context(), h.admin.Account)
	if err != nil {
		h.r.Fatal(err)
	}
	if free := a.Seats == 0 || n[reeve.Managed] < a.Seats; free && n[reeve.OutOfLicense] > 0 {
		h.r.Errorf("of %d seats %d are taken, and %d devices wait", a.Seats, n[reeve.Managed], n[reeve.OutOfLicense])
	}
	if v, err := control.VerifyLog(h.t.Context(), h.store, a, h.verifier, nil); err != nil || v.Fault != "" {
		h.r.Errorf("the log is %+v, %v", v, err)
	}
}
