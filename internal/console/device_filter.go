package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
)

// A filter says which devices are meant, in the words of the address of their
// list. What acts on "everything that matches" takes the same words, so that
// nobody acts on other devices than those that the list showed. The zero filter
// is all of them.
type filter struct{ said url.Values }

// A filterField is one thing to filter by. Several words of one field are
// alternatives; fields narrow one another.
type filterField struct {
	name  string
	words []string // those that there are; nil where anything can be said
	one   bool     // of them at most
	add   func(q *reeve.DeviceQuery, word string) bool
}

// filterFields are all of them, in the order in which they are shown.
var filterFields = []filterField{
	{name: "q", add: addSearch, one: true},
	{name: "standing", words: wordsOf(reeve.Managed, reeve.OutOfLicense), add: addWord(reeve.ParseStanding, func(q *reeve.DeviceQuery) *[]reeve.Standing { return &q.Standings })},
	{name: "presence", words: []string{"connected", "disconnected", "unseen"}, add: addPresence},
	{name: "exempt", words: yesNo, add: func(q *reeve.DeviceQuery, word string) bool { return addFlag(&q.Exempt, word) }},
	{name: "system", words: wordsOf(reeve.OtherSystem, reeve.Android), add: addWord(reeve.ParseSystem, func(q *reeve.DeviceQuery) *[]reeve.System { return &q.Systems })},
	{name: "kind", words: wordsOf(reeve.NoAgent, reeve.DomainController), add: addWord(reeve.ParseAgentKind, func(q *reeve.DeviceQuery) *[]reeve.AgentKind { return &q.Kinds })},
	{name: "type", words: []string{"desktop", "laptop", "server", "vm", "phone", "tablet"}, add: func(q *reeve.DeviceQuery, word string) bool {
		q.Types = append(q.Types, word)
		return true
	}},
	{name: "outdated", words: []string{"yes"}, add: func(q *reeve.DeviceQuery, _ string) bool {
		q.Outdated = true
		return true
	}},
	{name: "version", add: addWord(reeve.ParseVersion, func(q *reeve.DeviceQuery) *[]reeve.Version { return &q.Versions })},
	{name: "threats", words: []string{"yes"}, add: func(q *reeve.DeviceQuery, _ string) bool {
		q.Infested = true
		return true
	}},
	{name: "ends", words: []string{"day", "week", "month"}, one: true, add: addEnd},
	{name: "seen", words: seenWords[:], one: true, add: addSeen},
	{name: "group", add: func(q *reeve.DeviceQuery, word string) bool {
		q.GroupIDs = append(q.GroupIDs, word)
		return reeve.IsID(word)
	}},
}

var yesNo = []string{"yes", "no"}

// readFilter reads the words of an address, leaving out what others say there. A
// word that is not known is Invalid: passed by, it would mean more devices.
func readFilter(address url.Values) (filter, error) {
	f := filter{url.Values{}}
	for _, field := range filterFields {
		for _, word := range address[field.name] {
			word = strings.TrimSpace(word)
			switch {
			case word == "" || slices.Contains(f.said[field.name], word):
			case field.one && f.said.Has(field.name):
				return filter{}, reeve.Errorf(reeve.Invalid, "the filter %s is given more than once; choose one", field.name)
			case field.words == nil && !field.add(&reeve.DeviceQuery{}, word):
				return filter{}, reeve.Errorf(reeve.Invalid, "the filter %s cannot be %.40q; correct it, or leave it out", field.name, word)
			case field.words != nil && (!slices.Contains(field.words, word) || !field.add(&reeve.DeviceQuery{}, word)):
				return filter{}, reeve.Errorf(reeve.Invalid, "the filter %s cannot be %.40q; choose one of those offered", field.name, word)
			default:
				f.said.Add(field.name, word)
			}
		}
	}
	return f, nil
}

// parseFilter reads what filter.String wrote, and nothing else beside it.
func parseFilter(text string) (filter, error) {
	said, err := url.ParseQuery(text)
	if err != nil {
		return filter{}, reeve.Errorf(reeve.Invalid, "the filter cannot be read; choose the devices anew").Because(err)
	}
	for name := range said {
		if !slices.ContainsFunc(filterFields, func(f filterField) bool { return f.name == name }) {
			return filter{}, reeve.Errorf(reeve.Invalid, "there is no filter %.40q; choose the devices anew", name)
		}
	}
	return readFilter(said)
}

// String is the filter as a form carries it: a query string.
func (f filter) String() string { return f.said.Encode() }

// query selects the devices that the filter means, as of now.
func (f filter) query(account reeve.Account) reeve.DeviceQuery {
	q := reeve.DeviceQuery{
		Now: time.Now(), UnseenAfter: time.Duration(control.Effective(account.Settings).UnseenAfterDays) * 24 * time.Hour,
	}
	for _, field := range filterFields {
		for _, word := range f.said[field.name] {
			field.add(&q, word)
		}
	}
	if q.Exempt != nil && q.Standings == nil { // it is said of managed devices only
		q.Standings = []reeve.Standing{reeve.Managed}
	}
	return q
}

// without returns the filter without one word of a field.
func (f filter) without(name, word string) filter {
	said := url.Values{}
	for field, words := range f.said {
		for _, w := range words {
			if field != name || w != word {
				said.Add(field, w)
			}
		}
	}
	return filter{said}
}

// addSearch looks for every word of the text in whatever a device is known by.
func addSearch(q *reeve.DeviceQuery, text string) bool {
	parts := strings.Fields(text)
	q.Search, q.And = parts[0], parts[1:]
	for name := range reeve.NumDeviceNames {
		q.In = append(q.In, name)
	}
	return len(text) <= maxSearch
}

// maxSearch is the longest text that devices are searched for, in bytes.
const maxSearch = 200

func addPresence(q *reeve.DeviceQuery, word string) bool {
	i := slices.Index([]string{reeve.Connected: "connected", reeve.Disconnected: "disconnected", reeve.Unseen: "unseen"}, word)
	q.Presence = append(q.Presence, reeve.Presence(i))
	return i >= 0
}

// addEnd selects exemptions that end soon.
func addEnd(q *reeve.DeviceQuery, word string) bool {
	q.ExemptBefore = q.Now.AddDate(0, 0, map[string]int{"day": 1, "week": 7, "month": 30}[word])
	return true
}

// addSeen selects one stretch of time.
func addSeen(q *reeve.DeviceQuery, word string) bool {
	reeve.SeenWhen(slices.Index(seenWords[:], word)).Select(q, q.Now)
	return true
}

// addFlag says yes or no; both are as good as nothing.
func addFlag(flag **bool, word string) bool {
	is := word == yesNo[0]
	if *flag != nil && **flag != is {
		*flag = nil
		return true
	}
	*flag = &is
	return true
}

// addWord is the add of a field whose words stand for values of T.
func addWord[T any](parse func(string) (T, bool), list func(*reeve.DeviceQuery) *[]T) func(*reeve.DeviceQuery, string) bool {
	return func(q *reeve.DeviceQuery, word string) bool {
		value, ok := parse(word)
		*list(q) = append(*list(q), value)
		return ok
	}
}

// wordsOf are the words of the values from the first to the last.
func wordsOf[T interface {
	~int8
	String() string
}](from, to T) (words []string) {
	for value := from; value <= to; value++ {
		words = append(words, value.String())
	}
	return words
}
