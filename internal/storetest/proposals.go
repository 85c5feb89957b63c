package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

// proposal is the next proposed job of the world.
func (w *world) proposal() reeve.Proposal {
	job := w.job("exempt")
	return reeve.Proposal{
		ID: job.ID, Account: w.account.No, Action: job.Action, Params: job.Params, Order: []byte(`{"Order":{"All":true}}`), Digest: [32]byte{1, 2},
		Targets: 7, Hold: true, Caller: reeve.Caller{Account: w.account.No, Source: reeve.FromAPI, Actor: "app:TEST", Name: "test", Operator: "ann",
			Address: "192.0.2.1", RequestID: "r1"}, Comment: "why", Asked: job.Issued, Expires: job.Issued.Add(time.Hour),
	}
}

func (w *world) propose(p reeve.Proposal, key reeve.RepeatKey) error {
	return w.Place(w.ctx, p.Account, func(tx reeve.Placing) error {
		return tx.Propose(p, p.Asked.Add(-time.Hour), key, w.entry("job_proposed"))
	})
}

func testProposals(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a proposal is kept as it is, for its account", func(w *world) {
		want := w.proposal()
		w.check(w.propose(want, reeve.RepeatKey{}))
		got, err := w.Proposal(w.ctx, w.account.No, want.ID)
		w.check(err)
		if d := cmp.Diff(want, got); d != "" {
			w.t.Error(d)
		}
		other := w.addAccount("other", 0)
		_, err = w.Proposal(w.ctx, other.No, want.ID)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.Place(w.ctx, other.No, func(tx reeve.Placing) error {
			_, err := tx.Proposal(want.ID)
			return err
		}), reeve.NotFound)
		if d := cmp.Diff([]string{"job_proposed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("what is decided is kept, and undone with its transaction", func(w *world) {
		want := w.proposal()
		w.check(w.propose(want, reeve.RepeatKey{}))
		want.State, want.Reason, want.Decided, want.Expires = reeve.Approved, "as agreed", want.Asked.Add(time.Minute), want.Expires.Add(time.Hour)
		want.DecidedBy = reeve.Caller{Account: w.account.No, Source: reeve.FromConsole, Actor: "operator:bob", Name: "bob"}
		cut := errors.New("cut off")
		settle := func(then error) error {
			return w.Place(w.ctx, w.account.No, func(tx reeve.Placing) error {
				w.check(tx.Settle(want, w.entry("job_approved")))
				return then
			})
		}
		if err := settle(cut); !errors.Is(err, cut) {
			w.t.Fatal(err)
		}
		if got, err := w.Proposal(w.ctx, w.account.No, want.ID); err != nil || got.State != reeve.Proposed {
			w.t.Errorf("%+v, %v", got, err)
		}
		w.check(settle(nil))
		got, err := w.Proposal(w.ctx, w.account.No, want.ID)
		w.check(err)
		if d := cmp.Diff(want, got); d != "" {
			w.t.Error(d)
		}
		if d := cmp.Diff([]string{"job_proposed", "job_approved"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("of many who decide at once, each sees what the one before did", func(w *world) {
		p := w.proposal()
		w.check(w.propose(p, reeve.RepeatKey{}))
		late := errors.New("decided before")
		firsts := 0
		for _, err := range concurrently(8, func(int) error {
			return w.Place(w.ctx, w.account.No, func(tx reeve.Placing) error {
				found, err := tx.Proposal(p.ID)
				if err == nil && found.State != reeve.Proposed {
					err = late
				}
				if err != nil {
					return err
				}
				found.State = reeve.Rejected
				return tx.Settle(found)
			})
		}) {
			if err == nil {
				firsts++
			} else if !errors.Is(err, late) {
				w.t.Error(err)
			}
		}
		if firsts != 1 {
			w.t.Errorf("%d decided it", firsts)
		}
	})

	s.run("an id is of one job or proposal", func(w *world) {
		job := w.order("scan_threats", w.fleet(0, 1))
		p := w.proposal()
		p.ID = job.ID
		if err := w.propose(p, reeve.RepeatKey{}); !errors.Is(err, reeve.ErrJobIDTaken) {
			w.t.Errorf("a job's id: %v", err)
		}
		p = w.proposal()
		w.check(w.propose(p, reeve.RepeatKey{}))
		if err := w.propose(p, reeve.RepeatKey{}); !errors.Is(err, reeve.ErrJobIDTaken) {
			w.t.Errorf("a proposal's id: %v", err)
		}
	})

	s.run("a repeat finds the proposal of the first", func(w *world) {
		p := w.proposal()
		key := reeve.RepeatKey{Actor: "app:TEST", Route: "POST /jobs", Key: "k", Body: [32]byte{9}, Until: p.Asked.Add(time.Hour)}
		w.check(w.propose(p, key))
		w.inPlacing(func(tx reeve.Placing) {
			kept, found, err := tx.Kept(key)
			w.check(err)
			if !found || kept.Job != p.ID || kept.Body != key.Body {
				w.t.Errorf("%+v %v", kept, found)
			}
		})
	})

	s.run("lists are newest first, by state and in pages, and old ones are dropped", func(w *world) {
		var all []reeve.JobID
		for i := range 5 {
			p := w.proposal()
			if i == 2 { // names its devices one by one
				p.Order = []byte(`{"Order":{"IDs":["` + strings.Repeat("0", 5000) + `"]}}`)
			}
			p.State = []reeve.ProposalState{reeve.Proposed, reeve.Approved, reeve.Rejected, reeve.Used, reeve.Proposed}[i]
			w.check(w.propose(p, reeve.RepeatKey{}))
			all = append([]reeve.JobID{p.ID}, all...)
		}
		list := func(q reeve.ProposalQuery) (got []reeve.JobID) {
			found, err := w.Proposals(w.ctx, w.account.No, q)
			w.check(err)
			for _, p := range found {
				if long := len(all) > 2 && p.ID == all[2]; (len(p.Order) == 0) != long {
					w.t.Errorf("a list has %d bytes of the order; long: %v", len(p.Order), long)
				}
				got = append(got, p.ID)
			}
			return got
		}
		now := noon.Add(30 * time.Minute)
		for _, tt := range []struct {
			q    reeve.ProposalQuery
			want []reeve.JobID
		}{
			{reeve.ProposalQuery{Limit: 10, Now: now}, all},
			{reeve.ProposalQuery{Limit: 2, Now: now}, all[:2]},
			{reeve.ProposalQuery{Limit: 2, Now: now, Before: all[1]}, all[2:4]},
			{reeve.ProposalQuery{Limit: 2, Now: now, After: all[3]}, all[1:3]},
			{reeve.ProposalQuery{Limit: 10, Now: now, After: all[1]}, all[:1]},
			{reeve.ProposalQuery{Limit: 10, Now: now, States: []reeve.ProposalState{reeve.Proposed}}, []reeve.JobID{all[0], all[4]}},
			{reeve.ProposalQuery{Limit: 10, Now: now, States: []reeve.ProposalState{reeve.Used, reeve.Rejected}}, all[1:3]},
			{reeve.ProposalQuery{Limit: 10, Now: now, States: []reeve.ProposalState{reeve.Lapsed}}, nil},
			{reeve.ProposalQuery{Limit: 10, Now: noon.Add(24 * time.Hour), States: []reeve.ProposalState{reeve.Lapsed}}, []reeve.JobID{all[0], all[3], all[4]}},
		} {
			if d := cmp.Diff(tt.want, list(tt.q)); d != "" {
				w.t.Errorf("%+v: %s", tt.q, d)
			}
		}
		p := w.proposal()
		p.Asked = noon.Add(24 * time.Hour)
		p.Expires = p.Asked.Add(time.Hour)
		w.check(w.propose(p, reeve.RepeatKey{}))
		if got := list(reeve.ProposalQuery{Limit: 10, Now: now}); len(got) != 1 || got[0] != p.ID {
			w.t.Errorf("a day later there are %v", got)
		}
	})
}
