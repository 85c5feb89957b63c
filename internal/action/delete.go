package action

import (
	"encoding/json"
	"time"

	"reeve"
)

// The pages of Delete Device v2 have three kinds of it: 0 uninstall the agent, 1
// remove the record as well, 2 archive the record and uninstall. V3 has the
// second.
func init() {
	define(Definition{
		Name:     "delete",
		Title:    "Delete from the inventory",
		Since:    V3,
		Opposite: Restore, Destructive: true,
		Rules: map[Version]Rule{V2: {Standings: everyStanding}, V3: {Standings: everyStanding}},
		Effect: func(_ json.RawMessage, now time.Time) Effect {
			return archived(now)
		},
	})
	// archive takes the record out of the inventory and never erases it.
	define(Definition{
		Name:     "archive",
		Title:    "Archive for good",
		Opposite: Restore, Destructive: true,
		Rules:  map[Version]Rule{V2: {Standings: everyStanding}},
		Effect: func(json.RawMessage, time.Time) Effect { return archived(time.Time{}) },
	})
	// retire is the order that goes to the agents of deleted devices, and by
	// itself leaves the record where it is.
	define(Definition{
		Name:        "retire",
		Title:       "Retire the agent",
		Destructive: true,
		Rules:       map[Version]Rule{V2: {Standings: everyStanding, Not: []reeve.AgentKind{reeve.NoAgent}}, V3: {Standings: everyStanding}},
		Agent:       true,
		Lives:       lives(90*24*time.Hour, time.Hour),
	})
}

func archived(eraseAt time.Time) Effect {
	standing := reeve.Archived
	return Effect{Archive: true, Effect: reeve.Effect{Standing: &standing, EraseAt: eraseAt}}
}

// lives is the lifetime of an order whatever its parameters.
func lives(deliver, finish time.Duration) func(json.RawMessage) (time.Duration, time.Duration) {
	return func(json.RawMessage) (time.Duration, time.Duration) { return deliver, finish }
}
