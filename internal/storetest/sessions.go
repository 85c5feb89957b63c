package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testSessions(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a session is kept as it was made, and found with its operator as he is", func(w *world) {
		lab := w.group("Lab")
		ann := w.operator("ann", reeve.RoleViewer)
		v := w.session("ann", "s")
		ann.SignedIn, ann.Role = noon, reeve.NoRole
		ann.Groups = []reeve.GroupRole{{Group: lab.No, GroupID: lab.ID, Role: reeve.RoleOperator}}
		w.check(w.SetOperator(w.ctx, ann, w.entry("operator_changed")))
		got, operator, err := w.Session(w.ctx, "s", noon)
		w.check(err)
		if d := cmp.Diff(v, got) + cmp.Diff(ann, operator); d != "" {
			w.t.Error(d)
		}
		v.Used, v.Proved = noon.Add(time.Minute), noon.Add(time.Second)
		w.check(w.TouchSession(w.ctx, v))
		if got, _, err := w.Session(w.ctx, "s", noon); err != nil || !got.Used.Equal(v.Used) || !got.Proved.Equal(v.Proved) {
			w.t.Errorf("touched: %+v, %v", got, err)
		}
		_, _, err = w.Session(w.ctx, "s", v.Expires)
		w.wantKind(err, reeve.NotFound)
		_, _, err = w.Session(w.ctx, "other", noon)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.AddSession(w.ctx, reeve.Session{ID: reeve.NewID(), Secret: "x", Operator: "nobody", Created: noon}), reeve.NotFound)
	})

	s.run("sessions are listed and ended within their account", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		first, _, third := w.session("ann", "1"), w.session("bob", "2"), w.session("ann", "3")
		count := func(operator string, account int64) int {
			list, err := w.Sessions(w.ctx, account, operator, noon)
			w.check(err)
			return len(list)
		}
		if count("ann", w.account.No) != 2 || count("ann", other.No) != 0 {
			w.t.Error("sessions of ann are not those of her account")
		}
		w.wantKind(w.EndSession(w.ctx, other.No, "ann", first.ID, entryOf(other.No, "x")), reeve.NotFound)
		w.wantKind(w.EndSession(w.ctx, w.account.No, "bob", first.ID, w.entry("x")), reeve.NotFound)
		w.check(w.EndSession(w.ctx, w.account.No, "ann", first.ID, w.entry("signed_out")))
		fourth := w.session("ann", "4")
		w.wantKind(w.EndSessions(w.ctx, other.No, "ann", "", entryOf(other.No, "x")), reeve.NotFound)
		w.check(w.EndSessions(w.ctx, w.account.No, "ann", fourth.ID, w.entry("sessions_ended")))
		_, _, err := w.Session(w.ctx, third.Secret, noon)
		w.wantKind(err, reeve.NotFound)
		if count("ann", w.account.No) != 1 || count("bob", w.account.No) != 1 {
			w.t.Error("other sessions were ended, or too few")
		}
	})

	for what, end := range map[string]func(w *world, o reeve.Operator) error{
		"a new password": func(w *world, o reeve.Operator) error {
			o.PasswordHash = "2"
			return w.SetOperator(w.ctx, o, w.entry("operator_changed"))
		},
		"removing the operator": func(w *world, o reeve.Operator) error {
			return w.RemoveOperator(w.ctx, o.Account, o.Name, w.entry("operator_removed"))
		},
	} {
		s.run(what+" ends sessions and tickets", func(w *world) {
			ann := w.operator("ann", reeve.RoleViewer)
			w.operator("bob", reeve.RoleViewer)
			w.session("ann", "1")
			w.session("bob", "2")
			w.check(w.AddTicket(w.ctx, reeve.Ticket{Secret: "t", Operator: "ann", Step: reeve.ChoosePassword, Expires: noon.Add(time.Hour)}))
			w.check(w.SetFactor(w.ctx, reeve.Factor{Operator: "ann", Secret: []byte{1}}, []string{"r"}))
			w.check(end(w, ann))
			_, _, err := w.Session(w.ctx, "1", noon)
			w.wantKind(err, reeve.NotFound)
			_, err = w.Ticket(w.ctx, "t", noon)
			w.wantKind(err, reeve.NotFound)
			_, _, err = w.Session(w.ctx, "2", noon)
			w.check(err)
		})
	}

	s.run("a ticket is good for one use, until it is over, replaced or not needed any more", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		ticket := func(secret string, step reeve.TicketStep) reeve.Ticket {
			v := reeve.Ticket{Secret: secret, Operator: "ann", Step: step, Expires: noon.Add(time.Hour)}
			w.check(w.AddTicket(w.ctx, v, w.entry("invited")))
			return v
		}
		gone := func(secret string) {
			w.t.Helper()
			_, err := w.Ticket(w.ctx, secret, noon)
			w.wantKind(err, reeve.NotFound)
		}
		ticket("1", reeve.ChoosePassword)
		second := ticket("2", reeve.ChoosePassword)
		gone("1")
		ticket("3", reeve.SecondFactor)
		got, err := w.Ticket(w.ctx, "2", noon)
		w.check(err)
		if d := cmp.Diff(second, got); d != "" {
			w.t.Error(d)
		}
		_, err = w.Ticket(w.ctx, "2", second.Expires)
		w.wantKind(err, reeve.NotFound)
		var wins atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if w.SpendTicket(w.ctx, "2") == nil {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			w.t.Errorf("one ticket was spent %d times", wins.Load())
		}
		w.session("ann", "s")
		gone("3")
		w.wantKind(w.AddTicket(w.ctx, reeve.Ticket{Secret: "4", Operator: "nobody"}), reeve.NotFound)
	})
}

