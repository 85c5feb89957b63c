package sqlstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"reeve"
)

func (s *postgresSession) deviceNumbers(ctx context.Context, n int) ([]int64, error) {
	given, err := all(ctx, s, number, "SELECT nextval('device_no') FROM generate_series(1, $1::bigint)", n)
	slices.Sort(given)
	return given, err
}

// Targets come back as arrays, and their keys as one string of bytes: a few
// large values are cheaper than many rows.
const postgresTargets = `array_agg(d.no), array_agg(d.class), string_agg(COALESCE(d.key, decode(repeat('00', 32), 'hex')), '')`

// chunk is large, since the planner then sees whether a list names most of a
// table, and reads the whole table instead of visiting it row by row.
func (s *postgresSession) chunk() int { return 100_000 }

// planFor has the rest of a transaction that works on long lists planned for
// their length, and gives it memory for them.
func (s *postgresSession) planFor(length int) {
	if length < 2000 {
		return
	}
	for _, setting := range []string{"plan_cache_mode = force_custom_plan", "enable_seqscan = on", "enable_hashjoin = on",
		"enable_mergejoin = on", "max_parallel_workers_per_gather = 2", "work_mem = '64MB'"} {
		s.batch.Queue("SET LOCAL " + setting)
	}
}

func (s *postgresSession) findIDs(ctx context.Context, found []reeve.Match, account int64, ids []string, entries []int32) ([]reeve.Match, error) {
	const query = `SELECT array_agg(r.i), ` + postgresTargets + `
		FROM unnest($2::text[]) WITH ORDINALITY AS r (id, i) JOIN devices AS d ON d.id = r.id WHERE d.account = $1 AND ` + live
	s.planFor(len(ids))
	for chunk := range slices.Chunk(ids, s.chunk()) {
		var at []int32
		targets, err := s.targets(ctx, &at, query, account, chunk)
		if err != nil {
			return nil, err
		}
		for i, t := range targets {
			found = append(found, reeve.Match{Entry: entries[at[i]-1], Target: t})
		}
		entries = entries[len(chunk):]
	}
	return found, nil
}

func (s *postgresSession) walk(ctx context.Context, account, group, after int64, limit int) ([]reeve.Target, error) {
	where, args := walkCondition(account, group, after, limit)
	targets, err := s.targets(ctx, nil, "SELECT "+postgresTargets+" FROM (SELECT no, class, key FROM devices AS d WHERE "+
		where+" ORDER BY no LIMIT $3) AS d", args...)
	slices.SortFunc(targets, func(a, b reeve.Target) int { return cmp.Compare(a.No, b.No) })
	return targets, err
}

// targets runs a query for postgresTargets, with one more array before them if
// at is given.
func (s *postgresSession) targets(ctx context.Context, at *[]int32, query string, args ...any) ([]reeve.Target, error) {
	var nos []int64
	var classes []int32
	var keys []byte
	into := []any{&nos, &classes, &keys}
	if at != nil {
		into = slices.Insert(into, 0, any(at))
	}
	_, _, err := first(ctx, s, func(r rows) (_ struct{}, err error) { return struct{}{}, r.Scan(into...) }, query, args...)
	if err != nil {
		return nil, err
	}
	targets := make([]reeve.Target, len(nos))
	for i := range targets {
		targets[i] = reeve.Target{No: nos[i], Class: classes[i], Key: reeve.Key(keys[i*len(reeve.Key{}):])}
	}
	return targets, nil
}

// copyFrom is the number of rows from which COPY beats a statement, which can
// travel together with others.
const copyFrom = 200

func (s *postgresSession) addCommands(ctx context.Context, job reeve.JobID, placed []reeve.Placed, changed int64) error {
	if len(placed) < copyFrom {
		devices, states, reasons := make([]int64, len(placed)), make([]int64, len(placed)), make([]int64, len(placed))
		for i, p := range placed {
			devices[i], states[i], reasons[i] = p.Device, int64(p.State), int64(p.Reason)
		}
		return s.later(ctx, `INSERT INTO commands (job, leaf, device, state, reason, percent, changed)
			SELECT $1::bigint, i - 1, device, state, reason, -1, $2::bigint
			FROM unnest($3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS r (device, state, reason, i)`,
			int64(job), changed, devices, states, reasons)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	row := make([]any, 7)
	leaf := 0
	_, err := s.conn.CopyFrom(ctx, pgx.Identifier{"commands"},
		[]string{"job", "leaf", "device", "state", "reason", "percent", "changed"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if leaf == len(placed) {
				return nil, nil
			}
			p := placed[leaf]
			row[0], row[1], row[2] = int64(job), int32(leaf), p.Device
			row[3], row[4], row[5], row[6] = int16(p.State), int16(p.Reason), int16(-1), changed
			leaf++
			return row, nil
		}))
	return err
}

// setExemptions updates those that there are and inserts the others, since the
// two together are cheaper here than inserts that may find a conflict. Which
// ones there are is told by the update: a look into the table that is being
// filled would read every new row again for the next one, where the planner
// takes the table to be empty.
func (s *postgresSession) setExemptions(ctx context.Context, devices []int64, kind reeve.Exemption, until int64) error {
	return s.later(ctx, `WITH had AS (UPDATE exemptions SET kind = $1, until = $2 WHERE device = ANY($3::bigint[]) RETURNING device)
		INSERT INTO exemptions (device, kind, until) SELECT device, $1::bigint, $2::bigint
		FROM unnest($3::bigint[]) AS r (device) WHERE device NOT IN (SELECT device FROM had)`, int64(kind), until, devices)
}

func (s *postgresSession) standings(ctx context.Context, ids []reeve.CommandID) ([]reeve.Order, error) {
	jobs, leaves := idColumns(ids)
	list, args := s.list("r", 1, jobs, leaves)
	return all(ctx, s, scanOrder, "SELECT c.job, c.leaf, c.device, c.state, 0 FROM "+list+
		" CROSS JOIN commands AS c WHERE c.job = r.job AND c.leaf = r.leaf", args...)
}

func (s *postgresSession) moveCommands(ctx context.Context, moves []*move, now int64) error {
	n := len(moves)
	jobs, leaves, changed := make([]int64, n), make([]int64, n), make([]int64, n)
	states, reasons, percents := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, m := range moves {
		jobs[i], leaves[i], changed[i] = int64(m.id.Job), int64(m.id.Leaf), flag(m.state != m.was)
		states[i], reasons[i], percents[i] = int64(m.state), int64(m.told.Reason), int64(m.told.Percent)
	}
	list, args := s.list("r", 2, numbers("job", jobs), numbers("leaf", leaves), numbers("state", states),
		numbers("reason", reasons), numbers("percent", percents), numbers("moved", changed))
	return s.later(ctx, `UPDATE commands SET state = r.state, reason = r.reason, percent = r.percent,
			changed = CASE WHEN r.moved = 1 THEN $1::bigint ELSE commands.changed END
		FROM `+list+` WHERE commands.job = r.job AND commands.leaf = r.leaf`, append([]any{now}, args...)...)
}

// flush sends what waits.
func (s *postgresSession) flush(ctx context.Context) error {
	if s.batch.Len() == 0 {
		return nil
	}
	results, err := s.send(ctx)
	if err != nil {
		return err
	}
	return results.Close()
}
