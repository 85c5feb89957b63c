package control

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// An OperatorState is an operator with how he signs in.
type OperatorState struct {
	reeve.Operator
	App      bool      // he has an authenticator app besides his password
	Passkeys int       // how many he has
	Failed   int64     // sign-ins under his name that failed since the last good one, at most a day ago
	Locked   time.Time // until when no sign-in under his name is heard where he is not signed in; zero if they are
}

// OperatorStates returns the account's operators by name, to administrators.
func (v *View) OperatorStates(ctx context.Context) ([]OperatorState, error) {
	operators, err := v.Operators(ctx)
	if err != nil {
		return nil, err
	}
	states := make([]OperatorState, len(operators))
	keys := make([]string, len(operators))
	for i, o := range operators { // people, so that they are few
		if states[i], err = v.operatorState(ctx, o); err != nil {
			return nil, err
		}
		keys[i] = failureKeys(o.Name, "")[1]
	}
	failures, err := v.c.store.Failures(ctx, keys...)
	if err != nil {
		return nil, err
	}
	now := v.c.now()
	for i, f := range failures {
		if f.Count == 0 || now.Sub(f.Last) >= failuresKept {
			continue
		}
		states[i].Failed = f.Count
		if until := f.Last.Add(delayAfter(f.Count, freeFailuresFar)); until.After(now) {
			states[i].Locked = until
		}
	}
	return states, nil
}

func (v *View) operatorState(ctx context.Context, o reeve.Operator) (OperatorState, error) {
	state := OperatorState{Operator: o}
	var err error
	if state.App, err = v.c.hasFactor(ctx, o.Name); err != nil {
		return state, err
	}
	passkeys, err := v.c.store.Passkeys(ctx, o.Account, o.Name)
	state.Passkeys = len(passkeys)
	return state, err
}

// OperatorState returns one of the account's operators, to administrators.
func (v *View) OperatorState(ctx context.Context, name string) (OperatorState, error) {
	states, err := v.OperatorStates(ctx)
	if err != nil {
		return OperatorState{}, err
	}
	i := slices.IndexFunc(states, func(s OperatorState) bool { return s.Name == name })
	if i < 0 {
		return OperatorState{}, reeve.Errorf(reeve.NotFound, "there is no such operator")
	}
	return states[i], nil
}
