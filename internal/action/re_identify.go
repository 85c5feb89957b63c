package action

import (
	"encoding/json"
	"time"

	"reeve"
)

// identifyParams carries the account's questions in the order, so that they
// are sealed with it.
type identifyParams struct {
	Fields []reeve.IdentityField `json:"fields"`
}

func init() {
	define(Definition{
		Name:  "re-identify",
		Title: "Ask the user to identify again",
		Since: V3,
		Rules: map[Version]Rule{
			V3: {Standings: managed},
			// The Linux line is ours: the pages name no Linux minimum.
			V3_2: agents(
				AgentRule{Kind: reeve.Persistent, System: reeve.Windows, Minimum: reeve.Version{7, 6, 71, 0}},
				AgentRule{Kind: reeve.Persistent, System: reeve.MacOS, Minimum: reeve.Version{10, 4, 123, 0}},
				AgentRule{Kind: reeve.Persistent, System: reeve.Linux},
				AgentRule{Kind: reeve.Mobile, Any: true},
			),
		},
		Agent: true,
		Lives: lives(7*24*time.Hour, 7*24*time.Hour),
		Complete: func(_ json.RawMessage, a reeve.Account) json.RawMessage {
			return must(identifyParams{a.IdentityFields})
		},
	})
}
