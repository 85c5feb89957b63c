package action

import (
	"encoding/json"
	"time"

	"reeve"
)

var groupID = Param{Name: "group_id", Rule: "group_id must be the id of a group, or default", Ask: Ask{Kind: InGroup, Default: DefaultGroup}}

type groupParams struct {
	GroupID string `json:"group_id"`
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
		Params:  []Param{groupID},
		Parse: func(params json.RawMessage) (json.RawMessage, error) {
			p := groupParams{GroupID: DefaultGroup}
			if err := groupID.read(params, &p.GroupID); err != nil {
				return nil, err
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
