package control_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestProposalsEnd(t *testing.T) {
	w := newWorld(t)
	w.limit(t, 1)
	ids := w.fleet(t, 3)
	bob := w.person("bob")
	o := control.Order{Action: "exempt", All: true}

	gone := w.propose(t, w.admin, o)
	w.place(t, order("delete", ids[0]))
	_, _, err := w.Approve(t.Context(), bob, gone.ID, "", 0)
	wantKind(t, "another number of devices", err, reeve.Conflict)
	if text := reeve.Message(err); !strings.Contains(text, "found 3") || !strings.Contains(text, "finds 2") {
		t.Error(text)
	}
	_, err = w.Reject(t.Context(), w.app("OTHER"), gone.ID, "")
	wantKind(t, "another app rejects", err, reeve.Forbidden)
	if p, err := w.Reject(t.Context(), w.admin, gone.ID, "a slip"); err != nil || p.State != reeve.Rejected || p.Reason != "a slip" {
		t.Errorf("taking it back: %+v, %v", p, err)
	}
	_, err = w.Reject(t.Context(), bob, gone.ID, "")
	wantKind(t, "rejecting it again", err, reeve.Conflict)
	_, _, err = w.Approve(t.Context(), bob, gone.ID, "", 0)
	wantKind(t, "approving what was rejected", err, reeve.Conflict)

	late := w.propose(t, w.admin, o)
	held := w.propose(t, w.admin, control.Order{Action: "exempt", All: true, Hold: true})
	w.clock.advance(7*24*time.Hour - time.Second)
	if p, _, err := w.Approve(t.Context(), bob, held.ID, "", 0); err != nil || p.Expires.Before(w.clock.Now().Add(6*24*time.Hour)) {
		t.Errorf("the last moment: %+v, %v", p, err)
	}
	w.clock.advance(time.Second)
	_, _, err = w.Approve(t.Context(), bob, late.ID, "", 0)
	wantKind(t, "after its time", err, reeve.Conflict)
	w.clock.advance(7 * 24 * time.Hour)
	o.Approved = held.ID
	_, err = w.Place(t.Context(), w.admin, o)
	wantKind(t, "an approval whose time is over", err, reeve.Conflict)
	_, err = w.Reject(t.Context(), bob, held.ID, "")
	wantKind(t, "rejecting it", err, reeve.Conflict)
	_, err = w.Place(t.Context(), w.admin, control.Order{Action: "exempt", All: true, Hold: true})
	wantKind(t, "hold without propose", err, reeve.Invalid)
	_, _, err = w.Approve(t.Context(), bob, 1, "", 0)
	wantKind(t, "what nobody proposed", err, reeve.NotFound)
	if rows := w.audit(t, w.admin.Account, "job_rejected"); len(rows) != 1 || !strings.Contains(rows[0].Detail, "a slip") {
		t.Errorf("the log says %+v", rows)
	}
}

// app is an app of the account by itself.
func (w *world) app(id string) reeve.Caller { return callerOf(w.admin.Account, id, w.admin.Scopes...) }

// A repeat of a proposal with its key proposes nothing again, also when it was
// approved meanwhile.
func TestProposingRepeats(t *testing.T) {
	w := newWorld(t)
	w.fleet(t, 2)
	o := keyed(control.Order{Action: "exempt", All: true, Propose: true}, "key", "body")
	first, err := w.Place(t.Context(), w.admin, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Approve(t.Context(), w.person("bob"), first.Proposal.ID, "", 0); err != nil {
		t.Fatal(err)
	}
	again, err := w.Place(t.Context(), w.admin, o)
	if err != nil || !again.Repeated || again.Proposal.ID != first.Proposal.ID || again.Job.ID != 0 || again.Proposal.State != reeve.Used {
		t.Errorf("%+v, %v", again, err)
	}
}

// Of all who decide and use a proposal at once, one wins, and there is one job.
func TestDecidedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.limit(t, 1)
	w.fleet(t, 2)
	all := control.Order{Action: "exempt", All: true}
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := map[string]int{}
	race := func(what string, do func() error) {
		wait.Go(func() {
			err := do()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won[what]++
			} else if kind := reeve.KindOf(err); kind != reeve.Conflict && kind != reeve.Unapproved {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	p := w.propose(t, w.admin, all)
	for _, name := range []string{"ann", "bob", "eve", "joe"} {
		race("approved", func() error { _, _, err := w.Approve(t.Context(), w.person(name), p.ID, "", 0); return err })
		race("rejected", func() error { _, err := w.Reject(t.Context(), w.person(name), p.ID, ""); return err })
	}
	wait.Wait()
	if won["approved"]+won["rejected"] != 1 || len(w.jobs(t)) != won["approved"] {
		t.Errorf("%v, and %d jobs", won, len(w.jobs(t)))
	}
	clear(won)
	before := len(w.jobs(t))
	held := all
	held.Hold = true
	p = w.propose(t, w.admin, held)
	if _, _, err := w.Approve(t.Context(), w.person("bob"), p.ID, "", 0); err != nil {
		t.Fatal(err)
	}
	all.Approved = p.ID
	for range 6 {
		race("used", func() error { _, err := w.Place(t.Context(), w.admin, all); return err })
	}
	wait.Wait()
	if won["used"] != 1 || len(w.jobs(t)) != before+1 {
		t.Errorf("%v, and %d jobs", won, len(w.jobs(t))-before)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	w.settings(t, func(s *reeve.Settings) { s.ApproveAbove, s.ConfirmAbove = 2, 3 })
	w.fleet(t, 2)
	printer := w.imported(t, 0x0a0000000001)[0]
	p, err := w.Preview(t.Context(), w.admin, control.Order{Action: "dhcprenew", All: true, Expect: 99, Propose: true})
	if err != nil || p.Found != 3 || p.Tally[reeve.NoReason] != 2 || p.Tally[reeve.WrongStanding] != 1 || !p.Confirm || !p.NeedsApproval ||
		len(p.Excluded) != 1 || p.Excluded[0].ID != printer.ID {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = w.Preview(t.Context(), w.admin, order("exempt", w.device(t, printer.ID).ID, "nonsense"))
	if err != nil || p.Found != 1 || p.Unmatched != 1 || p.Confirm || p.NeedsApproval || len(p.Excluded) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	for what, o := range map[string]control.Order{"named": order("exempt", printer.ID), "all": {Action: "exempt", All: true}, "away": {Action: "dhcprenew", All: true, SkipAway: true}} {
		p, err := w.Preview(t.Context(), w.admin, o)
		sum := 0
		for _, n := range p.Tally {
			sum += n
		}
		if passed := sum - p.Tally[reeve.NoReason]; err != nil || sum != p.Found || passed != len(p.Excluded)+p.ExcludedMore {
			t.Errorf("%s: the counts do not add up: %+v, %v", what, p, err)
		}
	}
	if len(w.jobs(t)) != 0 || len(w.wake.told) != 0 {
		t.Errorf("a preview did something: %q", w.wake.told)
	}
}
