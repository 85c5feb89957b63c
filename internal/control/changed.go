package control

import (
	"encoding/json"
	"maps"
)

// changed is the detail of a row about something that was changed: its facts as
// they are now, and as "was" those that were others before, null where there was
// none.
func changed(facts, before map[string]any) string {
	was := maps.Clone(before)
	for name, now := range facts {
		if had, known := before[name]; known && same(had, now) {
			delete(was, name)
		} else {
			was[name] = had
		}
	}
	if len(was) > 0 {
		facts["was"] = was
	}
	return detail("", facts)
}

// same reports whether two facts are written alike.
func same(a, b any) bool {
	one, err := json.Marshal(a)
	two, failed := json.Marshal(b)
	return err == nil && failed == nil && string(one) == string(two)
}
