package sqlstore

import (
	"context"
	"slices"

	"reeve"
)

// A strand is one kind of what happens to devices, newest first, with the place
// behind each entry.
type strand func(ctx context.Context, s *Store, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) ([]reeve.TimelineEntry, error)

// Timeline weaves the strands together.
func (s *Store) Timeline(ctx context.Context, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) (reeve.TimelinePage, error) {
	var all []reeve.TimelineEntry
	for _, next := range []strand{rowsOf, commandsOf, identificationsOf, threatsOf} {
		found, err := next(ctx, s, account, d, before, limit+1)
		if err != nil {
			return reeve.TimelinePage{}, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b reeve.TimelineEntry) int { return b.At.Compare(a.At) })
	if len(all) <= limit {
		return reeve.TimelinePage{Entries: all}, nil
	}
	all = all[:limit]
	for _, e := range all {
		switch {
		case e.Row != nil:
			before.Row = e.Row.Seq
		case e.Command != nil:
			before.Job = e.Command.ID.Job
		case e.Identification != nil:
			before.Identified, before.IdentifiedAt = e.Identification.Command, e.At
		case e.Threat != nil:
			before.Found, before.Threat = e.At, e.Threat.Key
		}
	}
	return reeve.TimelinePage{Entries: all, Next: &before}, nil
}

// rowsOf are the rows of the log about the device that tell of more than its commands.
func rowsOf(ctx context.Context, s *Store, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) ([]reeve.TimelineEntry, error) {
	q := reeve.LogQuery{Device: d.ID, Before: before.Row, Newest: true, Limit: limit}
	found, err := (&logReading{store: s, account: account, q: q, alone: true}).read(ctx)
	entries := make([]reeve.TimelineEntry, len(found))
	for i := range found {
		entries[i] = reeve.TimelineEntry{At: found[i].At, Row: &found[i]}
	}
	return entries, err
}

func commandsOf(ctx context.Context, s *Store, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) ([]reeve.TimelineEntry, error) {
	commands, err := s.DeviceCommands(ctx, account, d.No, before.Job, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]reeve.JobID, len(commands))
	for i, c := range commands {
		ids[i] = c.ID.Job
	}
	jobs, err := s.JobsByID(ctx, ids)
	byID := make(map[reeve.JobID]*reeve.Job, len(jobs))
	for i := range jobs {
		byID[jobs[i].ID] = &jobs[i]
	}
	var entries []reeve.TimelineEntry
	for i, c := range commands {
		if job := byID[c.ID.Job]; job != nil { // it was not pruned meanwhile
			entries = append(entries, reeve.TimelineEntry{At: job.Issued, Command: &commands[i], Job: job})
		}
	}
	return entries, err
}

// identificationsOf are in the order in which the user said them, which need not
// be that of the jobs.
func identificationsOf(ctx context.Context, s *Store, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) ([]reeve.TimelineEntry, error) {
	b := &binder{db: s.db}
	where := "i.device = " + b.put(d.No) + " AND d.account = " + b.put(account)
	if !before.IdentifiedAt.IsZero() {
		at, job := b.put(micro(before.IdentifiedAt)), b.put(int64(before.Identified.Job))
		where += " AND (i.at < " + at + " OR i.at = " + at + " AND i.job < " + job + ")"
	}
	return all(ctx, s.db, func(r rows) (e reeve.TimelineEntry, err error) {
		said, err := scanIdentification(r)
		return reeve.TimelineEntry{At: said.At, Identification: &said}, err
	}, identificationColumns+" WHERE "+where+" AND "+kept+" ORDER BY i.at DESC, i.job DESC LIMIT "+b.put(limit), b.args...)
}

// threatsOf are when scans found them for the first time: that never changes.
func threatsOf(ctx context.Context, s *Store, account int64, d reeve.Device, before reeve.TimelinePlace, limit int) ([]reeve.TimelineEntry, error) {
	b := &binder{db: s.db}
	where := "t.device = " + b.put(d.No) + " AND d.account = " + b.put(account)
	if !before.Found.IsZero() {
		at, key := b.put(micro(before.Found)), b.put(before.Threat)
		where += " AND (t.found_first < " + at + " OR t.found_first = " + at + " AND t.finding > " + key + ")"
	}
	return all(ctx, s.db, func(r rows) (e reeve.TimelineEntry, err error) {
		threat, err := scanThreat(r)
		return reeve.TimelineEntry{At: threat.First, Threat: &threat}, err
	}, threatColumns+" FROM threats AS t JOIN devices AS d ON d.no = t.device WHERE "+where+" AND "+kept+
		" ORDER BY t.found_first DESC, t.finding LIMIT "+b.put(limit), b.args...)
}
