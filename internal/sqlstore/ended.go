package sqlstore

import (
	"context"

	"reeve"
)

// inside is a database as the inside of a transaction sees it.
type inside struct {
	database
	session session
}

func (w inside) query(ctx context.Context, text string, args ...any) (rows, error) {
	return w.session.query(ctx, text, args...)
}

func (w inside) queryAsIs(ctx context.Context, text string, args ...any) (rows, error) {
	return w.session.query(ctx, text, args...)
}

// Find returns the next targets of a query: their keys as in a list of devices,
// then what deciding needs of them.
func (p *placing) Find(q reeve.DeviceQuery) ([]reeve.Target, error) {
	t := p.tx
	f, err := t.store.newFinder(t.ctx, inside{t.store.db, t.session}, p.account.No, q)
	if err != nil || f.nothing {
		return nil, err
	}
	keys, _, err := f.find(t.ctx)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	these, arg := t.among(1, numbers("no", keys))
	matches, err := all(t.ctx, t, scanMatch, "SELECT 0, d.no, d.class, d.key FROM devices AS d WHERE d.no "+these+" AND "+live, arg)
	if err == nil {
		matches, err = p.inOrder(matches)
	}
	targets := make([]reeve.Target, len(matches))
	for i, m := range matches {
		targets[i] = m.Target
	}
	return targets, err
}

func scanMatch(r rows) (m reeve.Match, err error) {
	var key []byte
	err = r.Scan(&m.Entry, &m.Target.No, &m.Target.Class, &key)
	m.Target.Key = toKey(key)
	return m, err
}

// Ended returns devices by how their commands of a job ended.
func (p *placing) Ended(q reeve.EndedQuery) ([]reeve.Match, error) {
	t := p.tx
	later, err := p.later(q)
	if err != nil {
		return nil, err
	}
	b := &binder{db: t}
	where := "c.job = " + b.put(int64(q.Job)) + " AND c.leaf >= " + b.put(q.From) + " AND c.state IN " + stateList(q.States) +
		" AND d.no = c.device AND d.account = " + b.put(p.account.No) + " AND " + live
	if len(later) > 0 {
		where += " AND NOT EXISTS (SELECT 1 FROM commands AS o WHERE o.device = c.device AND o.device >> 10 = c.device >> 10 AND o.state = 3 AND o.job " +
			b.among(numbers("job", later)) + ")"
	}
	found, err := all(t.ctx, t, scanMatch, "SELECT c.leaf, d.no, d.class, d.key FROM commands AS c CROSS JOIN devices AS d WHERE "+
		where+" ORDER BY c.leaf LIMIT "+b.put(q.Limit), b.args...)
	if err != nil {
		return nil, err
	}
	return p.inOrder(found)
}

// later are the jobs after that of q with one of the actions that it excludes.
// An approved job has an id from before it was placed, so its time decides.
func (p *placing) later(q reeve.EndedQuery) ([]int64, error) {
	if len(q.Unless) == 0 {
		return nil, nil
	}
	b := &binder{db: p.tx}
	job := b.put(int64(q.Job))
	return all(p.tx.ctx, p.tx, number, `SELECT j.id FROM jobs AS o CROSS JOIN jobs AS j WHERE o.id = `+job+` AND o.account = `+b.put(p.account.No)+`
		AND j.account = o.account AND j.id <> o.id AND j.succeeded > 0 AND j.action `+b.among(texts("action", q.Unless))+`
		AND (j.issued > o.issued OR j.issued = o.issued AND j.id > o.id)`, b.args...)
}

// Deleted returns devices that a job deleted, which is what their records say of
// when that was.
func (p *placing) Deleted(q reeve.EndedQuery) ([]reeve.Gone, error) {
	return all(p.tx.ctx, p.tx, func(r rows) (g reeve.Gone, err error) { return g, r.Scan(&g.Leaf, &g.ID) },
		`SELECT c.leaf, d.id FROM commands AS c CROSS JOIN devices AS d WHERE c.job = $1 AND c.leaf >= $2 AND c.state = 3
			AND d.no = c.device AND d.account = $3 AND `+archived+` AND d.archived = c.changed ORDER BY c.leaf LIMIT $4`,
		int64(q.Job), q.From, p.account.No, q.Limit)
}
