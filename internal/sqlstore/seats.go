package sqlstore

import (
	"slices"
	"time"

	"reeve"
)

// The number of managed devices and the queue of those that wait for a seat
// are kept only while an account has a limit, under the lock of its row.

// countSeats counts the managed devices anew.
func (t *tx) countSeats(account int64) error {
	return t.later(`UPDATE accounts SET seats_used =
		(SELECT COUNT(*) FROM devices AS d WHERE d.account = $1 AND d.class & 7 = 0) WHERE no = $1`, account)
}

// useSeats counts n more managed devices, or fewer if n is negative.
func (t *tx) useSeats(account, n int64) error {
	return t.later("UPDATE accounts SET seats_used = seats_used + $2 WHERE no = $1 AND seats > 0", account, n)
}

// freeSeats returns how many more managed devices fit.
func (t *tx) freeSeats(account int64) (int64, error) {
	free, _, err := first(t.ctx, t, number, `SELECT CASE WHEN seats = 0 THEN 9223372036854775807
		WHEN seats > seats_used THEN seats - seats_used ELSE 0 END FROM accounts WHERE no = $1`, account)
	return free, err
}

// giveSeats makes devices that wait managed, in order of their enrolment, as
// far as seats are free.
func (t *tx) giveSeats(account int64, now time.Time) error {
	free, err := t.freeSeats(account)
	if err != nil || free == 0 {
		return err
	}
	lucky, err := all(t.ctx, t, number,
		"SELECT device FROM waiting WHERE account = $1 ORDER BY enrolled, device LIMIT $2", account, free)
	if err != nil || len(lucky) == 0 {
		return err
	}
	these, arg := t.among(1, numbers("device", lucky))
	if err := t.later("DELETE FROM waiting WHERE device "+these, arg); err != nil {
		return err
	}
	promoted, err := all(t.ctx, t, func(r rows) (id string, err error) { return id, r.Scan(&id) },
		"UPDATE devices AS d SET class = d.class - (d.class & 7) WHERE d.class & 7 = 3 AND d.no "+these+" RETURNING id", arg)
	if err != nil {
		return err
	}
	slices.Sort(promoted)
	if err := t.logDevices(system(account, now, "devices_licensed"), promoted); err != nil {
		return err
	}
	return t.useSeats(account, int64(len(promoted)))
}

// settleSeats counts and queues a device that changed from was to d. If that
// frees a seat, the next in the queue gets it.
func (t *tx) settleSeats(a reeve.Account, was, d reeve.Device) error {
	if a.Seats == 0 || was.Class.Standing == d.Class.Standing {
		return nil
	}
	if was.Class.Standing == reeve.OutOfLicense {
		if err := t.later("DELETE FROM waiting WHERE account = $1 AND enrolled = $2 AND device = $3",
			a.No, micro(was.EnrolledAt), d.No); err != nil {
			return err
		}
	}
	if d.Class.Standing == reeve.OutOfLicense {
		if err := t.later("INSERT INTO waiting (account, enrolled, device) VALUES ($1, $2, $3)",
			a.No, micro(d.EnrolledAt), d.No); err != nil {
			return err
		}
	}
	if d.Class.Standing == reeve.Managed {
		return t.useSeats(a.No, 1)
	}
	if was.Class.Standing == reeve.Managed {
		if err := t.useSeats(a.No, -1); err != nil {
			return err
		}
		return t.giveSeats(a.No, d.EnrolledAt)
	}
	return nil
}
