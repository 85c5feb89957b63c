package action

import (
	"encoding/json"
	"fmt"
	"time"

	"reeve"
)

// maxExemptHours is the published bound: exempt_time "should be less than 65000".
const maxExemptHours = 65000

var exemptTime = Param{
	Name: "exempt_time", Rule: fmt.Sprintf("exempt_time must be a whole number of hours from 0 to %d", maxExemptHours-1),
	Ask: Ask{Kind: Hours, Choices: []string{"1", "8", "24", "168", "720", "0"}, Max: maxExemptHours - 1, Default: "24"},
}

type exemptParams struct {
	Hours int64 `json:"exempt_time"` // 0 is for ever
}

// Exempting excludes domain controllers from v3.2 on; before it is "all
// devices exclude Unknown, Ignored, Out-of-license-usage devices".
var exemptRules = map[Version]Rule{
	V2:   {Standings: managed},
	V3:   {Standings: managed},
	V3_2: {Standings: managed, Not: []reeve.AgentKind{reeve.DomainController}},
}

func init() {
	define(Definition{
		Name:     "exempt",
		Opposite: "unexempt",
		Title:    "Exempt from policy",
		Since:    V3,
		Rules:    exemptRules,
		Example:  `{"exempt_time":24}`,
		Params:   []Param{exemptTime},
		Parse: func(params json.RawMessage) (json.RawMessage, error) {
			var p exemptParams
			if err := exemptTime.read(params, &p.Hours); err != nil {
				return nil, err
			}
			if p.Hours < 0 || p.Hours >= maxExemptHours {
				return nil, exemptTime.refuse()
			}
			return must(p), nil
		},
		Effect: func(params json.RawMessage, now time.Time) Effect {
			var p exemptParams
			json.Unmarshal(params, &p) // Parse made it
			until := reeve.Forever
			if p.Hours > 0 {
				until = now.Add(time.Duration(p.Hours) * time.Hour)
			}
			return exempted(reeve.ExemptAll, until)
		},
	})
	// exempt_critical excuses critical issues only, and has no end.
	define(Definition{
		Name:     "exempt_critical",
		Opposite: "unexempt",
		Title:    "Exempt from critical issues",
		Rules:    map[Version]Rule{V2: exemptRules[V2]},
		Effect: func(json.RawMessage, time.Time) Effect {
			return exempted(reeve.ExemptCritical, reeve.Forever)
		},
	})
	define(Definition{
		Name:     "unexempt",
		Opposite: "exempt",
		Title:    "End an exemption",
		Since:    V3,
		Rules:    exemptRules,
		Effect: func(json.RawMessage, time.Time) Effect {
			return exempted(reeve.ExemptAll, time.Time{})
		},
	})
}

// exempted is an exemption until then; without an end, the end of any.
func exempted(kind reeve.Exemption, until time.Time) Effect {
	return Effect{Effect: reeve.Effect{Exempt: &kind, ExemptUntil: until}}
}
