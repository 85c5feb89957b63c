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

// IdentityFields returns the questions that an order of re-identify asks; none
// for params of another action.
func IdentityFields(params json.RawMessage) []reeve.IdentityField {
	var p identifyParams
	json.Unmarshal(params, &p) // what this server stored
	return p.Fields
}

// asked are the agents that v3.2 and later ask. The Linux line is ours: the
// pages name no Linux minimum.
var asked = []AgentRule{
	{Kind: reeve.Persistent, System: reeve.Windows, Minimum: reeve.Version{7, 6, 71, 0}},
	{Kind: reeve.Persistent, System: reeve.MacOS, Minimum: reeve.Version{10, 4, 123, 0}},
	{Kind: reeve.Persistent, System: reeve.Linux},
	{Kind: reeve.Mobile, Any: true},
}

func init() {
	define(Definition{
		Name:  "re-identify",
		Title: "Ask the user to identify again",
		Since: V3,
		Rules: map[Version]Rule{
			V3:   {Standings: managed},
			V3_2: agents(asked...),
			// What the pages leave out since v3.2 a link can ask all the same.
			Own: agents(append(asked, AgentRule{Kind: reeve.OnDemand, Any: true})...),
		},
		Agent: true,
		Lives: lives(7*24*time.Hour, 7*24*time.Hour),
		Complete: func(_ json.RawMessage, a reeve.Account) (json.RawMessage, error) {
			if len(a.IdentityFields) == 0 {
				return nil, reeve.Errorf(reeve.Conflict, "the account has no identity fields, so there is nothing to ask; set them before you order re-identify")
			}
			fields := make([]reeve.IdentityField, len(a.IdentityFields))
			for i, f := range a.IdentityFields {
				fields[i] = f.Fill()
			}
			return must(identifyParams{fields}), nil
		},
		// A phone's user has a browser at hand, and an agent on demand may never
		// come back. The pages are silent on how these are asked.
		Linked: func(c reeve.Class, online bool) bool {
			return c.Kind == reeve.Mobile || c.Kind == reeve.OnDemand && (!online || !c.Abilities.Has("re-identify"))
		},
	})
}
