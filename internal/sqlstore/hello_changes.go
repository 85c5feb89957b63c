package sqlstore

import (
	"slices"
	"time"

	"reeve"
)

// changes are what hellos say otherwise of devices than those before them: the
// facts of a row of the log for each device.
type changes map[int64]map[string]any

func (c changes) of(device int64) map[string]any {
	if c[device] == nil {
		c[device] = map[string]any{}
	}
	return c[device]
}

// note notes what something was, and is now.
func (c changes) note(device int64, name, was, is string) {
	facts := c.of(device)
	facts[name+"_was"], facts[name] = was, is
}

// list adds an address to those under a name.
func (c changes) list(device int64, name string, mac reeve.MAC) {
	facts := c.of(device)
	had, _ := facts[name].([]string)
	facts[name] = append(had, mac.String())
}

// logChanges appends a row for each device of which something is new. Deleted
// ones have no more past.
func (t *tx) logChanges(now time.Time, known map[int64]record, batch []reeve.Meeting, said changes) error {
	for _, m := range batch {
		facts, old := said[m.Device], known[m.Device]
		class, _ := t.store.classes.class(old.class)
		if facts == nil || class.Standing == reeve.Archived {
			continue
		}
		for _, name := range []string{"macs_added", "macs_removed"} {
			if macs, ok := facts[name].([]string); ok {
				slices.Sort(macs)
			}
		}
		detail, err := encode(facts, false)
		if err != nil {
			return err
		}
		t.log(reeve.AuditEntry{Account: old.account, At: now, Event: "device_changed", Source: reeve.FromAgent, Actor: "device:" + old.ID,
			Device: old.ID, Address: clean(m.Address), Outcome: "ok", Detail: detail})
	}
	return nil
}
