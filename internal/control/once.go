package control

import (
	"context"
	"time"

	"reeve"
)

// How long a request with an Idempotency-Key may take before a repeat carries it
// out in its place, and how often a repeat looks meanwhile.
const (
	claimFor  = time.Minute
	claimPoll = 25 * time.Millisecond
)

var (
	errOtherBody = reeve.Errorf(reeve.Conflict, "this Idempotency-Key was used with another body; take a new key for a new request")
	errLost      = reeve.Errorf(reeve.Conflict, "the request with this Idempotency-Key was carried out, but its answer is not known any more; look at what it changed, and do not repeat it")
	errUnderWay  = reeve.Errorf(reeve.Unavailable, "the first request with this Idempotency-Key is still under way; repeat this one later")
)

// Once carries out a request with an Idempotency-Key: do is called for the first
// one, with a context that all its changes must be made with, and what it
// returns is kept for a day. A repeat waits for the first and gets its answer. A
// request that fails before it changed anything is forgotten. What failed or
// was cut off after its change is a Conflict that says so; it is never done
// twice.
func (c *Control) Once(ctx context.Context, account int64, key reeve.RepeatKey, do func(context.Context) ([]byte, error)) (answer []byte, repeated bool, err error) {
	key.Until = c.now().Add(keptFor)
	claim := reeve.NewClaim(account, key)
	found, err := c.claim(ctx, claim)
	switch {
	case err != nil:
		return nil, false, err
	case found.Mine:
		answer, err = c.carryOut(ctx, claim, do)
		return answer, false, err
	case found.Body != key.Body:
		return nil, false, errOtherBody
	case found.State == reeve.Spent:
		return nil, false, errLost
	}
	return found.Answer, true, nil
}

// claim asks for a claim until it is granted or the request is over.
func (c *Control) claim(ctx context.Context, claim reeve.Claim) (reeve.Standstill, error) {
	tick := time.NewTicker(claimPoll)
	defer tick.Stop()
	patience := time.NewTimer(claimFor)
	defer patience.Stop()
	for {
		now := c.now()
		found, err := c.store.Claim(ctx, claim, now, now.Add(claimFor))
		over := found.State == reeve.Answered || found.State == reeve.Spent && !found.Lease.After(now)
		if err != nil || found.Mine || over || found.Body != claim.Key.Body {
			return found, err
		}
		select {
		case <-tick.C:
		case <-patience.C:
			return found, errUnderWay
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

func (c *Control) carryOut(ctx context.Context, claim reeve.Claim, do func(context.Context) ([]byte, error)) ([]byte, error) {
	after := context.WithoutCancel(ctx) // who has gone may come back and repeat
	done := false
	defer func() {
		if done { // not so after a panic either
			return
		}
		if err := c.store.Release(after, claim); err != nil {
			c.opts.Log.Error("an Idempotency-Key was not released", "err", err)
		}
	}()
	answer, err := do(claim.Within(ctx))
	if err != nil {
		return nil, err
	}
	done = true
	if err := c.store.Answer(after, claim, answer); err != nil {
		c.opts.Log.Error("an answer was not kept for repeats of its request", "err", err)
	}
	return answer, nil
}
