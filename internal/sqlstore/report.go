package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"reeve"
)

// Report records a batch. With the jobs locked, nobody else moves their
// commands: so it reads where the commands stand, lets the reports move them
// here one by one as reeve.NextStates says, and writes what came of it with a
// few statements however many reports there are.
func (s *Store) Report(ctx context.Context, now time.Time, batch []reeve.Report) ([]bool, error) {
	settled := make([]bool, len(batch))
	if len(batch) == 0 {
		return settled, nil
	}
	ids := make([]reeve.CommandID, len(batch))
	for i := range batch {
		ids[i] = batch[i].ID
	}
	slices.SortFunc(ids, compareIDs)
	ids = slices.Compact(ids)
	err := s.change(ctx, func(t *tx) error {
		heads, err := t.lockJobs(ids)
		if err != nil {
			return err
		}
		moves, err := t.movesOf(ids)
		if err != nil {
			return err
		}
		for i := range batch {
			at, found := slices.BinarySearchFunc(moves, batch[i].ID, func(m move, id reeve.CommandID) int { return compareIDs(m.id, id) })
			_, kept := heads[batch[i].ID.Job] // what is being pruned has commands yet, but no job
			if settled[i] = found && kept; settled[i] {
				moves[at].take(&batch[i])
			}
		}
		return t.record(now, moves, heads, agents(now))
	})
	if err != nil {
		return nil, err
	}
	return settled, nil
}

// agents makes the entry of a batch of reports.
func agents(now time.Time) func(account int64) reeve.AuditEntry {
	return func(account int64) reeve.AuditEntry {
		e := system(account, now, "reports")
		e.Source, e.Actor = reeve.FromAgent, "agents"
		return e
	}
}

// A move is a command with what a batch of reports makes of it.
type move struct {
	id     reeve.CommandID
	device int64
	was    reeve.State
	state  reeve.State

	told     *reeve.Report // the last one that was accepted
	message  string
	result   json.RawMessage
	late     string
	identity *reeve.Report // the one with the answers
	threats  []reeve.Threat
	restored []string
}

// take lets one report move the command, or notes it if it came after the end.
// A repeat of the end says nothing new.
func (m *move) take(r *reeve.Report) {
	if r.Device != m.device {
		return
	}
	switch progress := m.state == reeve.Running && r.State == reeve.Running; {
	case progress || m.state.May(r.State):
		m.state, m.told = r.State, r
		if r.Message != "" {
			m.message = r.Message
		}
		if len(r.Result) > 0 {
			m.result = r.Result
		}
		if r.Identity != nil {
			m.identity = r
		}
		if len(r.Threats) > 0 {
			m.threats = r.Threats
		}
		if len(r.Restored) > 0 {
			m.restored = r.Restored
		}
	case m.state.IsFinal() && r.State.IsFinal() && m.state != r.State:
		m.late = r.State.String()
		if m.message == "" {
			m.message = r.Message
		}
		if len(m.result) == 0 {
			m.result, m.threats, m.restored = r.Result, r.Threats, r.Restored
		}
	}
}

// movesOf reads where these commands stand, in order of their ids.
func (t *tx) movesOf(ids []reeve.CommandID) ([]move, error) {
	orders, err := t.session.standings(t.ctx, ids)
	if err != nil {
		return nil, err
	}
	moves := make([]move, len(orders))
	for i, o := range orders {
		moves[i] = move{id: o.ID, device: o.Device, was: o.State, state: o.State}
	}
	slices.SortFunc(moves, func(a, b move) int { return compareIDs(a.id, b.id) })
	return moves, nil
}

