package cmapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/action"
)

// words is a member of a filter: a list, or a single word without one.
type words []string

// UnmarshalJSON reads a string or an array of strings without nulls.
func (w *words) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		*w = words{one}
		return nil
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	for _, word := range list {
		if word == nil {
			return &json.UnmarshalTypeError{Value: "null"}
		}
		*w = append(*w, *word)
	}
	return nil
}

// A narrowing applies the words of one member to a query. It reports whether any
// device can have one of them.
type narrowing func(l lens, q *reeve.DeviceQuery, given words) (bool, error)

// narrowings are the members of filter that Reeve can judge. Members of other
// names are ignored, as everywhere in the published API.
//
// Source: "Get Devices" v3.1 of the OAuth API manual, whose list of members and
// of the values of agent_status is cut off.
var narrowings = map[string]narrowing{
	"device_status": byStatus,
	"device_type":   byWords(typeWords, func(l lens, q *reeve.DeviceQuery, types []string) { q.Types = types }),
	"os":            byWords(systemWords, func(l lens, q *reeve.DeviceQuery, systems []reeve.System) { q.Systems = systems }),
	"agent_status": byWords(presenceWords, func(l lens, q *reeve.DeviceQuery, states []reeve.Presence) {
		q.Presence, q.Now, q.UnseenAfter = states, l.now, l.unseenAfter()
	}),
	"agent_type": byWords(kindWords, func(l lens, q *reeve.DeviceQuery, kinds []reeve.AgentKind) { q.Kinds = kinds }),
	"group_id":   byGroup,
}

// The words of members and what they stand for. A word that stands for nothing
// is published, and no device of Reeve has it.
var (
	typeWords     = spelt(map[string][]string{}, deviceTypes, func(t string) string { return t })
	systemWords   = map[string][]reeve.System{"windows": {reeve.Windows}, "mac": {reeve.MacOS}, "linux": {reeve.Linux}, "ios": {reeve.IOS}, "android": {reeve.Android}}
	presenceWords = map[string][]reeve.Presence{"connected": {reeve.Connected}, "disconnected": {reeve.Disconnected}, "unseen": {reeve.Unseen}, "out_of_date": nil}
	allKinds      = []reeve.AgentKind{reeve.NoAgent, reeve.Persistent, reeve.OnDemand, reeve.Mobile, reeve.DomainController}
	kindWords     = spelt(map[string][]reeve.AgentKind{"managed": allKinds, "guest": allKinds}, allKinds[1:], reeve.AgentKind.String)
)

// spelt adds to a dictionary the values that are spelt in one way.
func spelt[T any](dictionary map[string][]T, values []T, spell func(T) string) map[string][]T {
	for _, v := range values {
		dictionary[spell(v)] = []T{v}
	}
	return dictionary
}

// byWords is the narrowing of a member whose words are in a dictionary.
func byWords[T any](dictionary map[string][]T, apply func(lens, *reeve.DeviceQuery, []T)) narrowing {
	return func(l lens, q *reeve.DeviceQuery, given words) (bool, error) {
		var values []T
		for _, word := range given {
			meant, known := dictionary[word]
			if !known {
				return false, errWord("the filter", word, dictionary)
			}
			values = append(values, meant...)
		}
		apply(l, q, values)
		return len(values) > 0, nil
	}
}

// errWord says which words a parameter has instead of one that it has not.
func errWord[T any](of, word string, known map[string]T) error {
	return reeve.Errorf(reeve.Invalid, "%.40q is not a value of %s; it has %s", word, of, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// statusWords are the words of device_status. Three are for what only an
// assessment could tell.
var statusWords = func() map[string][]posture {
	dictionary := map[string][]posture{"non_compliant": nil, "pending": nil, "quarantined": nil}
	for p, word := range wordsV3 {
		dictionary[word] = []posture{posture(p)}
	}
	return dictionary
}()

// byStatus turns postures into standings, and for managed devices into whether
// they are exempt: exempted ones are a part of them, all others are installed or
// compliant as the account wants it.
func byStatus(l lens, q *reeve.DeviceQuery, given words) (bool, error) {
	wanted := map[posture]bool{}
	if some, err := byWords(statusWords, func(_ lens, _ *reeve.DeviceQuery, postures []posture) {
		for _, p := range postures {
			wanted[p] = true
		}
	})(l, q, given); !some || err != nil {
		return false, err
	}
	exempt, others := wanted[exempted], wanted[l.unassessed()]
	if exempt || others {
		q.Standings = append(q.Standings, reeve.Managed)
	}
	if exempt != others {
		q.Exempt, q.Now = &exempt, l.now
	}
	for p, standing := range map[posture]reeve.Standing{unknown: reeve.Unknown, ignored: reeve.Ignored, outOfLicense: reeve.OutOfLicense} {
		if wanted[p] {
			q.Standings = append(q.Standings, standing)
		}
	}
	slices.Sort(q.Standings)
	return len(q.Standings) > 0, nil
}

// byGroup takes what is not the id of a group for an unknown one.
func byGroup(l lens, q *reeve.DeviceQuery, given words) (bool, error) {
	for _, id := range given {
		switch {
		case id == action.DefaultGroup:
			q.GroupNos = append(q.GroupNos, l.group)
		case reeve.IsID(id):
			q.GroupIDs = append(q.GroupIDs, id)
		}
	}
	return len(q.GroupIDs)+len(q.GroupNos) > 0, nil
}

// readFilter reads filter into a query. It reports false if no device passes.
func (v deviceFilter) readFilter(filter json.RawMessage, l lens, q *reeve.DeviceQuery) (bool, error) {
	given, asked := map[string]*words{}, map[string]*[]any{}
	targets := object{}
	for name := range narrowings {
		given[name] = new(words)
		targets[name] = given[name]
	}
	for _, name := range v.unjudged {
		asked[name] = new([]any)
		targets[name] = asked[name]
	}
	if err := targets.readMember("filter", filter); err != nil {
		return false, err
	}
	some := true
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if len(*given[name]) == 0 {
			continue
		}
		once := slices.Compact(slices.Sorted(slices.Values(*given[name])))
		any, err := narrowings[name](l, q, once)
		if err != nil {
			return false, err
		}
		some = some && any
	}
	for _, values := range asked {
		some = some && len(*values) == 0 // nobody has what Reeve does not know
	}
	return some, nil
}
