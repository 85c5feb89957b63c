package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// The states that an agent reports.
const (
	running   = "running"
	succeeded = "succeeded"
	failed    = "failed"
	refused   = "refused"
)

// tellEvery is how often the progress of a command is reported at most. Actions
// tell theirs every second, and none of that may come a moment too early.
const tellEvery = 900 * time.Millisecond

// errCancelled ends what the server called off.
var errCancelled = errors.New("the job was cancelled")

// A task is a command that waits for its turn or is carried out.
type task struct {
	command, action string
	ctx             context.Context
	cancel          context.CancelCauseFunc
	gate            gate // shut while the job is paused
	waited          bool // it was told that it waits for the hours of its action

	mu   sync.Mutex
	last link.Report // how it stands; no state before it begins
	told time.Time
}

// tell sends how the task stands.
func (t *task) tell(l *loop) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.send(l)
}

// send is tell for who holds the lock.
func (t *task) send(l *loop) {
	if t.last.State != "" {
		t.told = time.Now()
		l.send(t.last)
	}
}

// at notes how the task stands and tells it, unless it did just before.
func (t *task) at(l *loop, p act.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = link.Report{Command: t.command, State: running, Percent: p.Percent, Message: shorten(p.Note)}
	if time.Since(t.told) >= tellEvery {
		t.send(l)
	}
}

func (l *loop) task(command string) *task {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tasks[command]
}

func (l *loop) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tasks)
}

// enqueue puts a command into the lane of its action. The actions of a lane
// are carried out one after the other, and lanes beside each other: a long scan
// must not keep a log from being fetched.
func (l *loop) enqueue(command, action string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tasks[command] != nil {
		return
	}
	t := &task{command: command, action: action}
	t.ctx, t.cancel = context.WithCancelCause(l.ctx)
	t.gate.shut(l.pauses[t.job()].on)
	l.tasks[command] = t
	l.lanes[action] = append(l.lanes[action], t)
	if len(l.lanes[action]) == 1 {
		l.work.Go(func() { l.drain(action) })
	}
}

// drain carries out what is in a lane. It ends with the lane, so that an idle
// agent has no goroutines at rest.
func (l *loop) drain(action string) {
	for {
		l.mu.Lock()
		t := l.lanes[action][0]
		l.mu.Unlock()
		if t.action == retire {
			l.retire(t)
		} else {
			l.perform(t)
		}
		t.cancel(nil)
		l.mu.Lock()
		delete(l.tasks, t.command)
		l.lanes[action] = l.lanes[action][1:]
		empty := len(l.lanes[action]) == 0
		if empty {
			delete(l.lanes, action)
		}
		l.mu.Unlock()
		if t.action == scanThreats {
			l.tidySets()
		}
		if empty {
			// What an archive or a large scan took is given back at once and not
			// in five minutes.
			host.Rest()
			return
		}
	}
}

// perform carries out one command and reports its end. If the agent stops
// meanwhile the command is left as it is, for the next start to resume it or
// to report it as interrupted.
func (l *loop) perform(t *task) {
	r, done := l.outcome(t)
	if !done {
		return
	}
	l.log.Info("command ended", "command", t.command, "action", t.action, "state", r.State, "message", r.Message)
	if l.durably("report", func() error { return l.journal.finish(r, l.now()) }) {
		l.state.forget(t.command) // else the next start does
		l.session.Moved()         // as after a renewal
		l.send(r)
	}
}

// outcome does what a command asks for, within the hours that the policy gives
// it. Done is false if the agent stopped before the end.
func (l *loop) outcome(t *task) (r link.Report, done bool) {
	r = link.Report{Command: t.command, State: failed}
	w, err := l.journal.work(t.command)
	if err != nil {
		r.Message = shorten(err.Error())
		return r, true
	}
	for {
		policy, veto := l.admit(t, w)
		now := l.now()
		end := l.end(t.command, w, policy, now)
		begun := l.journal.entry(t.command).stage >= started
		switch {
		case l.ctx.Err() != nil:
			return r, false
		case t.ctx.Err() != nil:
			r.Reason, r.Message = "cancelled", "the job was cancelled before the command began"
			return r, true
		case !now.Before(end):
			r.Reason, r.Message = "execution", "the time for the command ran out before it began"
			return r, true
		case veto != "":
			r.Reason, r.Message = "policy", shorten(veto)
			if !begun && !t.waited { // what was reported as running can only fail
				r.State = refused
			}
			return r, true
		}
		if !begun && !l.durably("start", func() error { return l.journal.start(t.command, now) }) {
			return r, false
		}
		l.log.Info("command begins", "command", t.command, "action", t.action)
		r, done = l.carryOut(t, w, policy, now, end)
		if done || l.ctx.Err() != nil {
			return r, done
		}
	}
}

