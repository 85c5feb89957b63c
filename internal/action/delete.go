package action

import (
	"encoding/json"
	"time"

	"reeve"
)

func init() {
	define(Definition{
		Name:  "delete",
		Title: "Delete from the inventory",
		Since: V3,
		Rules: map[Version]Rule{V3: {Standings: everyStanding}},
		Effect: func(_ json.RawMessage, now time.Time) Effect {
			archived := reeve.Archived
			return Effect{Archive: true, Effect: reeve.Effect{Standing: &archived, EraseAt: now}}
		},
	})
	// retire is the order that goes to the agents of deleted devices.
	define(Definition{
		Name:  "retire",
		Title: "Retire the agent",
		Rules: map[Version]Rule{V3: {Standings: everyStanding}},
		Agent: true,
		Lives: lives(90*24*time.Hour, time.Hour),
	})
}

// lives is the lifetime of an order whatever its parameters.
func lives(deliver, finish time.Duration) func(json.RawMessage) (time.Duration, time.Duration) {
	return func(json.RawMessage) (time.Duration, time.Duration) { return deliver, finish }
}
