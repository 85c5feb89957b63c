package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/seal"
)

// appendLog appends the transaction's entries to the logs of their accounts.
func (t *tx) appendLog() error {
	if len(t.entries) == 0 {
		return nil
	}
	slices.SortStableFunc(t.entries, func(a, b logged) int { return cmp.Compare(a.Account, b.Account) })
	var accounts []int64
	for _, e := range t.entries {
		accounts = append(accounts, e.Account)
	}
	accounts = slices.Compact(accounts)
	these, arg := t.among(1, numbers("account", accounts))
	heads, err := all(t.ctx, t, scanHead, t.locking(
		"SELECT account, seq, hash, at FROM log_heads WHERE account "+these+" ORDER BY account"), arg)
	if err != nil {
		return err
	}
	for _, e := range t.entries {
		i := slices.IndexFunc(heads, func(c reeve.Checkpoint) bool { return c.Account == e.Account })
		if i < 0 {
			return noAccount
		}
		if err := t.appendEntry(&heads[i], e.AuditEntry); err != nil {
			return err
		}
		if e.list != 0 {
			if err := t.later("UPDATE log_lists SET seq = $2 WHERE no = $1", e.list, heads[i].Seq); err != nil {
				return err
			}
		}
	}
	for _, h := range heads {
		mark := t.store.head.Mark(h.Account, h.Seq, h.Hash)
		err := t.later("UPDATE log_heads SET seq = $2, hash = $3, mark = $4, at = $5 WHERE account = $1",
			h.Account, h.Seq, h.Hash[:], mark[:], micro(h.At))
		if err != nil {
			return err
		}
	}
	return nil
}

