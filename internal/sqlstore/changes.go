package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"reeve"
)

// The devices that changed are gathered from the log, block by block of its
// rows: those that rows are about, those that they name, and those of the jobs
// that they tell of. They can be the whole fleet, a page of them is found by its
// number, and a program that asks once asks all day. Rows whose jobs have ended
// never say anything else, so what blocks of them say is remembered, and what
// all blocks said together that were asked for last.

// changeBlock is how many rows are a block. maxChangeSpans is how much is
// remembered, in thousands of neighbouring devices of which some changed: some
// 50 MB.
const (
	changeBlock    = 1024
	maxChangeSpans = 1 << 18
)

// changeBlocks remembers what blocks say, the latest that were asked for.
type changeBlocks struct {
	mu    sync.Mutex
	sets  map[blockKey]deviceSet // never changed once they are here
	order []blockKey
	spans int
}

// A blockKey names blocks from one on and before another, and what was asked of
// them: events and actions.
type blockKey struct {
	account, from, to int64
	asked             string
}

func (c *changeBlocks) get(key blockKey) deviceSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.Index(c.order, key); at >= 0 {
		c.order = append(slices.Delete(c.order, at, at+1), key)
	}
	return c.sets[key]
}

func (c *changeBlocks) put(key blockKey, set deviceSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil {
		c.sets = map[blockKey]deviceSet{}
	}
	if c.sets[key] != nil {
		return
	}
	c.sets[key] = set
	c.order = append(c.order, key)
	for c.spans += 1 + len(set); c.spans > maxChangeSpans; {
		c.spans -= 1 + len(c.sets[c.order[0]])
		delete(c.sets, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
}

// ChangedDevices unites what the rows since then say, leaves out what is not
// asked for, and reads the records of one page.
func (s *Store) ChangedDevices(ctx context.Context, account int64, q reeve.ChangeQuery) ([]reeve.Device, error) {
	low, high, err := s.stretch(ctx, account, q.Since, time.Time{})
	if err != nil {
		return nil, err
	}
	first, last := (low+changeBlock-1)/changeBlock, high/changeBlock
	changed := block{store: s, account: account, set: deviceSet{}}
	if first >= last {
		err = changed.read(ctx, q, low, high)
	} else {
		if err = changed.read(ctx, q, low, first*changeBlock); err == nil {
			err = changed.unite(ctx, q, first, last)
		}
		if err == nil {
			err = changed.read(ctx, q, last*changeBlock, high)
		}
	}
	if err == nil {
		err = s.removeUnasked(ctx, account, q, changed.set)
	}
	if err != nil {
		return nil, err
	}
	page := changed.set.page(int64(q.Limit)*int64(q.Page-1), q.Limit)
	if len(page) == 0 {
		return nil, nil
	}
	these, arg := s.db.among(2, numbers("no", page))
	return s.devices(ctx, s.db, "devices AS d", " WHERE d.account = $1 AND d.no "+these+" ORDER BY d.no", account, arg)
}

// A block is what some rows of a log say, while they are read.
type block struct {
	store   *Store
	account int64
	set     deviceSet
	open    bool // jobs of it have not ended
}

// unite adds what whole blocks say, read or remembered.
func (b *block) unite(ctx context.Context, q reeve.ChangeQuery, from, to int64) error {
	key := blockKey{b.account, from, to, strings.Join(q.Events, " ") + "\n" + strings.Join(q.Actions, " ")}
	set := b.store.changes.get(key)
	if set == nil {
		whole := block{store: b.store, account: b.account, set: deviceSet{}}
		var err error
		if to-from == 1 {
			err = whole.read(ctx, q, from*changeBlock, to*changeBlock)
		} else {
			for n := from; n < to && err == nil; n++ {
				err = whole.unite(ctx, q, n, n+1)
			}
		}
		if err != nil {
			return err
		}
		if set = whole.set; !whole.open {
			b.store.changes.put(key, set)
		}
		b.open = b.open || whole.open
	}
	b.set.unite(set)
	return nil
}

// read adds what the rows from one on and before another say.
func (b *block) read(ctx context.Context, q reeve.ChangeQuery, from, to int64) error {
	these, events := b.store.db.among(4, texts("event", append([]string{reeve.JobPlaced}, q.Events...)))
	rows, err := all(ctx, b.store.db, func(r rows) (e reeve.AuditEntry, err error) {
		var job int64
		err = r.Scan(&e.Event, &e.Device, &job, &e.Detail)
		e.Job = reeve.JobID(job)
		return e, err
	}, "SELECT event, device, job, detail FROM audit WHERE account = $1 AND seq >= $2 AND seq < $3 AND event "+these, b.account, from, to, events)
	if err != nil {
		return err
	}
	var jobs []int64
	var ids []string
	var named reeve.Runs
	for _, row := range rows {
		if row.Event == reeve.JobPlaced {
			jobs = append(jobs, int64(row.Job))
			continue
		}
		about := row.About()
		if ids = append(ids, about.Devices...); row.Device != "" {
			ids = append(ids, row.Device)
		}
		named = append(named, about.Commands...)
	}
	if err := b.addIDs(ctx, ids); err != nil {
		return err
	}
	if err := b.addRuns(ctx, named, ""); err != nil {
		return err
	}
	return b.addJobs(ctx, jobs, q.Actions)
}

func (b *block) addIDs(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	these, arg := b.store.db.among(2, texts("id", ids))
	found, err := all(ctx, b.store.db, number, "SELECT no FROM devices WHERE account = $1 AND id "+these, b.account, arg)
	for _, device := range found {
		b.set.add(device)
	}
	return err
}

// addJobs adds the devices whose commands of these jobs succeeded.
func (b *block) addJobs(ctx context.Context, jobs []int64, actions []string) error {
	if len(jobs) == 0 || len(actions) == 0 {
		return nil
	}
	these, ids := b.store.db.among(2, numbers("id", jobs))
	wanted, words := b.store.db.among(3, texts("action", actions))
	var runs reeve.Runs
	_, err := all(ctx, b.store.db, func(r rows) (int64, error) {
		var job, open int64
		var targets int32
		err := r.Scan(&job, &targets, &open)
		runs = append(runs, reeve.Run{Job: reeve.JobID(job), First: 0, Last: targets - 1})
		b.open = b.open || open != 0
		return 0, err
	}, `SELECT j.id, j.targets, COALESCE((SELECT 1 FROM open_jobs AS o WHERE o.job = j.id), 0)
		FROM jobs AS j WHERE j.account = $1 AND j.id `+these+" AND j.action "+wanted, b.account, ids, words)
	if err != nil {
		return err
	}
	return b.addRuns(ctx, runs, " AND c.state = 3")
}

// atOnce is about how many commands one statement tells the devices of.
const atOnce = 1 << 20

// addRuns adds the devices of commands, which the database writes as one text:
// a row for each would cost several times as much.
func (b *block) addRuns(ctx context.Context, runs reeve.Runs, which string) error {
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && runs[:n+1].Len() <= atOnce {
			n++
		}
		jobs, low, high := make([]int64, n), make([]int64, n), make([]int64, n)
		for i, run := range runs[:n] {
			jobs[i], low[i], high[i] = int64(run.Job), int64(run.First), int64(run.Last)
		}
		runs = runs[n:]
		list, args := b.store.db.list("r", 1, numbers("job", jobs), numbers("low", low), numbers("high", high))
		if err := b.store.addText(ctx, b.set, "SELECT c.device AS no FROM "+list+" CROSS JOIN commands AS c WHERE c.job = r.job AND c.leaf BETWEEN r.low AND r.high"+which, args...); err != nil {
			return err
		}
	}
	return nil
}

// addText adds the devices that a query for their keys, as no, finds.
func (s *Store) addText(ctx context.Context, set deviceSet, query string, args ...any) error {
	text, _, err := first(ctx, s.db, func(r rows) (text string, err error) { return text, r.Scan(&text) },
		"SELECT COALESCE(string_agg(CAST(f.no AS TEXT), ' '), '') FROM ("+query+") AS f", args...)
	if err == nil {
		err = set.addText(text)
	}
	if err != nil {
		return fmt.Errorf("reading which devices changed: %w", err)
	}
	return nil
}

// removeUnasked removes erased devices and those of other systems.
func (s *Store) removeUnasked(ctx context.Context, account int64, q reeve.ChangeQuery, changed deviceSet) error {
	found, err := all(ctx, s.db, number, classesOf, account)
	if err == nil {
		err = s.classes.know(ctx, s.db, slices.Values(found))
	}
	if err != nil {
		return err
	}
	unasked := slices.DeleteFunc(found, func(number int64) bool {
		class, _ := s.classes.class(number)
		return number&standingMask != erased && (len(q.Systems) == 0 || slices.Contains(q.Systems, class.System))
	})
	if len(unasked) == 0 || len(changed) == 0 {
		return nil
	}
	these, arg := s.db.among(2, numbers("class", unasked))
	others := deviceSet{}
	if err := s.addText(ctx, others, "SELECT d.no FROM devices AS d WHERE d.account = $1 AND d.class "+these, account, arg); err != nil {
		return err
	}
	changed.remove(others)
	return nil
}
