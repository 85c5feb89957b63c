package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"reeve"
)

// Report records a batch, with the same outcome as if its reports had come one
// by one. It takes a few statements however many reports there are.
func (s *Store) Report(ctx context.Context, now time.Time, batch []reeve.Report) ([]bool, error) {
	settled := make([]bool, len(batch))
	if len(batch) == 0 {
		return settled, nil
	}
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareIDs(batch[a].ID, batch[b].ID) })
	err := s.change(ctx, func(t *tx) error {
		ids := make([]reeve.CommandID, len(order))
		for i, at := range order {
			ids[i] = batch[at].ID
		}
		heads, err := t.lockJobs(ids)
		if err != nil {
			return err
		}
		known := order[:0:0]
		for _, at := range order {
			head, ok := heads[batch[at].ID.Job]
			if settled[at] = ok && batch[at].ID.Leaf < head.targets; settled[at] {
				known = append(known, at)
			}
		}
		r := reporting{tx: t, now: now, batch: batch, ended: map[reeve.JobID]*reeve.Counts{}, moved: map[reeve.JobID]*reeve.Counts{}}
		for _, round := range rounds(batch, known) {
			if err := r.round(round); err != nil {
				return err
			}
		}
		if err := t.count(r.ended); err != nil {
			return err
		}
		return r.log(heads)
	})
	if err != nil {
		return nil, err
	}
	return settled, nil
}

// rounds splits reports, given as indexes in order of their commands, so that
// each round has at most one of each command. A Running that the next report
// of its command outdates is left out: that an agent begins and ends between
// two batches is the normal case, and needs one round.
func rounds(batch []reeve.Report, order []int) [][]int {
	var out [][]int
	depth := 0
	for i, at := range order {
		if i > 0 && batch[order[i-1]].ID != batch[at].ID {
			depth = 0
		}
		if i+1 < len(order) {
			next := batch[order[i+1]]
			outdated := next.State == reeve.Running || reeve.Running.May(next.State)
			if batch[at].State == reeve.Running && next.ID == batch[at].ID && next.Device == batch[at].Device && outdated {
				continue
			}
		}
		if depth == len(out) {
			out = append(out, nil)
		}
		out[depth] = append(out[depth], at)
		depth++
	}
	return out
}

// reporting is a batch on its way.
type reporting struct {
	tx    *tx
	now   time.Time
	batch []reeve.Report
	ended map[reeve.JobID]*reeve.Counts // commands by final state
	moved map[reeve.JobID]*reeve.Counts // the same with those that began to run
}

// from is the set of states, as bits, from which each state may be reported.
// A command that runs may report its progress.
var from = func() (set [reeve.NumStates]int64) {
	for s := range reeve.NumStates {
		for _, step := range reeve.NextStates[s] {
			set[step.To] |= 1 << s
		}
	}
	set[reeve.Running] |= 1 << reeve.Running
	return set
}()

// round records reports of different commands, in order of their ids.
func (r *reporting) round(round []int) error {
	n := len(round)
	jobs, leaves, devices := make([]int64, n), make([]int64, n), make([]int64, n)
	states, reasons, percents, allowed := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, at := range round {
		report := &r.batch[at]
		jobs[i], leaves[i], devices[i] = int64(report.ID.Job), int64(report.ID.Leaf), report.Device
		states[i], reasons[i], percents[i] = int64(report.State), int64(report.Reason), int64(report.Percent)
		allowed[i] = from[report.State]
	}
	list, args := r.tx.list("r", 2, numbers("job", jobs), numbers("leaf", leaves), numbers("device", devices),
		numbers("state", states), numbers("reason", reasons), numbers("percent", percents), numbers("allowed", allowed))
	type change struct {
		id      reeve.CommandID
		changed int64
	}
	changes, err := all(r.tx.ctx, r.tx, func(rows rows) (c change, err error) {
		var job int64
		err = rows.Scan(&job, &c.id.Leaf, &c.changed)
		c.id.Job = reeve.JobID(job)
		return c, err
	}, `UPDATE commands SET state = r.state, reason = r.reason, percent = r.percent,
			changed = CASE WHEN commands.state = r.state THEN commands.changed ELSE CAST($1 AS BIGINT) END
		FROM `+list+` WHERE commands.job = r.job AND commands.leaf = r.leaf AND commands.device = r.device
			AND (r.allowed >> CAST(commands.state AS INTEGER)) & 1 = 1
		RETURNING commands.job, commands.leaf, commands.changed`, append([]any{micro(r.now)}, args...)...)
	if err != nil {
		return err
	}
	accepted := make([]bool, n)
	for _, c := range changes {
		i, _ := slices.BinarySearchFunc(round, c.id, func(at int, id reeve.CommandID) int { return compareIDs(r.batch[at].ID, id) })
		accepted[i] = true
		state := r.batch[round[i]].State
		if state.IsFinal() {
			countIn(r.ended, c.id.Job)[state]++
		}
		if state.IsFinal() || c.changed == micro(r.now) {
			countIn(r.moved, c.id.Job)[state]++
		}
	}
	if err := r.note(round, accepted); err != nil {
		return err
	}
	return r.identify(round, accepted)
}

