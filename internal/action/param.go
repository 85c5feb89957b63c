package action

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"reeve"
)

// A Param is a member of a params object.
type Param struct {
	Name string
	Rule string // the sentence about what it may hold, for who sent something else
	Ask  Ask    // how a person is asked for it
}

// CheckNames returns an Invalid error if params has a member that the action
// does not know. The published API passes such members by; elsewhere one is a
// misspelling, and what it was to limit would go on without a limit. What is
// not an object is left to Check.
func (d Definition) CheckNames(params json.RawMessage) error {
	var given map[string]json.RawMessage
	json.Unmarshal(params, &given)
	known := make([]string, len(d.Params))
	for i, p := range d.Params {
		known[i] = p.Name
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case slices.Contains(known, name):
		case len(known) == 0:
			return reeve.Errorf(reeve.Invalid, "%s has no parameter %.40q; it takes none", reeve.Word(d.Name), name)
		default:
			return reeve.Errorf(reeve.Invalid, "%s has no parameter %.40q; it has %s", reeve.Word(d.Name), name, strings.Join(known, ", "))
		}
	}
	return nil
}

// read decodes this member of params, and no other, into v; if it is absent v
// stays. A null is refused: it would pass for zero, which often means most.
func (p Param) read(params json.RawMessage, v any) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(params, &all); err != nil {
		return reeve.Errorf(reeve.Invalid, "params must be a JSON object").Because(err)
	}
	value, ok := all[p.Name]
	if !ok {
		return nil
	}
	if string(value) == "null" || json.Unmarshal(value, v) != nil {
		return p.refuse()
	}
	return nil
}

func (p Param) refuse() error { return reeve.Errorf(reeve.Invalid, "%s", reeve.Word(p.Rule)) }
