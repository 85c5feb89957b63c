// Package trail tells an account's history device by device. The log has one
// row for a job on a hundred thousand devices and one for a batch of reports;
// this package derives from those rows, and from the commands that they speak
// of, the events that a log reader, a webhook or an export wants, in one order
// that never changes and from any place on.
//
// It imports the root words.
package trail

import (
	"context"
	"time"

	"reeve"
)

// A Store is what the trail is read from.
type Store interface {
	Log(ctx context.Context, account int64, q reeve.LogQuery) ([]reeve.AuditEntry, error)
	LogKinds(ctx context.Context, account int64) ([]reeve.LogKind, error)
	CountEvents(ctx context.Context, account int64, kinds []int64, since, until time.Time) (int64, error)
	FindEvent(ctx context.Context, account int64, kinds []int64, since, until time.Time, n int64) (seq, within int64, found bool, err error)
	Head(ctx context.Context, account int64) (reeve.Checkpoint, bool, error)
	Job(ctx context.Context, account int64, id reeve.JobID) (reeve.Job, error)
	Commands(ctx context.Context, account int64, job reeve.JobID, states []reeve.State, from int32, limit int) ([]reeve.Command, error)
	CommandLeaf(ctx context.Context, account int64, job reeve.JobID, n int64) (int32, bool, error)
	CommandsByID(ctx context.Context, account int64, ids []reeve.CommandID) ([]reeve.Command, error)
}

// A Place is where reading goes on: at a row of the log and, in a row about
// many devices, at one of them. The zero Place is the beginning.
type Place struct {
	Seq  int64
	Leaf int64
}

// An Event is what happened to one device, or what a row says that is about none.
type Event struct {
	Row  Row
	Leaf int64 // its place within the row

	Device   string        // public id; empty if the event is about no device
	Hostname string        // as the record has it now; empty if only the id is known
	Command  reeve.Command // as it stands now; the zero Command if there is none
	Action   string        // of the command's job; empty if there is none
}

// A Query selects events. Zero fields select everything.
type Query struct {
	From         Place
	Since, Until time.Time // bounds on the rows' time; Until is exclusive
	Events       []string  // of the rows
	// Wanted is a further choice among them, by their Event, Source and Action.
	Wanted func(Row) bool
	Limit  int // at least 1
}

// A Page is what one reading found.
type Page struct {
	Events []Event
	// Next is where the next page begins. After the last event it is the place
	// where the next one will be, whenever that is.
	Next Place
	// More tells that there may be more already. A page that is not full can
	// have more behind it, since a reading looks at a bounded number of rows.
	More bool
}

// A reading asks for few rows at first, then for more at a time, and gives up
// after maxRows.
const (
	firstRows = 32
	mostRows  = 1000
	maxRows   = 20_000
)

// Read returns the next events of an account.
func Read(ctx context.Context, store Store, account int64, q Query) (Page, error) {
	r := reader{store: store, account: account, query: q, page: Page{Next: q.From}, actions: map[reeve.JobID]string{}}
	// The head comes first: rows that are written meanwhile follow it.
	head, _, err := store.Head(ctx, account)
	if err != nil {
		return Page{}, err
	}
	query := reeve.LogQuery{Since: q.Since, Until: q.Until}
	if len(q.Events) > 0 || q.Wanted != nil {
		if query.Kinds, err = kindsOf(ctx, store, account, q); err != nil {
			return Page{}, err
		}
		if len(query.Kinds) == 0 {
			return r.page, r.end(ctx, head.Seq+1)
		}
		query.Events = q.Events
		query.Before = head.Seq + 1 // rows behind it may be of kinds that were not there yet
	}
	query.Limit = max(firstRows, min(q.Limit, mostRows))
	for looked := 0; looked < maxRows; {
		query.After = max(r.page.Next.Seq-1, 0)
		rows, err := store.Log(ctx, account, query)
		if err != nil {
			return Page{}, err
		}
		for _, entry := range rows {
			if full, err := r.take(ctx, entry); full || err != nil {
				return r.page, err
			}
		}
		if len(rows) < query.Limit {
			return r.page, r.end(ctx, head.Seq+1)
		}
		looked += len(rows)
		query.Limit = min(2*query.Limit, mostRows)
	}
	r.page.More = true
	return r.page, nil
}

// Of returns events of one row of a log that the caller has read, from a leaf on.
func Of(ctx context.Context, store Store, row reeve.AuditEntry, leaf int64, limit int) (Page, error) {
	r := reader{store: store, account: row.Account, query: Query{Limit: limit}, page: Page{Next: Place{row.Seq, leaf}}, actions: map[reeve.JobID]string{}}
	_, err := r.take(ctx, row)
	return r.page, err
}