// note keeps what agents said beyond the state: with a report that was
// accepted, or one that came after the end and names another end.
func (r *reporting) note(round []int, accepted []bool) error {
	var said, late []int
	for i, at := range round {
		report := &r.batch[at]
		switch {
		case !accepted[i] && report.State.IsFinal():
			late = append(late, at)
		case accepted[i] && (report.Message != "" || len(report.Result) > 0):
			said = append(said, at)
		}
	}
	if len(said) > 0 {
		list, args := r.notes(said)
		err := r.tx.later(`INSERT INTO command_notes (job, leaf, message, result, late)
			SELECT r.job, r.leaf, r.message, r.result, '' FROM `+list+` WHERE TRUE
			ON CONFLICT (job, leaf) DO UPDATE SET
				message = CASE WHEN excluded.message = '' THEN command_notes.message ELSE excluded.message END,
				result = CASE WHEN excluded.result = '' THEN command_notes.result ELSE excluded.result END`, args...)
		if err != nil {
			return err
		}
	}
	if len(late) == 0 {
		return nil
	}
	list, args := r.notes(late)
	noted, err := all(r.tx.ctx, r.tx, number, `INSERT INTO command_notes (job, leaf, message, result, late)
		SELECT r.job, r.leaf, r.message, r.result, r.late FROM `+list+` CROSS JOIN commands AS c
		WHERE c.job = r.job AND c.leaf = r.leaf AND c.device = r.device AND c.state > 2 AND c.state <> r.state
		ON CONFLICT (job, leaf) DO UPDATE SET late = excluded.late,
			message = CASE WHEN command_notes.message = '' THEN excluded.message ELSE command_notes.message END,
			result = CASE WHEN command_notes.result = '' THEN excluded.result ELSE command_notes.result END
		RETURNING job`, args...)
	for _, job := range noted {
		countIn(r.moved, reeve.JobID(job))[lateCount]++
	}
	return err
}

// notes lists reports with their texts.
func (r *reporting) notes(reports []int) (string, []any) {
	n := len(reports)
	jobs, leaves, devices, states := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	messages, results, words := make([]string, n), make([]string, n), make([]string, n)
	for i, at := range reports {
		report := &r.batch[at]
		jobs[i], leaves[i], devices[i], states[i] = int64(report.ID.Job), int64(report.ID.Leaf), report.Device, int64(report.State)
		messages[i], results[i], words[i] = clean(report.Message), clean(string(report.Result)), report.State.String()
	}
	return r.tx.list("r", 1, numbers("job", jobs), numbers("leaf", leaves), numbers("device", devices), numbers("state", states),
		texts("message", messages), texts("result", results), texts("late", words))
}

// identify keeps the latest answers to re-identify.
func (r *reporting) identify(round []int, accepted []bool) error {
	answers := map[int64]string{}
	for i, at := range round {
		report := &r.batch[at]
		if !accepted[i] || report.Identity == nil {
			continue
		}
		text, err := encode(report.Identity, len(report.Identity) == 0)
		if err != nil {
			return err
		}
		answers[report.Device] = clean(text)
	}
	if len(answers) == 0 {
		return nil
	}
	devices := slices.Sorted(maps.Keys(answers))
	words := make([]string, len(devices))
	for i, d := range devices {
		words[i] = answers[d]
	}
	list, args := r.tx.list("r", 1, numbers("device", devices), texts("identity", words))
	return r.tx.later(`INSERT INTO device_facts (device, facts, identity) SELECT device, '', identity FROM `+list+` WHERE TRUE
		ON CONFLICT (device) DO UPDATE SET identity = excluded.identity`, args...)
}

// lateCount is where notes after the end are counted: no report is ever Queued.
const lateCount = reeve.Queued

// log appends one entry per account whose commands moved or were noted.
func (r *reporting) log(heads map[reeve.JobID]jobHead) error {
	type sum struct {
		Jobs   int              `json:"jobs"`
		States map[string]int64 `json:"states,omitempty"`
		Late   int64            `json:"late,omitempty"`
	}
	sums := map[int64]*sum{}
	for job, counts := range r.moved {
		account := heads[job].account
		if sums[account] == nil {
			sums[account] = &sum{States: map[string]int64{}}
		}
		s := sums[account]
		s.Jobs++
		s.Late += counts[lateCount]
		for state := reeve.Sent; state < reeve.NumStates; state++ {
			if counts[state] > 0 {
				s.States[state.String()] += counts[state]
			}
		}
	}
	for account, s := range sums {
		detail, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding the entry of a batch of reports: %w", err)
		}
		e := system(account, r.now, "reports")
		e.Source, e.Detail = reeve.FromAgent, string(detail)
		r.tx.log(e)
	}
	return nil
}
