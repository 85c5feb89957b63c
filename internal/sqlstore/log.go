package sqlstore

import (
	"cmp"
	"context"
	"slices"
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
		if err := t.leadTo(e, heads[i].Seq); err != nil {
			return err
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

// leadTo has the row of an entry found by the devices and jobs that it is about.
func (t *tx) leadTo(e logged, seq int64) error {
	if e.list != 0 {
		if err := t.later("UPDATE log_lists SET seq = $2 WHERE no = $1", e.list, seq); err != nil {
			return err
		}
	}
	if len(e.jobs) == 0 {
		return nil
	}
	list, args := t.list("r", 4, numbers("job", e.jobs))
	return t.later("INSERT INTO log_jobs (job, at, account, seq) SELECT r.job, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM "+list,
		append([]any{e.moved, e.Account, seq}, args...)...)
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
