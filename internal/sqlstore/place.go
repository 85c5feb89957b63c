package sqlstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"reeve"
)

// Place runs fn in a transaction that holds the lock of the account's row:
// placings of one account follow each other, so what fn reads stays true until
// it commits, and a repeated request waits for the first.
func (s *Store) Place(ctx context.Context, account int64, fn func(reeve.Placing) error) error {
	err := s.change(ctx, func(t *tx) error {
		a, err := t.lockAccount(account)
		if err != nil {
			return err
		}
		return fn(&placing{tx: t, account: a})
	})
	switch taken(err) {
	case "jobs", "proposals":
		return reeve.ErrJobIDTaken
	case "repeats":
		return reeve.Errorf(reeve.Conflict, "another request has used this Idempotency-Key meanwhile; repeat the request").Because(err)
	}
	return err
}

// trialsAtOnce is how many trials go on at a time. Each may read all devices, and on
// SQLite has one of the few connections that read.
const trialsAtOnce = 2

// Try runs fn in a transaction that is never committed and holds up nobody.
func (s *Store) Try(ctx context.Context, account int64, fn func(reeve.Placing) error) error {
	select {
	case s.trials <- struct{}{}:
		defer func() { <-s.trials }()
	case <-ctx.Done():
		return ctx.Err()
	}
	session, err := s.db.look(ctx)
	if err != nil {
		return fmt.Errorf("beginning to look: %w", err)
	}
	defer session.rollback()
	t := &tx{session: session, ctx: ctx, store: s}
	a, err := t.lockAccount(account)
	if err != nil {
		return err
	}
	return fn(&placing{tx: t, account: a})
}

type placing struct {
	tx      *tx
	account reeve.Account
}

func (p *placing) Account() (reeve.Account, error) { return p.account, nil }

// Group returns the internal key of a group.
func (p *placing) Group(id string) (int64, error) {
	g, err := findGroup(p.tx.ctx, p.tx, p.account.No, id)
	return g.No, err
}

// Class resolves Target.Class. FindIDs, FindMACs and Walk see to it that every
// class they return is known.
func (p *placing) Class(no int32) reeve.Class {
	class, _ := p.tx.store.classes.class(int64(no))
	return class
}

// FindIDs looks the ids up in their own order, which is that of the index.
func (p *placing) FindIDs(ids []string) ([]reeve.Match, error) {
	// Sorting by the first half of an id as a number is several times faster
	// than by text. What has not the form of an id names nothing.
	type entry struct {
		prefix uint64
		at     int32
	}
	order := make([]entry, 0, len(ids))
	var prefix [8]byte
	for i, id := range ids {
		if !reeve.IsID(id) {
			continue
		}
		if _, err := hex.Decode(prefix[:], []byte(id[:16])); err != nil {
			return nil, err
		}
		order = append(order, entry{binary.BigEndian.Uint64(prefix[:]), int32(i)})
	}
	slices.SortFunc(order, func(a, b entry) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Compare(ids[a.at], ids[b.at])
	})
	sorted, entries := make([]string, len(order)), make([]int32, len(order))
	for i, e := range order {
		sorted[i], entries[i] = ids[e.at], e.at
	}
	found := make([]reeve.Match, 0, len(order))
	found, err := p.tx.findIDs(p.tx.ctx, found, p.account.No, sorted, entries)
	if err != nil {
		return nil, err
	}
	return p.inOrder(found)
}

// FindMACs looks addresses up. The zero address, which stands for a malformed
// one, is nobody's.
func (p *placing) FindMACs(macs []reeve.MAC) ([]reeve.Match, error) {
	entries := make([]int64, len(macs))
	for i := range entries {
		entries[i] = int64(i)
	}
	list, args := p.tx.list("r", 2, numbers("entry", entries), numbers("mac", macNumbers(macs)))
	found, err := all(p.tx.ctx, p.tx, func(r rows) (m reeve.Match, err error) {
		var key []byte
		err = r.Scan(&m.Entry, &m.Target.No, &m.Target.Class, &key)
		m.Target.Key = toKey(key)
		return m, err
	}, "SELECT r.entry, d.no, d.class, d.key FROM "+list+` CROSS JOIN macs AS m CROSS JOIN devices AS d
		WHERE r.mac <> 0 AND m.account = $1 AND m.mac = r.mac AND d.no = m.device AND `+live,
		append([]any{p.account.No}, args...)...)
	if err != nil {
		return nil, err
	}
	return p.inOrder(found)
}

func (p *placing) inOrder(found []reeve.Match) ([]reeve.Match, error) {
	slices.SortFunc(found, func(a, b reeve.Match) int {
		if c := cmp.Compare(a.Target.No, b.Target.No); c != 0 {
			return c
		}
		return cmp.Compare(a.Entry, b.Entry)
	})
	return found, p.tx.store.classes.know(p.tx.ctx, p.tx, func(yield func(int64) bool) {
		for i := range found {
			if !yield(int64(found[i].Target.Class)) {
				return
			}
		}
	})
}

