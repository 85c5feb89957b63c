package action

import (
	"encoding/json"
	"time"

	"reeve"
)

type groupParams struct {
	GroupID string `json:"group_id"` // the account's default group if absent or "default"
}

func init() {
	define(Definition{
		Name:  "assign_to_group",
		Title: "Assign to a group",
		Since: V3,
		Rules: map[Version]Rule{
			V3: {Standings: everyStanding, Not: []reeve.AgentKind{reeve.DomainController}},
		},
		Example: `{"group_id":"default"}`,
		Parse: func(params json.RawMessage) (json.RawMessage, error) {
			var p groupParams
			if err := read(params, &p, "group_id"); err != nil {
				return nil, err
			}
			if p.GroupID == "" {
				p.GroupID = DefaultGroup
			}
			return must(p), nil
		},
		Effect: func(params json.RawMessage, _ time.Time) Effect {
			var p groupParams
			json.Unmarshal(params, &p) // Parse made it
			return Effect{Move: true, GroupID: p.GroupID}
		},
	})
}
