package action

import (
	"slices"
	"strings"

	"reeve"
)

// A Rule says what an action applies to, as data.
type Rule struct {
	Standings []reeve.Standing  // any of these
	Not       []reeve.AgentKind // none of these; only where Agents is empty
	Agents    []AgentRule       // any of these; empty: with or without an agent
}

// An AgentRule is one sort of agent that can do the work.
type AgentRule struct {
	Kind    reeve.AgentKind
	Any     bool         // on every system; System is ignored
	System  reeve.System //
	Minimum reeve.Version
}

var (
	everyStanding = []reeve.Standing{reeve.Managed, reeve.Unknown, reeve.Ignored, reeve.OutOfLicense}
	managed       = []reeve.Standing{reeve.Managed} // "all devices exclude Unknown, Ignored, Out-of-license-usage"
	persistent    = []AgentRule{{Kind: reeve.Persistent, Any: true}}
)

// agents makes the rule of an order to agents: a device without a seat cannot
// report, so such orders need standing Managed.
func agents(rules ...AgentRule) Rule { return Rule{Standings: managed, Agents: rules} }

func (r Rule) decide(c reeve.Class) reeve.Reason {
	if !slices.Contains(r.Standings, c.Standing) {
		return reeve.WrongStanding
	}
	if len(r.Agents) == 0 {
		if slices.Contains(r.Not, c.Kind) {
			return reeve.WrongKind
		}
		return reeve.NoReason
	}
	// The nearest miss is the reason worth telling.
	nearest := reeve.WrongKind
	for _, a := range r.Agents {
		switch {
		case a.Kind != c.Kind:
		case !a.Any && a.System != c.System:
			if nearest == reeve.WrongKind {
				nearest = reeve.WrongSystem
			}
		case c.Version.Compare(a.Minimum) < 0:
			nearest = reeve.OldAgent
		default:
			return reeve.NoReason
		}
	}
	return nearest
}

// String says for people what the rule applies to.
func (r Rule) String() string {
	text := "every device"
	if len(r.Standings) < len(everyStanding) {
		text = "devices that are " + words(r.Standings)
	}
	if len(r.Not) > 0 {
		text += ", but not with agent " + words(r.Not)
	}
	for i, a := range r.Agents {
		joint := " or "
		if i == 0 {
			joint = ", with agent "
		}
		text += joint + a.Kind.String()
		if !a.Any {
			text += " on " + a.System.String()
		}
		if a.Minimum != (reeve.Version{}) {
			text += " from " + a.Minimum.String()
		}
	}
	return text
}

func words[T interface{ String() string }](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return strings.Join(out, ", ")
}
