package outbound

import (
	"context"
	"slices"
	"time"

	"reeve"
	"reeve/internal/trail"
)

// How much goes to a sink at once.
const (
	maxLines      = 1000        // to a file or a syslog receiver
	maxObject     = 10_000      // lines of an object
	maxBatchBytes = 4 << 20     // before the line that goes beyond
	rowsAtOnce    = 200         // read from the log
	firstPause    = time.Second // after a failure; then twice as long each time
	lastPause     = 5 * time.Minute
)

// A sink is where an export leads.
type sink interface {
	// write delivers lines; without an error they need not be sent again.
	write(ctx context.Context, l lines) error
	close()
}

// sink opens nothing yet: what cannot be reached is tried again and again.
func (p *pump) sink(secret string) (sink, error) {
	s := p.outlet.Settings
	switch p.outlet.Kind {
	case reeve.FileOutlet:
		return fileSink{p.Folder, p.outlet.Name}, nil
	case reeve.SyslogOutlet:
		return newSyslog(s)
	default:
		return p.newBucket(s, secret)
	}
}

// Lines are rows of a log on their way, each a JSON object that ends with "\n".
type lines struct {
	rows  []line
	from  reeve.Place // of the first one
	next  reeve.Place // where reading goes on
	bytes int
	more  bool // there may be more already
}

type line struct {
	at    time.Time
	event string
	text  []byte
}

// export serves an export. What cannot be delivered is tried again for as long
// as it takes.
func (p *pump) export(ctx context.Context, to sink) error {
	pause := firstPause
	for ctx.Err() == nil {
		if p.caughtUp() {
			if err := p.rest(ctx); err != nil {
				return err
			}
			continue
		}
		if early := p.early(); early > 0 {
			if err := p.await(ctx, early); err != nil {
				return err
			}
			continue
		}
		err := p.flush(ctx, to)
		if err == nil {
			pause = firstPause
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		p.failed(err)
		if err := p.save(ctx); err != nil {
			return err
		}
		if sleep(ctx, pause) != nil {
			return ctx.Err()
		}
		pause = min(2*pause, lastPause)
	}
	return ctx.Err()
}

// early returns how long to gather more before the next object is due; what is
// not written as objects is due at once.
func (p *pump) early() time.Duration {
	o := p.outlet
	if o.Kind != reeve.S3Outlet || p.head.Load()-o.Place.Seq+1 >= maxObject {
		return 0
	}
	last := o.LastSuccess
	if last.Before(o.Created) {
		last = o.Created
	}
	return time.Until(last.Add(time.Duration(o.Settings.Every) * time.Second))
}

// flush delivers everything that there is.
func (p *pump) flush(ctx context.Context, to sink) error {
	for {
		l, err := p.gather(ctx)
		if err != nil {
			return err
		}
		if len(l.rows) == 0 {
			p.moved(l.next)
		} else {
			if err := to.write(ctx, l); err != nil {
				return err
			}
			p.moved(l.next)
			p.worked()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			err := p.save(last)
			cancel()
			if err != nil {
				return err
			}
		}
		if !l.more {
			return nil
		}
	}
}

// gather reads the next lines.
func (p *pump) gather(ctx context.Context) (lines, error) {
	l := lines{from: p.outlet.Place, next: p.outlet.Place}
	rows, err := p.Store.Log(ctx, p.outlet.Account, reeve.LogQuery{After: max(l.next.Seq-1, 0), Limit: rowsAtOnce})
	if err != nil {
		return l, err
	}
	for _, row := range rows {
		if row.Seq != l.next.Seq {
			l.next = reeve.Place{Seq: row.Seq}
		}
		if len(p.outlet.Events) == 0 || slices.Contains(p.outlet.Events, row.Event) {
			full, err := p.add(ctx, &l, row)
			if full || err != nil {
				l.more = full
				return l, err
			}
		}
		l.next = reeve.Place{Seq: row.Seq + 1}
	}
	l.more = len(rows) == rowsAtOnce
	if !l.more && len(rows) == 0 {
		l.next = reeve.Place{Seq: p.head.Load() + 1} // the rows were pruned
	}
	return l, nil
}

// add appends the lines of a row from the place that was reached in it: leaf 0
// is the row itself, and the others are its devices. It reports whether there
// was no room for all.
func (p *pump) add(ctx context.Context, l *lines, row reeve.AuditEntry) (full bool, err error) {
	if l.next.Leaf == 0 {
		if full, err := p.append(l, row); full || err != nil {
			return full, err
		}
		l.next.Leaf = 1
	}
	for p.outlet.Settings.Devices {
		page, err := trail.Of(ctx, p.Store, row, l.next.Leaf-1, rowsAtOnce)
		if err != nil {
			return false, err
		}
		for _, e := range page.Events {
			l.next.Leaf = e.Leaf + 1
			if e.Device == row.Device { // the row says it all
				continue
			}
			if full, err := p.append(l, e.Entry()); full || err != nil {
				return full, err
			}
		}
		if page.Next.Seq != row.Seq {
			break
		}
		l.next.Leaf = page.Next.Leaf + 1
	}
	return false, nil
}

// append adds one line, unless there is no room for it.
func (p *pump) append(l *lines, row reeve.AuditEntry) (full bool, err error) {
	most := maxLines
	if p.outlet.Kind == reeve.S3Outlet {
		most = maxObject
	}
	if len(l.rows) == most || l.bytes >= maxBatchBytes {
		return true, nil
	}
	text, err := p.Line(row)
	if err != nil {
		return false, err
	}
	l.rows = append(l.rows, line{row.At, row.Event, append(text, '\n')})
	l.bytes += len(text) + 1
	return false, nil
}
