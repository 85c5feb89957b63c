package sqlstore

import (
	"context"

	"reeve"
)

// ChangedDevices unites the devices of rows, those that rows name in their
// detail, and those of jobs, in the database: they can be the whole fleet.
func (s *Store) ChangedDevices(ctx context.Context, account int64, q reeve.ChangeQuery) ([]reeve.Device, error) {
	commands, ids, err := s.named(ctx, account, q)
	if err != nil {
		return nil, err
	}
	args := []any{account, micro(q.Since), int64(reeve.FirstJobID(q.Since)), q.Limit, int64(q.Limit) * int64(q.Page-1)}
	add := func(text string, arg ...any) string {
		args = append(args, arg...)
		return text
	}
	events := add(s.db.among(len(args)+1, texts("event", q.Events)))
	actions := add(s.db.among(len(args)+1, texts("action", q.Actions)))
	var jobs, from, to []int64
	for _, run := range commands {
		jobs, from, to = append(jobs, int64(run.Job)), append(from, int64(run.First)), append(to, int64(run.Last))
	}
	list, values := s.db.list("r", len(args)+1, numbers("job", jobs), numbers("low", from), numbers("high", to))
	runs := add(list, values...)
	named := add(s.db.among(len(args)+1, texts("id", ids)))
	where := ""
	if len(q.Systems) > 0 {
		systems := make([]int64, len(q.Systems))
		for i, system := range q.Systems {
			systems[i] = int64(system)
		}
		where = " AND d.class >> 3 IN (SELECT no FROM classes WHERE system " + add(s.db.among(len(args)+1, numbers("system", systems))) + ")"
	}
	return s.devices(ctx, s.db, `(SELECT d.* FROM devices AS d WHERE d.account = $1 AND `+kept+where+` AND d.no IN (
			SELECT o.no FROM audit AS a JOIN devices AS o ON o.account = a.account AND o.id = a.device
				WHERE a.account = $1 AND a.at >= $2 AND a.device <> '' AND a.event `+events+`
			UNION SELECT c.device FROM jobs AS j JOIN commands AS c ON c.job = j.id
				WHERE j.account = $1 AND j.id >= $3 AND c.state = 3 AND j.action `+actions+`
			UNION SELECT c.device FROM `+runs+` CROSS JOIN commands AS c WHERE c.job = r.job AND c.leaf BETWEEN r.low AND r.high
			UNION SELECT o.no FROM devices AS o WHERE o.account = $1 AND o.id `+named+`)
		ORDER BY d.no LIMIT $4 OFFSET $5) AS d`, " ORDER BY d.no", args...)
}

// named returns what rows name in their detail.
func (s *Store) named(ctx context.Context, account int64, q reeve.ChangeQuery) (reeve.Runs, []string, error) {
	these, events := s.db.among(3, texts("event", q.Events))
	details, err := all(ctx, s.db, func(r rows) (e reeve.AuditEntry, err error) { return e, r.Scan(&e.Detail) },
		`SELECT detail FROM audit WHERE account = $1 AND at >= $2 AND event `+these,
		account, micro(q.Since), events)
	if err != nil {
		return nil, nil, err
	}
	var commands reeve.Runs
	var ids []string
	for _, row := range details {
		about := row.About()
		commands, ids = append(commands, about.Commands...), append(ids, about.Devices...)
	}
	return commands, ids, nil
}
