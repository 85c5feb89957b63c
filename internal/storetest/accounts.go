package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testAccounts(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an account comes with a default group and its founders", func(w *world) {
		got, err := w.Account(w.ctx, w.account.No)
		w.check(err)
		want := reeve.Account{No: w.account.No, Name: "acme", IdentityFields: reeve.DefaultIdentityFields(),
			DefaultGroup: w.account.DefaultGroup, Created: noon}
		if d := cmp.Diff(want, got); d != "" {
			w.t.Error(d)
		}
		groups, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 10, Page: 1})
		w.check(err)
		if len(groups) != 1 || groups[0].Name != "Default" || !groups[0].Default || groups[0].No != w.account.DefaultGroup || !reeve.IsID(groups[0].ID) {
			w.t.Errorf("groups of a new account: %+v", groups)
		}
		operator, err := w.Operator(w.ctx, "admin@acme")
		w.check(err)
		app, err := w.App(w.ctx, "FIRSTACME")
		w.check(err)
		codes, err := w.Codes(w.ctx, w.account.No)
		w.check(err)
		if operator.Account != w.account.No || app.Account != w.account.No || len(codes) != 1 || codes[0].Account != w.account.No {
			w.t.Errorf("the founders belong to other accounts: %+v %+v %+v", operator, app, codes)
		}
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 10})
		w.check(err)
		if len(rows) != 1 || rows[0].Event != "account_created" || rows[0].Account != w.account.No {
			w.t.Errorf("log of a new account: %+v", rows)
		}
	})

	s.run("a name or an operator that is taken is a conflict and leaves nothing", func(w *world) {
		_, err := w.AddAccount(w.ctx, reeve.Account{Name: "acme", Created: noon}, founders("other"), reeve.AuditEntry{At: noon})
		w.wantKind(err, reeve.Conflict)
		_, err = w.AddAccount(w.ctx, reeve.Account{Name: "other", Created: noon}, founders("acme"), reeve.AuditEntry{At: noon})
		w.wantKind(err, reeve.Conflict)
		accounts, err := w.Accounts(w.ctx)
		w.check(err)
		if len(accounts) != 1 {
			w.t.Errorf("%d accounts, want 1", len(accounts))
		}
	})

	s.run("accounts come in order of creation", func(w *world) {
		w.addAccount("zebra", 0)
		w.addAccount("apple", 0)
		accounts, err := w.Accounts(w.ctx)
		w.check(err)
		var names []string
		for _, a := range accounts {
			names = append(names, a.Name)
		}
		if d := cmp.Diff([]string{"acme", "zebra", "apple"}, names); d != "" {
			w.t.Error(d)
		}
	})

	s.run("settings are kept", func(w *world) {
		other := w.addAccount("other", 0)
		a := w.account
		a.Name, a.Seats, a.RequestsPerMinute, a.IdentityFields = "Acme", 7, -1, []reeve.IdentityField{{Name: "room", Label: "Room", Pattern: "[0-9]+"}}
		w.check(w.setAccount(a, w.entry("account_changed")))
		got, err := w.Account(w.ctx, a.No)
		w.check(err)
		if d := cmp.Diff(a, got); d != "" {
			w.t.Error(d)
		}
		a.IdentityFields = nil
		w.check(w.setAccount(a, w.entry("account_changed")))
		if got, err = w.Account(w.ctx, a.No); err != nil || len(got.IdentityFields) != 0 {
			w.t.Errorf("no questions: %+v %v", got.IdentityFields, err)
		}
		other.Name = "Acme"
		w.wantKind(w.setAccount(other, entryOf(other.No, "account_changed")), reeve.Conflict)
		if d := cmp.Diff([]string{"account_changed", "account_changed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a change is made of the account as it is, or not at all", func(w *world) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := w.ChangeAccount(w.ctx, w.account.No, func(a *reeve.Account) (reeve.AuditEntry, error) {
					a.Seats++
					return w.entry("account_changed"), nil
				})
				if err != nil {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		refused := reeve.Errorf(reeve.Forbidden, "no")
		w.wantKind(w.ChangeAccount(w.ctx, w.account.No, func(a *reeve.Account) (reeve.AuditEntry, error) {
			a.Seats = 99
			return w.entry("account_changed"), refused
		}), reeve.Forbidden)
		got, err := w.Account(w.ctx, w.account.No)
		w.check(err)
		if got.Seats != 8 || len(w.logged()) != 8 {
			w.t.Errorf("%+v, logged %v", got, w.logged())
		}
	})

	s.run("an account that is missing is not found", func(w *world) {
		_, err := w.Account(w.ctx, w.account.No+1)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.setAccount(reeve.Account{No: w.account.No + 1, Name: "x"}, entryOf(w.account.No+1, "x")), reeve.NotFound)
		w.wantKind(w.Place(w.ctx, w.account.No+1, func(reeve.Placing) error { return nil }), reeve.NotFound)
	})

	s.run("new seats go to devices that wait, in order of their enrolment", func(w *world) {
		w.account.Seats = 1
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		w.save(w.account.No, device(0))
		late, early := device(1), device(2)
		late.Class.Standing, early.Class.Standing = reeve.OutOfLicense, reeve.OutOfLicense
		late.EnrolledAt, early.EnrolledAt = noon.Add(2*time.Hour), noon.Add(time.Hour)
		late, early = w.save(w.account.No, late), w.save(w.account.No, early)
		w.seats(2, early, late, [2]reeve.Standing{reeve.Managed, reeve.OutOfLicense})
		w.seats(0, early, late, [2]reeve.Standing{reeve.Managed, reeve.Managed})
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Events: []string{"devices_licensed"}, Limit: 9})
		w.check(err)
		for i, want := range []reeve.Device{early, late} {
			if len(rows) != 2 || rows[i].Detail != `{"devices":1,"ids":["`+want.ID+`"]}` {
				w.t.Errorf("logged %+v", rows)
			}
		}
	})

	s.run("a limit that comes later counts the devices that are there", func(w *world) {
		w.fleet(0, 3)
		w.account.Seats = 4
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		for _, want := range []bool{true, false} {
			w.check(w.Enrol(w.ctx, func(e reeve.Enrolling) error {
				free, err := e.SeatIsFree(w.account.No)
				if free != want {
					w.t.Errorf("seat free: %v, want %v", free, want)
				}
				return err
			}))
			if want {
				w.save(w.account.No, device(3))
			}
		}
	})
}

// seats sets the account's limit and checks where two devices stand then.
func (w *world) seats(n int64, early, late reeve.Device, want [2]reeve.Standing) {
	w.t.Helper()
	w.account.Seats = n
	w.check(w.setAccount(w.account, w.entry("account_changed")))
	got := [2]reeve.Standing{w.read(early).Class.Standing, w.read(late).Class.Standing}
	if got != want {
		w.t.Errorf("with %d seats: %v, want %v", n, got, want)
	}
}
