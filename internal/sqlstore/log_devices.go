package sqlstore

import (
	"fmt"
	"slices"
	"time"

	"reeve"
)

// A logged entry has the list of the devices that it is about, if these are many,
// and the jobs whose commands were moved by the reports that it tells of.
type logged struct {
	reeve.AuditEntry
	list  int64 // key of log_lists; 0 for none
	jobs  []int64
	moved int64 // when, as the commands have it
}

// logAbout appends an entry about the devices whose keys, as no, a query finds
// now: it is found by each of them. The list is written before the log's head is
// locked, however long it is.
func (t *tx) logAbout(e reeve.AuditEntry, which string, args ...any) error {
	list, _, err := first(t.ctx, t, number, "INSERT INTO log_lists (account, seq) VALUES ($1, 0) RETURNING no", e.Account)
	if err != nil {
		return err
	}
	t.entries = append(t.entries, logged{AuditEntry: e, list: list})
	return t.later(fmt.Sprintf("INSERT INTO log_devices (list, device) SELECT CAST($%d AS BIGINT), f.no FROM (%s) AS f", len(args)+1, which),
		append(slices.Clone(args), list)...)
}

// runsInRow is how many runs of commands one row of the log holds at most, so
// that no row grows beyond some hundred kilobytes.
const runsInRow = 10_000

// logRuns appends entries about the devices of one job's commands.
func (t *tx) logRuns(account int64, now time.Time, event string, commands reeve.Runs) error {
	for some := range slices.Chunk(commands, runsInRow) {
		text, _ := some.MarshalText() // never fails
		e := system(account, now, event)
		e.Job, e.Detail = some[0].Job, fmt.Sprintf(`{"devices":%d,"commands":%q}`, some.Len(), text)
		jobs, low, high := make([]int64, len(some)), make([]int64, len(some)), make([]int64, len(some))
		for i, run := range some {
			jobs[i], low[i], high[i] = int64(run.Job), int64(run.First), int64(run.Last)
		}
		list, args := t.list("r", 1, numbers("job", jobs), numbers("low", low), numbers("high", high))
		err := t.logAbout(e, "SELECT c.device AS no FROM "+list+" CROSS JOIN commands AS c WHERE c.job = r.job AND c.leaf BETWEEN r.low AND r.high", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// idsInRow is how many device ids one row of the log names at most.
const idsInRow = 1000

// logDevices appends the entry for these devices: a row for every thousand.
func (t *tx) logDevices(e reeve.AuditEntry, ids []string) error {
	for some := range slices.Chunk(ids, idsInRow) {
		detail, err := encode(map[string]any{"devices": len(some), "ids": some}, false)
		if err != nil {
			return err
		}
		if e.Detail = detail; len(some) == 1 {
			e.Device = some[0]
			t.log(e)
			continue
		}
		these, arg := t.among(2, texts("id", some))
		if err := t.logAbout(e, "SELECT d.no FROM devices AS d WHERE d.account = $1 AND d.id "+these, e.Account, arg); err != nil {
			return err
		}
	}
	return nil
}

// logNumbers is logAbout for devices with these keys.
func (t *tx) logNumbers(e reeve.AuditEntry, nos []int64) error {
	if len(nos) == 0 {
		t.log(e)
		return nil
	}
	list, args := t.list("r", 1, numbers("no", nos))
	return t.logAbout(e, "SELECT r.no FROM "+list, args...)
}

// logCount appends an entry about n devices of a job, unless there are none.
func (t *tx) logCount(e reeve.AuditEntry, job reeve.JobID, n int64) {
	if n == 0 {
		return
	}
	e.Job, e.Detail = job, fmt.Sprintf(`{"devices":%d}`, n)
	t.log(e)
}