// end returns when a command has to be over, by the server's time: it may take
// as long as its deadlines lie apart, and never past the last. One that may run
// within some hours only has until the last, since it may have to stop between
// them.
func (l *loop) end(command string, w work, policy *Policy, now time.Time) time.Time {
	began := l.journal.entry(command).began
	if began.IsZero() {
		began = now
	}
	end := began.Add(w.FinishBy.Sub(w.DeliverBy))
	if w.FinishBy.Before(end) || policy != nil && len(policy.Hours[w.Action]) > 0 {
		end = w.FinishBy
	}
	return end
}

// carryOut runs the action of a command. Done is false if the agent stopped
// before the end, or the hours were over in which it may run.
func (l *loop) carryOut(t *task, w work, policy *Policy, now, end time.Time) (r link.Report, done bool) {
	r = link.Report{Command: t.command, State: failed}
	t.at(l, act.Progress{Percent: -1})
	ctx, cancel := context.WithDeadline(t.ctx, time.Now().Add(end.Sub(now)))
	defer cancel()
	deadline, _ := ctx.Deadline()
	ctx = whileOpen(ctx, t.action, policy.Hours[t.action])
	on := l.body
	on.policy = policy
	task := act.Task{Command: t.command, Action: t.action, Params: w.Params, FinishBy: deadline, Pass: t.gate.pass}
	if !w.Issued.IsZero() {
		task.Issued = time.Now().Add(w.Issued.Sub(now))
	}
	o := act.Run(ctx, on, task,
		func(p act.Progress) { t.at(l, p) })
	if o.Upload != "" {
		if err := l.upload(ctx, t, o.Upload); err != nil {
			o.OK, o.Message = false, err.Error()
		}
	}
	r.Message = shorten(o.Message)
	if len(o.Result) <= link.MaxResult {
		r.Result = o.Result
	}
	switch {
	case o.OK:
		r.State = succeeded
		if a := answers(o.Result); a.Identity != nil {
			r.Identity, r.Door, r.User, r.Result = a.Identity, string(a.Door), a.User, nil
		}
	case l.ctx.Err() != nil:
		return r, false
	case t.ctx.Err() != nil:
		r.Reason = "cancelled"
	case errors.Is(context.Cause(ctx), errClosed):
		l.log.Info("command stops until its hours begin again", "command", t.command, "action", t.action)
		return r, false
	case !time.Now().Before(deadline): // the action's own timer may be the first to fire
		r.Reason = "execution"
	}
	return r, true
}

// answers takes the answers of a person out of the result of re-identify.
func answers(result json.RawMessage) (a act.Answers) {
	json.Unmarshal(result, &a) // other results have none
	return a
}

// upload sends a file that an action made.
func (l *loop) upload(ctx context.Context, t *task, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the file to upload: %w", err)
	}
	defer file.Close()
	t.at(l, act.Progress{Percent: -1, Note: "uploading"})
	defer l.door.CloseIdle()
	return l.door.Upload(ctx, l.key, t.command, file)
}

// retire leaves the server, as it was ordered.
func (l *loop) retire(t *task) {
	r := link.Report{Command: t.command, State: succeeded, Message: "the agent leaves"}
	ok := l.durably("start", func() error { return l.journal.start(t.command, l.now()) }) &&
		l.durably("report", func() error { return l.journal.finish(r, l.now()) })
	if ok {
		l.log.Warn("server orders this agent to retire", "command", t.command)
		l.send(r)
		l.leave()
	}
}

// leaveWait is how long the server may take to acknowledge the last report.
const leaveWait = 30 * time.Second

// leave ends the loop for good, once the server knows or does not answer.
func (l *loop) leave() {
	late := time.NewTimer(leaveWait)
	defer late.Stop()
	select {
	case <-l.gone:
	case <-late.C:
	case <-l.ctx.Done():
		return
	}
	l.stop(ErrRetired)
}

// durably repeats what must be on the disk before the agent may go on, as when
// the disk is full for a while. It reports false if the agent stopped.
func (l *loop) durably(what string, write func() error) bool {
	for failures := 1; ; failures++ {
		err := write()
		if err == nil {
			return true
		}
		l.log.Error("journal not written; waiting for the disk", "what", what, "err", err)
		if !line.Pause(l.ctx, line.Backoff(failures)) {
			return false
		}
	}
}

func shorten(s string) string {
	if len(s) > link.MaxMessage {
		s = strings.ToValidUTF8(s[:link.MaxMessage], "")
	}
	return s
}
