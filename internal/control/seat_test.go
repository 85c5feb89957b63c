package control_test

import (
	"testing"
	"time"

	"reeve"
)

// seats sets how many managed devices the account may have.
func (w *world) seats(t *testing.T, n int64) {
	t.Helper()
	err := w.store.ChangeAccount(t.Context(), w.admin.Account, func(a *reeve.Account) (reeve.AuditEntry, error) {
		a.Seats = n
		return reeve.AuditEntry{Account: a.No, At: w.clock.Now(), Event: "account_changed"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSeats(t *testing.T) {
	w := newWorld(t)
	var ids []string
	standings := func(want ...reeve.Standing) {
		t.Helper()
		for i, id := range ids {
			if got := w.device(t, id).Class.Standing; got != want[i] {
				t.Errorf("device %d is %v; want %v", i+1, got, want[i])
			}
		}
	}
	const in, out, gone = reeve.Managed, reeve.OutOfLicense, reeve.Archived

	w.seats(t, 2)
	for range 5 {
		ids = append(ids, w.enrol(t, w.linux()).ID)
		w.clock.advance(time.Second)
	}
	standings(in, in, out, out, out)

	p := w.place(t, order("dhcprenew", ids...))
	for i, o := range p.Outcomes {
		if (o.Status == 1) != (i < 2) {
			t.Errorf("dhcprenew of device %d: %+v", i+1, o)
		}
	}
	w.place(t, order("delete", ids[0])) // a freed seat goes to who waits longest
	standings(gone, in, in, out, out)
	if err := w.Leave(t.Context(), w.device(t, ids[1]).Key, ""); err != nil {
		t.Fatal(err)
	}
	standings(gone, gone, in, in, out)
	w.place(t, order("delete", ids[4])) // one that waits frees no seat
	standings(gone, gone, in, in, gone)

	w.seats(t, 1) // nobody who has a seat loses it
	standings(gone, gone, in, in, gone)
	ids = append(ids, w.enrol(t, w.linux()).ID)
	standings(gone, gone, in, in, gone, out)
	w.place(t, order("delete", ids[2])) // one seat, still taken
	standings(gone, gone, gone, in, gone, out)
	w.seats(t, 2)
	standings(gone, gone, gone, in, gone, in)
	ids = append(ids, w.enrol(t, w.linux()).ID)
	w.seats(t, 0)
	standings(gone, gone, gone, in, gone, in, in)
}

// What is unknown or ignored has no seat, and takes one with its agent.
func TestSeatsAreForAgents(t *testing.T) {
	w := newWorld(t)
	w.seats(t, 1)
	printers := w.imported(t, 0x0a0000000001, 0x0a0000000002)
	for i, want := range []reeve.Standing{reeve.Managed, reeve.OutOfLicense} {
		e := w.linux()
		e.MACs = printers[i].MACs
		if d := w.enrol(t, e); d.ID != printers[i].ID || d.Class.Standing != want {
			t.Errorf("taken over: %s is %v; want %v", d.ID, d.Class.Standing, want)
		}
	}
}
