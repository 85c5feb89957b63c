package reeve

import (
	"math/bits"
	"slices"
)

// Abilities is the set of agent actions that a device's agent names in its
// Hello, one bit for each word of abilityNames.
type Abilities uint32

// abilityNames gives each ability its bit. The position is stored, so words
// are only ever added at the end.
var abilityNames = []string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire", "unquarantine"}

// AbilitiesOf returns the set of the named actions; names that this server
// does not know are left out, since nothing here could order them.
func AbilitiesOf(actions []string) Abilities {
	var a Abilities
	for _, name := range actions {
		if i := slices.Index(abilityNames, name); i >= 0 {
			a |= 1 << i
		}
	}
	return a
}

// Has reports whether the named action is in the set.
func (a Abilities) Has(action string) bool {
	i := slices.Index(abilityNames, action)
	return i >= 0 && a&(1<<i) != 0
}

// Names returns the actions of the set in a fixed order.
func (a Abilities) Names() []string {
	out := make([]string, 0, bits.OnesCount32(uint32(a)))
	for i, name := range abilityNames {
		if a&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}