// A reader is one reading under way.
type reader struct {
	store   Store
	account int64
	query   Query
	page    Page
	actions map[reeve.JobID]string
}

// end moves on behind all that was looked at: to the first row that the query's
// bound leaves to others, at most to seq.
func (r *reader) end(ctx context.Context, seq int64) error {
	if !r.query.Until.IsZero() {
		later, err := r.store.Log(ctx, r.account, reeve.LogQuery{After: max(r.page.Next.Seq-1, 0), Limit: 1, Since: r.query.Until})
		if err != nil {
			return err
		}
		if len(later) > 0 {
			seq = min(seq, later[0].Seq)
		}
	}
	if r.page.Next.Seq < seq {
		r.page.Next = Place{Seq: seq}
	}
	return nil
}

// take adds the events of one row, and tells whether the page is full.
func (r *reader) take(ctx context.Context, entry reeve.AuditEntry) (bool, error) {
	var from int64
	if entry.Seq == r.page.Next.Seq {
		from = r.page.Next.Leaf
	}
	row := Row{entry, entry.About()}
	if r.query.Wanted == nil || r.query.Wanted(row) {
		limit := r.query.Limit - len(r.page.Events)
		events, err := r.events(ctx, row, from, limit+1)
		if err != nil {
			return false, err
		}
		if len(events) > limit {
			r.page.Events = append(r.page.Events, events[:limit]...)
			r.page.Next, r.page.More = Place{entry.Seq, events[limit].Leaf}, true
			return true, nil
		}
		r.page.Events = append(r.page.Events, events...)
	}
	r.page.Next = Place{Seq: entry.Seq + 1}
	r.page.More = len(r.page.Events) == r.query.Limit
	return r.page.More, nil
}

// events returns up to limit events of a row from a leaf on.
func (r *reader) events(ctx context.Context, row Row, from int64, limit int) ([]Event, error) {
	switch {
	case row.Event == reeve.JobPlaced:
		commands, err := r.store.Commands(ctx, r.account, row.Job, ordered, int32(from), limit)
		if err != nil {
			return nil, present(err)
		}
		events := make([]Event, len(commands))
		for i, c := range commands {
			events[i] = Event{row, int64(c.ID.Leaf), c.DeviceID, c.Hostname, c, row.Action}
		}
		return events, nil
	case len(row.Commands) > 0:
		return r.listed(ctx, row, from, limit)
	case len(row.Devices) > 0:
		var events []Event
		for i := int(from); i < len(row.Devices) && len(events) < limit; i++ {
			events = append(events, Event{Row: row, Leaf: int64(i), Device: row.Devices[i]})
		}
		return events, nil
	case from > 0, row.Event == reeve.Reports:
		return nil, nil
	}
	return []Event{{Row: row, Device: row.Device}}, nil
}

// ordered are the states of commands that stand for something done or ordered.
var ordered = []reeve.State{reeve.Queued, reeve.Sent, reeve.Running, reeve.Succeeded,
	reeve.Failed, reeve.Expired, reeve.Cancelled, reeve.Refused}

// listed returns the events of commands that the row names one by one. Their
// leaf is their place in that list.
func (r *reader) listed(ctx context.Context, row Row, from int64, limit int) ([]Event, error) {
	var events []Event
	for len(events) < limit {
		ids := row.Commands.From(from, limit-len(events))
		if len(ids) == 0 {
			break
		}
		found, err := r.store.CommandsByID(ctx, r.account, ids)
		if err != nil {
			return nil, err
		}
		commands := make(map[reeve.CommandID]reeve.Command, len(found))
		for _, c := range found {
			commands[c.ID] = c
		}
		for i, id := range ids {
			c, ok := commands[id]
			if !ok { // of a job that is kept no longer
				continue
			}
			action, err := r.action(ctx, id.Job)
			if err != nil {
				return nil, err
			}
			events = append(events, Event{row, from + int64(i), c.DeviceID, c.Hostname, c, action})
		}
		from += int64(len(ids))
	}
	return events, nil
}

func (r *reader) action(ctx context.Context, id reeve.JobID) (string, error) {
	if action, known := r.actions[id]; known {
		return action, nil
	}
	job, err := r.store.Job(ctx, r.account, id)
	r.actions[id] = job.Action
	return job.Action, present(err)
}

// present passes over what is kept no longer.
func present(err error) error {
	if reeve.KindOf(err) == reeve.NotFound {
		return nil
	}
	return err
}

// A Row is a row of the log with what its Detail says of devices.
type Row struct {
	reeve.AuditEntry
	reeve.About
}
