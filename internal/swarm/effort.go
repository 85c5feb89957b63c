package swarm

import (
	"bytes"
	"context"
	"strings"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// An effort is what a device knows of an open command.
type effort struct {
	order line.Order
	timer *time.Timer // until its next step; nil if there is none
	ended bool
	last  link.Report // what it said last
	told  time.Time
	held  func() // the next step, while the job is paused
}

// Ordered takes an order, once.
func (d *device) Ordered(o line.Order) {
	s := d.swarm
	if o.Fault != line.NoFault {
		s.faulty.Add(1)
		s.opts.Log.Warn("order refused", "number", d.number, "command", o.Command, "fault", o.Fault)
		d.session.Report(link.Report{Command: o.Command, State: refused, Reason: string(o.Fault)})
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.open[o.Command]; e != nil {
		s.repeats.Add(1)
		d.say(e)
		return
	}
	if _, known := d.closed[o.Command]; known {
		s.repeats.Add(1)
		d.session.Report(d.outcome(o))
		return
	}
	e := &effort{order: o}
	if d.open == nil {
		d.open = map[string]*effort{}
	}
	d.open[o.Command] = e
	now := time.Now()
	s.orders.Add(1)
	s.lastOrder.Store(now.UnixNano())
	if s.opts.Ordered != nil {
		s.opts.Ordered(d.number, now)
	}
	s.note(o.Command)
	d.work(e)
}

// work goes through what an order takes: for one that takes time a word at the
// beginning and one in the middle, then the file if it makes one, then the end.
// The caller has the lock, here and below.
func (d *device) work(e *effort) {
	w := d.place.kind.Work[e.order.Action]
	took := w.Min
	if w.Max > w.Min {
		took += time.Duration(d.chance("duration "+e.order.Command) * float64(w.Max-w.Min))
	}
	if took == 0 {
		d.finish(e)
		return
	}
	d.runs(e, -1)
	d.after(e, took/2, func() {
		d.runs(e, 50)
		d.after(e, took-took/2, func() { d.finish(e) })
	})
}

// after takes the next step in a while, unless the command was cancelled.
func (d *device) after(e *effort, wait time.Duration, step func()) {
	e.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		switch {
		case e.ended:
		case d.paused[e.job()]:
			e.held = step
		default:
			step()
		}
	})
}

func (e *effort) job() string { return e.order.Command[:len(line.JobOf(0))] }

// Paused holds back the next steps of a job, or takes them.
func (d *device) Paused(job int64, paused bool, _ time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !paused {
		delete(d.paused, line.JobOf(job))
		d.release()
		return
	}
	if d.paused == nil {
		d.paused = map[string]bool{}
	}
	d.paused[line.JobOf(job)] = true
}

// release takes the steps that nothing holds back any more.
func (d *device) release() {
	for _, e := range d.open {
		if step := e.held; step != nil && !e.ended && !d.paused[e.job()] {
			e.held = nil
			step()
		}
	}
}

func (d *device) runs(e *effort, percent int) {
	e.last = link.Report{Command: e.order.Command, State: running, Percent: percent}
	d.say(e)
}

func (d *device) finish(e *effort) {
	r := d.outcome(e.order)
	if e.order.Action == fetchLog && r.State == succeeded {
		go d.upload(e, r)
		return
	}
	d.end(e, r)
}

func (d *device) end(e *effort, r link.Report) {
	if e.ended {
		return
	}
	e.ended, e.last = true, r
	d.say(e)
}

func (d *device) say(e *effort) {
	if e.last.State == "" { // its file is on the way
		return
	}
	e.told = time.Now()
	d.session.Report(e.last) // what is lost is sent again
}

// uploadTime is how long a file may take.
const uploadTime = 5 * time.Minute

// upload sends the device's log. Only so many do at once.
func (d *device) upload(e *effort, r link.Report) {
	s := d.swarm
	s.uploads <- struct{}{}
	ctx, cancel := context.WithTimeout(d.ctx, uploadTime)
	err := s.door.Upload(ctx, d.session.Key, e.order.Command, bytes.NewReader(d.log()))
	cancel()
	<-s.uploads
	if d.ctx.Err() != nil {
		return
	}
	if err != nil {
		r = link.Report{Command: r.Command, State: failed, Message: err.Error()}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end(e, r)
}

// resend says again what was not acknowledged since t.
func (d *device) resend(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.up {
		return
	}
	for _, e := range d.open {
		if !e.told.After(t) {
			d.say(e)
		}
	}
}

// Acked closes commands.
func (d *device) Acked(commands []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range commands {
		e := d.open[c]
		if e == nil || !e.ended {
			continue
		}
		delete(d.open, c)
		if d.closed == nil {
			d.closed = map[string]struct{}{}
		}
		d.closed[c] = struct{}{}
		d.swarm.completed.Add(1)
		if e.order.Action == retire {
			d.swarm.retired.Add(1)
			d.stop()
		}
	}
}

// Cancelled ends what is open of a job.
func (d *device) Cancelled(job int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c, e := range d.open {
		if !e.ended && strings.HasPrefix(c, line.JobOf(job)) {
			if e.timer != nil {
				e.timer.Stop()
			}
			d.swarm.cancelled.Add(1)
			d.end(e, link.Report{Command: c, State: failed, Reason: "cancelled", Message: "the job was cancelled"})
		}
	}
}
