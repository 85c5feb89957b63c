package control

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// Restored says what became of a request to restore devices.
type Restored struct {
	IDs     []string // of those that came back
	Refused []Unrestored
}

// An Unrestored device did not come back, for one of the UnrestoredReasons.
type Unrestored struct {
	ID     string
	Reason string
	Why    string // the reason in a sentence
}

// The reasons why a device does not come back.
var (
	unknownDevice = Unrestored{Reason: "not_found", Why: "there is no device with this id in the account; one that was deleted has been erased"}
	notDeleted    = Unrestored{Reason: "not_deleted", Why: "the device is not deleted"}
	tooLate       = Unrestored{Reason: "erased", Why: "the time in which the device could be restored is over"}
)

// UnrestoredReasons are the words for these.
var UnrestoredReasons = []string{unknownDevice.Reason, notDeleted.Reason, tooLate.Reason}

// Restore brings deleted devices back into the inventory: those that are of the
// caller's account, deleted, and not yet erased. What standing they get,
// [reeve.DeviceStore] says.
func (c *Control) Restore(ctx context.Context, caller reeve.Caller, ids []string) (Restored, error) {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Restored{}, err
	}
	if len(ids) == 0 || len(ids) > c.opts.MaxEntries {
		return Restored{}, reeve.Errorf(reeve.Invalid, "name 1 to %d devices to restore; split the list", c.opts.MaxEntries)
	}
	known, err := c.knownTo(ctx, caller, reach, ids)
	if err != nil {
		return Restored{}, err
	}
	now := c.now()
	restored, orders, err := c.store.Restore(ctx, caller.Account, known, now, entry(caller, now, "devices_restored", ""))
	if err != nil {
		return Restored{}, err
	}
	c.tellCancelled(now, orders)
	refused, err := c.unrestored(ctx, caller.Account, ids, known, restored)
	return Restored{restored, refused}, err
}

// tellCancelled wakes delivery for orders of several jobs that were called off.
func (c *Control) tellCancelled(now time.Time, orders []reeve.Order) {
	byJob := map[reeve.JobID][]reeve.Order{}
	for _, o := range orders {
		byJob[o.ID.Job] = append(byJob[o.ID.Job], o)
	}
	for job, orders := range byJob {
		c.wake.Cancelled(job, now, orders)
	}
}

// knownTo returns those of the ids that a caller who acts on some groups only
// knows of, and all of them for others.
func (c *Control) knownTo(ctx context.Context, caller reeve.Caller, reach Reach, ids []string) ([]string, error) {
	if reach.All {
		return ids, nil
	}
	devices, err := c.store.DevicesEver(ctx, caller.Account, ids)
	if err != nil {
		return nil, err
	}
	if devices, err = c.allowDevices(ctx, caller, reach, devices); err != nil {
		return nil, err
	}
	known := make([]string, len(devices))
	for i, d := range devices {
		known[i] = d.ID
	}
	return known, nil
}

// unrestored says why those of the ids did not come back that are not among the
// restored, each once, in the order of the request. Of those that are not among
// the known ones it tells nothing.
func (c *Control) unrestored(ctx context.Context, account int64, ids, known, restored []string) ([]Unrestored, error) {
	done := make(map[string]bool, len(ids))
	for _, id := range restored {
		done[id] = true
	}
	isDone := func(id string) bool { return done[id] }
	look := slices.DeleteFunc(slices.Clone(known), isDone)
	var left []string
	for _, id := range ids {
		if !done[id] {
			done[id], left = true, append(left, id)
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	devices, err := c.store.DevicesEver(ctx, account, look)
	if err != nil {
		return nil, err
	}
	reasons := make(map[string]Unrestored, len(devices))
	for _, d := range devices {
		reasons[d.ID] = notDeleted
		if d.Class.Standing == reeve.Archived {
			reasons[d.ID] = tooLate
		}
	}
	refused := make([]Unrestored, len(left))
	for i, id := range left {
		reason, found := reasons[id]
		if !found {
			reason = unknownDevice
		}
		reason.ID = id
		refused[i] = reason
	}
	return refused, nil
}

// restorable is how long the account's deleted records can be restored.
func restorable(a reeve.Account) time.Duration {
	return time.Duration(Effective(a.Settings).RestoreDays) * 24 * time.Hour
}
