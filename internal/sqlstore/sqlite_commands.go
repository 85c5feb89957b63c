package sqlstore

import (
	"context"
	"slices"

	"reeve"
)

// Here a statement costs little and a list of rows much, so lists are of plain
// numbers: the leaves of one job.

// addCommands sends a list of devices while all commands stand alike, as is
// usual, else one of device * 4096 + reason * 16 + state.
func (s *sqliteSession) addCommands(ctx context.Context, job reeve.JobID, placed []reeve.Placed, changed int64) error {
	const (
		alike = `INSERT INTO commands (job, leaf, device, state, reason, percent, changed)
			SELECT $1, $2 + key, value, $5, $6, -1, $3 FROM json_each($4)`
		mixed = `INSERT INTO commands (job, leaf, device, state, reason, percent, changed)
			SELECT $1, $2 + key, value >> 12, value & 15, (value >> 4) & 255, -1, $3 FROM json_each($4)`
	)
	devices := make([]int64, 0, s.chunk())
	leaf := 0
	for chunk := range slices.Chunk(placed, s.chunk()) {
		devices = devices[:0]
		state, reason := chunk[0].State, chunk[0].Reason
		differs := func(p reeve.Placed) bool { return p.State != state || p.Reason != reason }
		text, args := alike, []any{int64(job), leaf, changed, "", int64(state), int64(reason)}
		if slices.ContainsFunc(chunk, differs) {
			text, args = mixed, args[:4]
			for _, p := range chunk {
				devices = append(devices, p.Device<<12|int64(p.Reason)<<4|int64(p.State))
			}
		} else {
			for _, p := range chunk {
				devices = append(devices, p.Device)
			}
		}
		args[3] = string(appendList(nil, []column{numbers("device", devices)}))
		if _, err := s.exec(ctx, text, args...); err != nil {
			return err
		}
		leaf += len(chunk)
	}
	return nil
}

func (s *sqliteSession) standings(ctx context.Context, ids []reeve.CommandID) ([]reeve.Order, error) {
	const query = `SELECT COALESCE(string_agg(leaf || ' ' || device || ' ' || state || ' ', ''), '')
		FROM commands WHERE job = $1 AND leaf IN (SELECT value FROM json_each($2))`
	orders := make([]reeve.Order, 0, len(ids))
	for len(ids) > 0 {
		job := ids[0].Job
		n := slices.IndexFunc(ids, func(id reeve.CommandID) bool { return id.Job != job })
		if n < 0 {
			n = len(ids)
		}
		_, leaves := idColumns(ids[:n])
		packed, err := s.text(ctx, query, int64(job), string(appendList(nil, []column{leaves})))
		if err != nil {
			return nil, err
		}
		for len(packed) > 0 {
			var leaf, device, state int64
			leaf, packed = cutNumber(packed)
			device, packed = cutNumber(packed)
			state, packed = cutNumber(packed)
			orders = append(orders, reeve.Order{ID: reeve.CommandID{Job: job, Leaf: int32(leaf)}, Device: device, State: reeve.State(state)})
		}
		ids = ids[n:]
	}
	return orders, nil
}

// moveCommands has a statement for each outcome of each job. Most commands of a
// batch have the same.
func (s *sqliteSession) moveCommands(ctx context.Context, moves []*move, now int64) error {
	const (
		moved    = "UPDATE commands SET state = $3, reason = $4, percent = $5, changed = $6 WHERE job = $1 AND leaf IN (SELECT value FROM json_each($2))"
		progress = "UPDATE commands SET state = $3, reason = $4, percent = $5 WHERE job = $1 AND leaf IN (SELECT value FROM json_each($2))"
	)
	type outcome struct {
		job     reeve.JobID
		state   reeve.State
		reason  reeve.Reason
		percent int8
		moved   bool
	}
	leaves := map[outcome][]int64{}
	for _, m := range moves {
		o := outcome{m.id.Job, m.state, m.told.Reason, m.told.Percent, m.state != m.was}
		leaves[o] = append(leaves[o], int64(m.id.Leaf))
	}
	for o, list := range leaves {
		text, args := progress, []any{int64(o.job), string(appendList(nil, []column{numbers("leaf", list)})),
			int64(o.state), int64(o.reason), int64(o.percent)}
		if o.moved {
			text, args = moved, append(args, now)
		}
		if _, err := s.exec(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}
