package control

import (
	"context"
	"maps"
	"slices"

	"reeve"
)

// A Reach is what of an account a permission is for: all of it, or the devices
// of some groups.
type Reach struct {
	All    bool
	Groups []int64 // internal keys in rising order, unless All
}

// Has reports whether the reach holds the group with this internal key.
func (r Reach) Has(group int64) bool {
	_, found := slices.BinarySearch(r.Groups, group)
	return r.All || found
}

// Allow is the one place that decides whether a caller may do what needs the
// scope for the whole account.
func Allow(caller reeve.Caller, scope reeve.Scope) error {
	reach, err := AllowSome(caller, scope)
	if err == nil && !reach.All {
		err = reeve.Errorf(reeve.Forbidden, "this needs the scope %s for the whole account, and your roles give it for single groups only; ask an administrator", scope)
	}
	return err
}

// AllowSome decides what of the account a caller may do what needs the scope
// with. Forbidden if it is nothing.
func AllowSome(caller reeve.Caller, scope reeve.Scope) (Reach, error) {
	switch groups := groupsWith(caller, scope); {
	case caller.Account != 0 && caller.Scopes.Has(scope):
		return Reach{All: true}, nil
	case caller.Account != 0 && len(groups) > 0:
		return Reach{Groups: groups}, nil
	case caller.Source == reeve.FromConsole:
		return Reach{}, reeve.Errorf(reeve.Forbidden, "your role does not have the scope %s; ask an administrator for one that has it", scope)
	default:
		return Reach{}, reeve.Errorf(reeve.Forbidden, "this credential lacks the scope %s; use an app that has it", scope)
	}
}

func groupsWith(caller reeve.Caller, scope reeve.Scope) []int64 {
	if len(caller.Groups) == 0 {
		return nil
	}
	return slices.Sorted(func(yield func(int64) bool) {
		for group, scopes := range maps.All(caller.Groups) {
			if scopes.Has(scope) && !yield(group) {
				return
			}
		}
	})
}

// readable is what of the account the caller sees, which may be nothing.
func readable(caller reeve.Caller) Reach {
	reach, _ := AllowSome(caller, reeve.Read)
	return reach
}

var errNotYours = reeve.Errorf(reeve.Forbidden, "your roles do not let you change all of these devices; choose only devices of groups that you may act on")

// allowDevices decides whether a caller whose permission to write reaches so far
// may change these devices, and returns those that he knows of.
func (c *Control) allowDevices(ctx context.Context, caller reeve.Caller, reach Reach, devices []reeve.Device) ([]reeve.Device, error) {
	if reach.All {
		return devices, nil
	}
	sees := readable(caller)
	keys, err := c.groupKeys(ctx, caller.Account, devices)
	if err != nil {
		return nil, err
	}
	var known []reeve.Device
	for _, d := range devices {
		group := keys[d.GroupID]
		switch {
		case reach.Has(group):
			known = append(known, d)
		case sees.Has(group):
			return nil, errNotYours
		}
	}
	return known, nil
}

// allowJob returns a job of the caller's account that he may do what needs the
// scope with: who has it for single groups only has it for the jobs that he
// placed himself.
func (c *Control) allowJob(ctx context.Context, caller reeve.Caller, scope reeve.Scope, id reeve.JobID) (reeve.Job, error) {
	reach, err := AllowSome(caller, scope)
	if err != nil {
		return reeve.Job{}, err
	}
	job, err := c.store.Job(ctx, caller.Account, id)
	switch {
	case err != nil || reach.All || job.Caller.Actor == caller.Actor:
		return job, err
	case readable(caller).All:
		return reeve.Job{}, reeve.Errorf(reeve.Forbidden, "somebody else placed this job, and your roles let you act on your own only")
	default:
		return reeve.Job{}, reeve.Errorf(reeve.NotFound, "there is no such job in this account")
	}
}