// appendEntry writes the row that follows head and moves head to it.
func (t *tx) appendEntry(head *reeve.Checkpoint, e reeve.AuditEntry) error {
	e.Seq, e.Prev, e.At = head.Seq+1, head.Hash, fromMicro(micro(e.At))
	if e.At.Before(head.At) { // two servers' clocks, or a transaction that waited
		e.At = head.At
	}
	for _, text := range []*string{&e.Event, &e.Actor, &e.Name, &e.Address, &e.RequestID, &e.Device, &e.Outcome, &e.Detail} {
		*text = clean(*text)
	}
	numbers, texts := e.Covered()
	e.Hash = seal.Next(e.Prev, seal.Row{Numbers: numbers, Texts: texts})
	head.Seq, head.Hash, head.At = e.Seq, e.Hash, e.At
	if err := t.countEvents(e); err != nil {
		return err
	}
	return t.later(`INSERT INTO audit (account, seq, at, event, source, actor, name, address, request_id, device, job,
		outcome, detail, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		e.Account, e.Seq, micro(e.At), e.Event, int64(e.Source), e.Actor, e.Name, e.Address, e.RequestID, e.Device,
		int64(e.Job), e.Outcome, e.Detail, e.Prev[:], e.Hash[:])
}

// beginLog starts the log of a new account.
func (t *tx) beginLog(account int64) error {
	var none seal.Hash
	mark := t.store.head.Mark(account, 0, none)
	return t.later("INSERT INTO log_heads (account, seq, hash, mark, at) VALUES ($1, 0, $2, $3, 0)", account, none[:], mark[:])
}

// Append adds entries that belong to no other change.
func (s *Store) Append(ctx context.Context, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entries...)
		return nil
	})
}

// Log returns rows of an account in order of Seq, or backwards: those of a device
// or a job, or along the kinds, the actors, the outcomes or the sources that are
// asked for, or along all.
func (s *Store) Log(ctx context.Context, account int64, q reeve.LogQuery) ([]reeve.AuditEntry, error) {
	ways, err := s.waysOf(ctx, account, q)
	if err != nil || ways.kinds != nil && len(ways.kinds) == 0 {
		return nil, err
	}
	b := &binder{db: s.db}
	where, order := []string{}, ""
	and := func(given bool, condition func() string) {
		if given {
			where = append(where, condition())
		}
	}
	of := b.put(account)
	and(q.After > 0, func() string { return "seq > " + b.put(q.After) })
	and(q.Before > 0, func() string { return "seq < " + b.put(q.Before) })
	and(!q.Since.IsZero(), func() string { return "seq >= " + fmt.Sprintf(seqAt, of, b.put(micro(q.Since))) })
	and(!q.Until.IsZero(), func() string { return "seq < " + fmt.Sprintf(seqAt, of, b.put(micro(q.Until))) })
	if q.Newest {
		order = " DESC"
	}
	limit := " ORDER BY seq" + order + " LIMIT " + b.put(q.Limit)
	asked := make([]string, len(ways.asked))
	for i, c := range ways.asked {
		asked[i] = c.condition(b)
	}
	switch {
	case ways.kinds != nil:
		// The last sum before what was pruned is there without its row.
		where = append(where, "seq >= (SELECT a.seq FROM audit AS a WHERE a.account = "+of+" ORDER BY a.seq LIMIT 1)")
		if len(asked) > 0 {
			where = append(where, "EXISTS (SELECT 1 FROM audit AS a WHERE a.account = "+of+" AND a.seq = log_sums.seq AND "+strings.Join(asked, " AND ")+")")
		}
		where = []string{"seq " + s.db.page(merge("seq", "log_sums", "kind", ways.kinds, strings.Join(where, " AND "), b)+limit)}
	case ways.along != nil:
		where = append(append(where, "account = "+of), asked...)
		where = []string{"seq " + s.db.page(ways.along.merge("seq", "audit", strings.Join(where, " AND "), b)+limit)}
	default:
		// The indexes hold no rows about nothing, and SQLite wants to be told.
		and(q.Device != "", func() string { return "seq " + s.db.page(fmt.Sprintf(rowsOfDevice, of, b.put(q.Device))) })
		and(q.Job != 0, func() string { return "job <> 0 AND job = " + b.put(int64(q.Job)) })
		where = append(where, asked...)
	}
	whose := "account = " + of
	if q.Job != 0 {
		whose = "+" + whose // few rows are meant: not along the whole log
	}
	where = append([]string{whose}, where...)
	return all(ctx, s.db, scanEntry, `SELECT account, seq, at, event, source, actor, name, address, request_id, device, job, outcome, detail,
		prev, hash FROM audit WHERE `+strings.Join(where, " AND ")+limit, b.args...)
}

// waysOf is what a reading of the log goes along, at most one of the two, and
// what it asks of each row.
type waysOf struct {
	kinds []int64
	along *column
	asked []column
}

func (s *Store) waysOf(ctx context.Context, account int64, q reeve.LogQuery) (w waysOf, err error) {
	var sources []int64
	for _, source := range q.Sources {
		sources = append(sources, int64(source))
	}
	narrow := given(texts("actor", q.Actors), texts("outcome", q.Outcomes), numbers("source", sources))
	events := given(texts("event", q.Events))
	if q.Device != "" || q.Job != 0 {
		return waysOf{asked: append(narrow, events...)}, nil
	}
	w.kinds, err = s.kindsFor(ctx, account, q)
	if err != nil {
		return w, err
	}
	if w.kinds != nil && len(q.Kinds) == 0 { // which are of these sources
		narrow = given(texts("actor", q.Actors), texts("outcome", q.Outcomes))
	}
	if slices.Contains(q.Outcomes, "ok") { // most rows have it, so no index does
		w.asked = []column{texts("outcome", q.Outcomes)}
		narrow = slices.DeleteFunc(narrow, func(c column) bool { return c.name == "outcome" })
	}
	switch {
	case len(q.Kinds) > 0:
		w.asked = append(append(w.asked, narrow...), events...)
		return w, nil
	case len(narrow) == 0 && w.kinds == nil:
		w.asked = append(w.asked, events...)
		return w, nil
	case len(narrow) == 0:
		return w, nil
	}
	best, fewest := 0, int64(fewEnough)
	if len(narrow) > 1 || w.kinds != nil {
		if best, fewest, err = s.rarest(ctx, "audit", account, narrow); err != nil {
			return w, err
		}
	}
	if w.kinds != nil {
		b := &binder{db: s.db}
		n, err := s.countRows(ctx, b, "log_sums WHERE kind "+b.among(numbers("kind", w.kinds)), fewest)
		if err != nil || n < fewest {
			w.asked = append(w.asked, narrow...)
			return w, err
		}
		w.kinds = nil
		w.asked = append(w.asked, given(numbers("source", sources))...)
	}
	w.along = &narrow[best]
	w.asked = append(append(append(w.asked, events...), narrow[:best]...), narrow[best+1:]...)
	return w, nil
}

// maxKinds is how many kinds of rows a reading goes along. One that wants more
// meets every row: most are wanted then.
const maxKinds = 32

// kindsFor returns the kinds along which rows are found, nil if along all.
func (s *Store) kindsFor(ctx context.Context, account int64, q reeve.LogQuery) ([]int64, error) {
	// Of these two, rows that stand for no event are in no sums.
	uncounted := slices.Contains(q.Events, reeve.JobPlaced) || slices.Contains(q.Events, reeve.Reports)
	if len(q.Kinds) == 0 && (len(q.Events) == 0 || uncounted) {
		return nil, nil
	}
	kinds := q.Kinds
	if len(kinds) == 0 {
		known, err := s.LogKinds(ctx, account)
		if err != nil {
			return nil, err
		}
		kinds = []int64{}
		for _, k := range known {
			if slices.Contains(q.Events, k.Event) && (len(q.Sources) == 0 || slices.Contains(q.Sources, k.Source)) {
				kinds = append(kinds, k.No)
			}
		}
	}
	if len(kinds) > maxKinds {
		return nil, nil
	}
	return kinds, nil
}

// seqAt is the first row at or after a moment. Times never go back in a log, so
// that a stretch of time is a stretch of rows.
const seqAt = `COALESCE((SELECT a.seq FROM audit AS a WHERE a.account = %s AND a.at >= %s
	ORDER BY a.at, a.seq LIMIT 1), 9223372036854775807)`

// rowsOfDevice are the rows about a device: about it alone, or about many.
const rowsOfDevice = `SELECT a.seq FROM audit AS a WHERE +a.account = %[1]s AND a.device <> '' AND a.device = %[2]s
	UNION SELECT l.seq FROM devices AS d CROSS JOIN log_devices AS m CROSS JOIN log_lists AS l
	WHERE d.account = %[1]s AND d.id = %[2]s AND m.device = d.no AND l.no = m.list AND l.account = %[1]s`

// Head returns where an account's log ends, and whether its mark holds.
func (s *Store) Head(ctx context.Context, account int64) (reeve.Checkpoint, bool, error) {
	var mark []byte
	head, err := must[reeve.Checkpoint](noAccount)(first(ctx, s.db, func(r rows) (c reeve.Checkpoint, err error) {
		var hash []byte
		err = r.Scan(&c.Account, &c.Seq, &hash, &mark)
		c.Hash = toHash(hash)
		return c, err
	}, "SELECT account, seq, hash, mark FROM log_heads WHERE account = $1", account))
	return head, err == nil && s.head.Holds(account, head.Seq, head.Hash, toHash(mark)), err
}

// AddCheckpoint stores a checkpoint.
func (s *Store) AddCheckpoint(ctx context.Context, c reeve.Checkpoint) error {
	err := s.change(ctx, func(t *tx) error {
		return t.later("INSERT INTO checkpoints (account, seq, hash, at, signature) VALUES ($1, $2, $3, $4, $5)",
			c.Account, c.Seq, c.Hash[:], micro(c.At), blob(c.Signature))
	})
	return conflict(err, "this row of the log has a checkpoint already")
}

// Checkpoints returns an account's checkpoints in order of Seq.
func (s *Store) Checkpoints(ctx context.Context, account int64) ([]reeve.Checkpoint, error) {
	return all(ctx, s.db, func(r rows) (c reeve.Checkpoint, err error) {
		var at int64
		var hash []byte
		err = r.Scan(&c.Account, &c.Seq, &hash, &at, &c.Signature)
		c.Hash, c.At = toHash(hash), fromMicro(at)
		return c, err
	}, "SELECT account, seq, hash, at, signature FROM checkpoints WHERE account = $1 ORDER BY seq", account)
}

func scanHead(r rows) (c reeve.Checkpoint, err error) {
	var at int64
	var hash []byte
	err = r.Scan(&c.Account, &c.Seq, &hash, &at)
	c.Hash, c.At = toHash(hash), fromMicro(at)
	return c, err
}

func scanEntry(r rows) (e reeve.AuditEntry, err error) {
	var at, source, job int64
	var prev, hash []byte
	err = r.Scan(&e.Account, &e.Seq, &at, &e.Event, &source, &e.Actor, &e.Name, &e.Address, &e.RequestID, &e.Device,
		&job, &e.Outcome, &e.Detail, &prev, &hash)
	e.At, e.Source, e.Job, e.Prev, e.Hash = fromMicro(at), reeve.Source(source), reeve.JobID(job), toHash(prev), toHash(hash)
	return e, err
}

// system begins an entry for what the server does by itself.
func system(account int64, now time.Time, event string) reeve.AuditEntry {
	return reeve.AuditEntry{Account: account, At: now, Event: event, Source: reeve.FromSystem, Actor: "system", Outcome: "ok"}
}
