package control

import (
	"context"
	"math/bits"
	"time"

	"reeve"
)

// Failed sign-ins are held against the name at the address that they come from,
// and against the name at all addresses, where more are free. From an address
// where the operator is signed in only the former counts: so nobody else's
// guesses keep him out where he works.
const (
	freeFailures    = 5
	freeFailuresFar = 25
	longestDelay    = 15 * time.Minute
	failuresKept    = 24 * time.Hour
)

func failureKeys(name, address string) []string {
	return []string{"near " + hashSecret(name+"\n"+address), "far " + hashSecret(name)}
}

// delayAfter is how long nobody is heard after so many failures, of which some
// are free: a second, then twice as long after each further one.
func delayAfter(failures, free int64) time.Duration {
	if failures < free {
		return 0
	}
	if over := failures - free; over < 10 {
		return min(time.Second<<over, longestDelay)
	}
	return longestDelay
}

// errLocked tells how long to wait, whatever was right.
func errLocked(wait time.Duration) error {
	return reeve.Errorf(reeve.Limited, "too many failed attempts to sign in; wait %s and try again", reeve.Seconds(wait))
}

// notLocked is an error while sign-ins under a name are not heard at an address.
func (c *Control) notLocked(ctx context.Context, name, address string) error {
	failures, err := c.store.Failures(ctx, failureKeys(name, address)...)
	if err != nil {
		return err
	}
	now := c.now()
	left := func(f reeve.Failures, free int64) time.Duration {
		return f.Last.Add(delayAfter(f.Count, free)).Sub(now)
	}
	if wait := left(failures[0], freeFailures); wait > 0 && failures[0].Count > 0 {
		return errLocked(wait)
	}
	if wait := left(failures[1], freeFailuresFar); wait > 0 && failures[1].Count > 0 {
		trusted, err := c.isSignedInFrom(ctx, name, address)
		if err == nil && !trusted {
			err = errLocked(wait)
		}
		return err
	}
	return nil
}

func (c *Control) isSignedInFrom(ctx context.Context, name, address string) (bool, error) {
	o, err := c.store.Operator(ctx, name)
	if reeve.KindOf(err) == reeve.NotFound && err != nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sessions, err := c.store.Sessions(ctx, o.Account, o.Name, c.now())
	for _, s := range sessions {
		if s.Address == address && address != "" {
			return true, nil
		}
	}
	return false, err
}

// signInFailed counts a failure, and notes it in the log of the operator's
// account if there is such an operator. Of many in a row it notes fewer and fewer.
func (c *Control) signInFailed(ctx context.Context, o reeve.Operator, name, why string, from From) error {
	now := c.now()
	counts, err := c.store.AddFailure(ctx, now, now.Add(-failuresKept), failureKeys(name, from.Address)...)
	if err != nil || o.Name == "" {
		return err
	}
	n := counts[0]
	var entries []reeve.AuditEntry
	if n <= freeFailures || bits.OnesCount64(uint64(n)) == 1 {
		entries = append(entries, c.signInEntry(o, from, "sign_in_failed", map[string]any{"why": why, "failures": n}))
		entries[0].Outcome = "denied"
	}
	if n == freeFailures || counts[1] == freeFailuresFar {
		entries = append(entries, c.signInEntry(o, from, "sign_in_locked", map[string]any{"failures": n, "everywhere": counts[1]}))
	}
	for _, e := range entries {
		if err := c.store.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// signInEntry begins a row of the log about an operator who signs in, or
// somebody who says that he is that operator.
func (c *Control) signInEntry(o reeve.Operator, from From, event string, facts map[string]any) reeve.AuditEntry {
	facts["operator"] = o.Name
	if from.Browser != "" {
		facts["browser"] = from.Browser
	}
	return entry(consoleCaller(o, from), c.now(), event, detail("", facts))
}

// consoleCaller is an operator at the console.
func consoleCaller(o reeve.Operator, from From) reeve.Caller {
	return reeve.Caller{
		Account: o.Account, Source: reeve.FromConsole, Actor: "operator:" + o.Name, Name: o.Name,
		Scopes: o.Role.Scopes(), Groups: o.GroupScopes(), Address: from.Address, RequestID: from.RequestID,
	}
}