// Walk returns the next targets of a group or of the account.
func (p *placing) Walk(group, after int64, limit int) ([]reeve.Target, error) {
	targets, err := p.tx.walk(p.tx.ctx, p.account.No, group, after, limit)
	if err != nil {
		return nil, err
	}
	return targets, p.tx.store.classes.know(p.tx.ctx, p.tx, func(yield func(int64) bool) {
		for i := range targets {
			if !yield(int64(targets[i].Class)) {
				return
			}
		}
	})
}

// Outside returns the devices of these that are in none of the groups.
func (p *placing) Outside(targets []reeve.Target, groups []int64) ([]int64, error) {
	nos := make([]int64, len(targets))
	for i := range targets {
		nos[i] = targets[i].No
	}
	inside, arg := p.tx.among(1, numbers("group_no", groups))
	list, args := p.tx.list("r", 2, numbers("no", nos))
	out, err := all(p.tx.ctx, p.tx, number, "SELECT d.no FROM "+list+" CROSS JOIN devices AS d WHERE d.no = r.no AND NOT d.group_no "+inside,
		append([]any{arg}, args...)...)
	slices.Sort(out)
	return out, err
}

// walkCondition selects what a walk goes through; $3 is for the limit. The plus
// keeps the planner to the group's index.
func walkCondition(account, group, after int64, limit int) (string, []any) {
	where, args := "d.account = $1 AND d.no > $2 AND "+live, []any{account, after, limit}
	if group != 0 {
		where, args = "d.group_no = $4 AND +"+where, append(args, group)
	}
	return where, args
}

// Kept returns what an earlier Commit kept under this key, if any.
func (p *placing) Kept(key reeve.RepeatKey) (reeve.Kept, bool, error) {
	return first(p.tx.ctx, p.tx, func(r rows) (k reeve.Kept, err error) {
		var job int64
		var body []byte
		err = r.Scan(&job, &body, &k.Answer)
		k.Job, k.Body = reeve.JobID(job), toHash(body)
		return k, err
	}, "SELECT job, body, answer FROM repeats WHERE account = $1 AND actor = $2 AND route = $3 AND key = $4",
		p.account.No, key.Actor, key.Route, clean(key.Key))
}

// Commit writes a job with its commands, its effect and its entry.
func (p *placing) Commit(w reeve.Work) error {
	t, j := p.tx, w.Job
	j.Account, j.Targets, j.Counts = p.account.No, len(w.Placed), reeve.Counts{}
	for i := range w.Placed {
		if w.Placed[i].State.IsFinal() {
			j.Counts[w.Placed[i].State]++
		}
	}
	t.log(w.Entry)
	if err := t.addJob(j); err != nil {
		return err
	}
	if len(w.Placed) > 0 {
		if err := t.session.addCommands(t.ctx, j.ID, w.Placed, micro(j.Issued)); err != nil {
			return err
		}
	}
	if err := p.keep(w, j); err != nil {
		return err
	}
	return p.apply(j, w.Effect, w.Placed)
}

func (t *tx) addJob(j reeve.Job) error {
	n := &j.Counts
	err := t.later(`INSERT INTO jobs (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, 0, $26, 0, $27)`,
		int64(j.ID), j.Account, j.Action, string(j.Params), int64(j.Caller.Source), j.Caller.Actor, clean(j.Caller.Name),
		clean(j.Caller.Address), clean(j.Caller.RequestID), clean(j.Comment), micro(j.Issued), micro(j.DeliverBy),
		micro(j.FinishBy), j.Entries, j.Unmatched, j.Targets, n[reeve.Succeeded], n[reeve.Failed], n[reeve.Expired],
		n[reeve.Cancelled], n[reeve.NotApplicable], n[reeve.Refused], j.Root[:], blob(j.Signature), blob(j.SealKey), int64(j.RetryOf), int64(j.UndoOf))
	if err != nil || j.Open() == 0 {
		return err
	}
	due := j.DeliverBy
	if j.FinishBy.Before(due) {
		due = j.FinishBy
	}
	return t.later("INSERT INTO open_jobs (job, due) VALUES ($1, $2)", int64(j.ID), micro(due))
}

// keep remembers the answer under the request's key. One that is over but not
// yet swept away is no obstacle.
func (p *placing) keep(w reeve.Work, j reeve.Job) error {
	k := w.Key
	if k.Key == "" {
		return nil
	}
	err := p.tx.later("DELETE FROM repeats WHERE account = $1 AND actor = $2 AND route = $3 AND key = $4 AND until <= $5",
		p.account.No, k.Actor, k.Route, clean(k.Key), micro(j.Issued))
	if err != nil {
		return err
	}
	return p.tx.later(`INSERT INTO repeats (account, actor, route, key, body, job, answer, until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, p.account.No, k.Actor, k.Route, clean(k.Key), k.Body[:],
		int64(j.ID), blob(w.Answer), micro(k.Until))
}
