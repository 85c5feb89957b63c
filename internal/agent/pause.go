package agent

import (
	"context"
	"sync"
	"time"

	"reeve/internal/agent/line"
)

// A gate holds back who wants to pass while it is shut. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed when it opens again; nil while it is open
}

func (g *gate) shut(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case shut && g.opened == nil:
		g.opened = make(chan struct{})
	case !shut && g.opened != nil:
		close(g.opened)
		g.opened = nil
	}
}

// pass waits until the gate is open, or says why ctx ended before.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	if opened == nil {
		return nil
	}
	select {
	case <-opened:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A pause is what the server last said of a job's, for one connection.
type pause struct {
	on bool
	at time.Time
}

// Paused has the commands of a job hold back, or go on. Of two words the later
// counts, in whatever order they come.
func (l *loop) Paused(job int64, paused bool, at time.Time) {
	of := line.JobOf(job)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !at.After(l.pauses[of].at) {
		return
	}
	l.pauses[of] = pause{paused, at}
	for _, t := range l.tasks {
		if t.job() == of {
			t.hold(l, paused)
		}
	}
}

// goOn forgets every pause: the server says on each connection which there are.
func (l *loop) goOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tasks {
		t.hold(l, false)
	}
	clear(l.pauses)
}

// job is the part of a command's id that names its job.
func (t *task) job() string { return t.command[:len(line.JobOf(0))] }

// hold shuts or opens the task's gate, and tells that it shut.
func (t *task) hold(l *loop, paused bool) {
	t.gate.shut(paused)
	t.mu.Lock()
	defer t.mu.Unlock()
	if paused && t.last.State == running {
		t.last.Message = "paused"
		t.send(l) // before what it does says something else
	}
}
