package agent

import (
	"errors"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// send sends a report if there is a connection. One that must arrive is in the
// journal and is sent again.
func (l *loop) send(r link.Report) {
	if err := l.session.Report(r); err != nil && !errors.Is(err, line.ErrAway) {
		l.log.Warn("report not sent", "command", r.Command, "err", err)
	}
}

// sendKept sends the report that the journal has of a finished command.
func (l *loop) sendKept(command string) {
	r, err := l.journal.report(command)
	if err != nil {
		l.log.Error("report lost", "command", command, "err", err)
		return
	}
	l.send(r)
}

// resend sends reports until the server has them: all of them when a
// connection is up, and then those that stay unacknowledged.
func (l *loop) resend() {
	tick := time.NewTicker(resendEvery)
	defer tick.Stop()
	for {
		unsentFor := time.Duration(0)
		select {
		case <-l.ctx.Done():
			return
		case <-l.kick:
			l.tellAll()
		case <-tick.C:
			unsentFor = resendEvery
		}
		if !l.session.Connected() { // reading them all for nobody would keep the disk awake
			continue
		}
		now := time.Now()
		for _, command := range l.journal.unsent(now.Add(-unsentFor), now) {
			if l.ctx.Err() != nil {
				return
			}
			l.sendKept(command)
		}
	}
}

// tellAll tells how every task stands.
func (l *loop) tellAll() {
	l.mu.Lock()
	tasks := make([]*task, 0, len(l.tasks))
	for _, t := range l.tasks {
		tasks = append(tasks, t)
	}
	l.mu.Unlock()
	for _, t := range tasks {
		t.tell(l)
	}
}
