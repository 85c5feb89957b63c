package sqlstore

import (
	"context"
	"sync"

	"reeve"
)

// A device's class is one number: the standing in its lowest three bits, and
// above them the row of everything else in the table classes. A fleet has few
// such rows and they never change, so all of them are kept in memory; rows that
// another server added are read when their number is met.
const (
	standingBits = 3
	standingMask = 1<<standingBits - 1
	erased       = 7 // the standing, of which the root package does not know, of the row that remains of an erased device
)

// Conditions on the class of a device d.
const (
	live     = "d.class & 7 < 4"  // in the inventory: every standing before Archived
	kept     = "d.class & 7 <> 7" // not erased
	archived = "d.class & 7 = 4"
)

func standingOf(class int64) reeve.Standing { return reeve.Standing(class & standingMask) }

type classes struct {
	mu      sync.RWMutex
	classes map[int64]reeve.Class // by row, with standing 0
	rows    map[reeve.Class]int64
}

func (c *classes) class(number int64) (reeve.Class, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	class, ok := c.classes[number>>standingBits]
	class.Standing = standingOf(number)
	return class, ok
}

func (c *classes) number(class reeve.Class) (int64, bool) {
	standing := class.Standing
	class.Standing = 0
	c.mu.RLock()
	defer c.mu.RUnlock()
	row, ok := c.rows[class]
	return row<<standingBits | int64(standing), ok
}

// load reads all rows that are committed.
func (c *classes) load(ctx context.Context, q querier) error {
	type row struct {
		no    int64
		class reeve.Class
	}
	found, err := all(ctx, q, func(r rows) (v row, err error) {
		var kind, system, abilities int64
		var version string
		err = r.Scan(&v.no, &kind, &system, &version, &abilities)
		v.class.Kind, v.class.System = reeve.AgentKind(kind), reeve.System(system)
		v.class.Version, _ = reeve.ParseVersion(version) // "" is no version
		v.class.Abilities = reeve.Abilities(abilities)
		return v, err
	}, "SELECT no, kind, system, version, abilities FROM classes")
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.classes, c.rows = make(map[int64]reeve.Class, len(found)), make(map[reeve.Class]int64, len(found))
	for _, v := range found {
		c.classes[v.no], c.rows[v.class] = v.class, v.no
	}
	return nil
}

// know makes sure that these numbers are in memory.
func (c *classes) know(ctx context.Context, q querier, numbers func(yield func(int64) bool)) error {
	for n := range numbers {
		if _, ok := c.class(n); !ok {
			return c.load(ctx, q)
		}
	}
	return nil
}

// classNumber returns the number of a class, adding its row if it is new. What
// this transaction adds, only it remembers, until another reads it committed.
func (t *tx) classNumber(class reeve.Class) (int64, error) {
	known := &t.store.classes
	if number, ok := known.number(class); ok {
		return number, nil
	}
	standing := int64(class.Standing)
	class.Standing = 0
	if row, ok := t.newClasses[class]; ok {
		return row<<standingBits | standing, nil
	}
	if t.newClasses == nil { // so all that this transaction can see is committed
		t.newClasses = map[reeve.Class]int64{}
		if err := known.load(t.ctx, t); err != nil {
			return 0, err
		}
		if number, ok := known.number(class); ok {
			return number | standing, nil
		}
	}
	args := []any{int64(class.Kind), int64(class.System), class.Version.String(), int64(class.Abilities)}
	err := t.later(`INSERT INTO classes (kind, system, version, abilities) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, args...)
	if err != nil {
		return 0, err
	}
	row, _, err := first(t.ctx, t, number, `SELECT no FROM classes
		WHERE kind = $1 AND system = $2 AND version = $3 AND abilities = $4`, args...)
	t.newClasses[class] = row
	return row<<standingBits | standing, err
}