// record writes what the moves made of their commands and jobs.
func (t *tx) record(now time.Time, moves []move, heads map[reeve.JobID]jobHead, by func(account int64) reeve.AuditEntry) error {
	ended := map[reeve.JobID]*reeve.Counts{}
	sums := map[int64]*reportSum{}
	found := detections{}
	var told, noted []*move
	for i := range moves {
		m, head := &moves[i], heads[moves[i].id.Job]
		if m.told != nil {
			told = append(told, m)
		}
		if m.message != "" || len(m.result) > 0 || m.late != "" {
			noted = append(noted, m)
		}
		if m.state != m.was || m.late != "" {
			sum(sums, head.account).add(m)
		}
		if head.action != "scan_threats" {
			m.threats = nil // only a scan finds any
		}
		if head.action != "unquarantine" {
			m.restored = nil
		}
		if len(m.threats) > 0 {
			found.add(head.account, m)
		}
		if m.state != m.was && m.state.IsFinal() {
			countIn(ended, m.id.Job)[m.state]++
		}
	}
	if len(told) > 0 {
		if err := t.session.moveCommands(t.ctx, told, micro(now)); err != nil {
			return err
		}
	}
	if err := t.count(ended); err != nil {
		return err
	}
	if err := t.writeNotes(noted); err != nil {
		return err
	}
	if err := t.writeIdentities(now, told); err != nil {
		return err
	}
	if err := t.writeThreats(now, noted); err != nil {
		return err
	}
	if err := t.writeRestored(noted); err != nil {
		return err
	}
	if err := t.logReports(now, sums, by); err != nil {
		return err
	}
	return t.logDetections(now, found)
}

// writeNotes keeps what agents said beyond the state. What comes after the end
// adds to what was said before and replaces nothing of it.
func (t *tx) writeNotes(moves []*move) error {
	if len(moves) == 0 {
		return nil
	}
	n := len(moves)
	jobs, leaves := make([]int64, n), make([]int64, n)
	messages, results, late := make([]string, n), make([]string, n), make([]string, n)
	for i, m := range moves {
		jobs[i], leaves[i] = int64(m.id.Job), int64(m.id.Leaf)
		messages[i], results[i], late[i] = clean(m.message), clean(string(m.result)), m.late
	}
	list, args := t.list("r", 1, numbers("job", jobs), numbers("leaf", leaves),
		texts("message", messages), texts("result", results), texts("late", late))
	return t.later(`INSERT INTO command_notes (job, leaf, message, result, late)
		SELECT job, leaf, message, result, late FROM `+list+` WHERE TRUE
		ON CONFLICT (job, leaf) DO UPDATE SET
			message = CASE WHEN excluded.message = '' OR (excluded.late <> '' AND command_notes.message <> '')
				THEN command_notes.message ELSE excluded.message END,
			result = CASE WHEN excluded.result = '' OR (excluded.late <> '' AND command_notes.result <> '')
				THEN command_notes.result ELSE excluded.result END,
			late = CASE WHEN excluded.late = '' THEN command_notes.late ELSE excluded.late END`, args...)
}

// reportSum is what the log says of one account's part of a batch.
type reportSum struct {
	Jobs   int              `json:"jobs"`
	States map[string]int64 `json:"states,omitempty"`
	Late   int64            `json:"late,omitempty"`
	Ended  reeve.Runs       `json:"commands,omitempty"`

	jobs  []int64           // moves come in order of their ids
	ended []reeve.CommandID // as Ended
}

func sum(sums map[int64]*reportSum, account int64) *reportSum {
	if sums[account] == nil {
		sums[account] = &reportSum{States: map[string]int64{}}
	}
	return sums[account]
}

func (s *reportSum) add(m *move) {
	if job := int64(m.id.Job); s.Jobs == 0 || s.jobs[s.Jobs-1] != job {
		s.jobs = append(s.jobs, job)
		s.Jobs++
	}
	if m.state != m.was {
		s.States[m.state.String()]++
	}
	if m.state != m.was && m.state.IsFinal() {
		s.ended = append(s.ended, m.id)
	}
	if m.late != "" {
		s.Late++
	}
}

// outcome is the worst end that was reported, or ok.
func (s *reportSum) outcome() string {
	for _, state := range []reeve.State{reeve.Failed, reeve.Refused} {
		if s.States[state.String()] > 0 {
			return state.String()
		}
	}
	return "ok"
}

func (t *tx) logReports(now time.Time, sums map[int64]*reportSum, by func(account int64) reeve.AuditEntry) error {
	for account, s := range sums {
		s.Ended = reeve.RunsOf(s.ended)
		detail, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encoding the entry of a batch of reports: %w", err)
		}
		e := by(account)
		e.Detail, e.Outcome = string(detail), s.outcome()
		t.entries = append(t.entries, logged{AuditEntry: e, jobs: s.jobs, moved: micro(now)})
	}
	return nil
}