func testFactors(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an authenticator app has recovery codes, each good for once", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		_, err := w.Factor(w.ctx, "ann")
		w.wantKind(err, reeve.NotFound)
		w.check(w.SetFactor(w.ctx, reeve.Factor{Operator: "ann", Secret: []byte{1}}, []string{"old"}))
		f := reeve.Factor{Operator: "ann", Secret: []byte{2}, Confirmed: noon, Step: 7}
		w.check(w.SetFactor(w.ctx, f, []string{"a", "b"}, w.entry("second_factor_added")))
		got, err := w.Factor(w.ctx, "ann")
		w.check(err)
		if d := cmp.Diff(f, got); d != "" {
			w.t.Error(d)
		}
		w.wantKind(w.UseRecoveryCode(w.ctx, "ann", "old", w.entry("x")), reeve.NotFound)
		w.check(w.UseRecoveryCode(w.ctx, "ann", "a", w.entry("recovery_code_used")))
		w.wantKind(w.UseRecoveryCode(w.ctx, "ann", "a", w.entry("x")), reeve.NotFound)
		if n, err := w.RecoveryCodes(w.ctx, "ann"); err != nil || n != 1 {
			w.t.Errorf("%d codes are left, %v", n, err)
		}
		other := w.addAccount("other", 0)
		w.wantKind(w.RemoveFactor(w.ctx, other.No, "ann", entryOf(other.No, "x")), reeve.NotFound)
		w.check(w.RemoveFactor(w.ctx, w.account.No, "ann", w.entry("second_factor_removed")))
		if n, err := w.RecoveryCodes(w.ctx, "ann"); err != nil || n != 0 {
			w.t.Errorf("%d codes are left of no app, %v", n, err)
		}
		if d := cmp.Diff([]string{"operator_created", "second_factor_added", "recovery_code_used", "second_factor_removed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("no code is taken twice, nor one from before the last", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		w.check(w.SetFactor(w.ctx, reeve.Factor{Operator: "ann", Secret: []byte{1}, Step: 5}, nil))
		w.wantKind(w.UseStep(w.ctx, "ann", 5), reeve.Conflict)
		w.check(w.UseStep(w.ctx, "ann", 7))
		w.wantKind(w.UseStep(w.ctx, "ann", 7), reeve.Conflict)
		w.wantKind(w.UseStep(w.ctx, "ann", 6), reeve.Conflict)
	})

	s.run("failures are counted by key until they are forgotten", func(w *world) {
		long := noon.Add(-time.Hour)
		for i := range int64(3) {
			counts, err := w.AddFailure(w.ctx, noon, long, "near", "far")
			w.check(err)
			if d := cmp.Diff([]int64{i + 1, i + 1}, counts); d != "" {
				w.t.Error(d)
			}
		}
		w.check(w.ForgetFailures(w.ctx, "near"))
		got, err := w.Failures(w.ctx, "near", "far", "other")
		w.check(err)
		if d := cmp.Diff([]reeve.Failures{{}, {Count: 3, Last: noon}, {}}, got); d != "" {
			w.t.Error(d)
		}
		counts, err := w.AddFailure(w.ctx, noon.Add(2*time.Hour), noon.Add(time.Hour), "far")
		w.check(err)
		if counts[0] != 1 {
			w.t.Errorf("what is over counts still: %d", counts[0])
		}
	})
}

// session opens a session of an operator that lasts a day.
func (w *world) session(operator, secret string) reeve.Session {
	w.t.Helper()
	v := reeve.Session{ID: reeve.NewID(), Secret: secret, Operator: operator, How: "password", Created: noon, Used: noon, Proved: noon,
		Expires: noon.Add(24 * time.Hour), Address: "192.0.2.1", Browser: "a browser"}
	w.check(w.AddSession(w.ctx, v))
	return v
}
