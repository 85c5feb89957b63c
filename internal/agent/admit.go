package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reeve/internal/agent/act"
	"reeve/internal/agent/line"
)

// hoursCheck is how often it is looked whether hours have begun or ended. The
// machine's clock may be set, and the policy may change.
const hoursCheck = time.Minute

// errClosed ends what may be run again, when the hours in which it may run are
// over.
var errClosed = errors.New("the hours that the local policy gives the action are over")

// judge says what the policy makes of a command now: why it must not be done,
// or when it may begin.
func (l *loop) judge(w work) (policy *Policy, begin time.Time, veto string) {
	now := time.Now()
	policy, err := l.policy()
	if err != nil {
		l.log.Error("the local policy cannot be used; all orders are refused", "err", err)
		return nil, now, err.Error()
	}
	if veto = policy.Refuses(w.Action, w.Params); veto != "" {
		return policy, now, veto
	}
	hours := policy.Hours[w.Action]
	begin = hours.Next(now)
	if ends := now.Add(w.FinishBy.Sub(l.now())); begin.After(now) && !begin.Before(ends) {
		return policy, begin, fmt.Sprintf("the local policy allows %s only at %s, which is next at %s, when the command must have ended",
			w.Action, hours, begin.Format(time.RFC3339))
	}
	return policy, begin, ""
}

// admit waits until the policy lets a command begin, and returns the policy, or
// why the command must not be done. It returns early when the command is called
// off.
func (l *loop) admit(t *task, w work) (policy *Policy, veto string) {
	var told time.Time
	for t.ctx.Err() == nil {
		policy, begin, veto := l.judge(w)
		wait := time.Until(begin)
		if veto != "" || wait <= 0 {
			return policy, veto
		}
		if !begin.Equal(told) {
			told, t.waited = begin, true
			l.log.Info("command waits for the hours of its action", "command", t.command, "action", t.action, "begin", begin)
			t.at(l, act.Progress{Percent: -1, Note: fmt.Sprintf("waits until %s: the local policy allows %s only at %s",
				begin.Format(time.RFC3339), w.Action, policy.Hours[w.Action])})
		}
		line.Pause(t.ctx, min(wait, hoursCheck))
	}
	return policy, ""
}

// whileOpen returns a context that ends with the hours, for an action that may
// be run again. Another goes on to its end, which is never far.
func whileOpen(ctx context.Context, action string, hours Hours) context.Context {
	if len(hours) == 0 || !act.Resumable(action) {
		return ctx
	}
	open, cancel := context.WithCancelCause(ctx)
	go func() {
		for now := time.Now(); !hours.Next(now).After(now); now = time.Now() {
			if !line.Pause(open, hoursCheck) {
				break
			}
		}
		cancel(errClosed)
	}()
	return open
}
