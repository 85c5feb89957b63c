package action

import (
	"encoding/json"
	"time"

	"reeve"
)

func init() {
	define(Definition{
		Name:     "ignore",
		Opposite: "unignore",
		Title:    "Ignore an unknown device",
		Since:    V3,
		Rules:    map[Version]Rule{V3: {Standings: []reeve.Standing{reeve.Unknown}}},
		Effect:   standingBecomes(reeve.Ignored),
	})
	define(Definition{
		Name:     "unignore",
		Opposite: "ignore",
		Title:    "Stop ignoring a device",
		Since:    V3,
		Rules:    map[Version]Rule{V3: {Standings: []reeve.Standing{reeve.Ignored}}},
		Effect:   standingBecomes(reeve.Unknown),
	})
}

func standingBecomes(s reeve.Standing) func(json.RawMessage, time.Time) Effect {
	return func(json.RawMessage, time.Time) Effect {
		return Effect{Effect: reeve.Effect{Standing: &s}}
	}
}
