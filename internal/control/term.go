package control

import (
	"strings"
	"time"

	"reeve"
)

// A Term is one thing that a filter asks of devices, in words for programs:
// those that doors have for it. Several of one field are alternatives; fields
// narrow one another.
type Term struct {
	Field string `json:"field"`
	Word  string `json:"word"`
}

// The words of what has no words of its own.
var (
	presenceWords = map[reeve.Presence]string{reeve.Connected: "connected", reeve.Disconnected: "disconnected", reeve.Unseen: "unseen"}
	nameWords     = map[reeve.DeviceName]string{reeve.InHostname: "hostname", reeve.InNickname: "nickname", reeve.InMAC: "mac",
		reeve.InAddress: "address", reeve.InUser: "user", reeve.InID: "id"}
)

// termsOf says all that a query asks of devices, whoever made it. Times are in
// RFC 3339.
func termsOf(q reeve.DeviceQuery) (terms []Term) {
	add := func(field, word string) { terms = append(terms, Term{field, word}) }
	said := func(field string, is *bool) {
		if is != nil {
			add(field, yesOrNo(*is))
		}
	}
	set := func(field string, is bool) {
		if is {
			add(field, yesOrNo(true))
		}
	}
	moment := func(field string, t time.Time) {
		if !t.IsZero() {
			add(field, t.UTC().Format(time.RFC3339))
		}
	}
	if q.Search != "" {
		add("q", strings.Join(append([]string{q.Search}, q.And...), " "))
		for _, in := range q.In {
			if len(q.In) < int(reeve.NumDeviceNames) {
				add("in", nameWords[in])
			}
		}
		if len(q.In) == 0 {
			add("in", nameWords[reeve.InHostname])
		}
	}
	addWords(&terms, "standing", q.Standings)
	for _, presence := range q.Presence {
		add("presence", presenceWords[presence])
	}
	said("exempt", q.Exempt)
	moment("ends_before", q.ExemptBefore)
	addWords(&terms, "system", q.Systems)
	addWords(&terms, "kind", q.Kinds)
	for _, kind := range q.Types {
		add("type", kind)
	}
	set("outdated", q.Outdated)
	addWords(&terms, "version", q.Versions)
	set("threats", q.Infested)
	said("online", q.Online)
	set("never_seen", q.NeverSeen)
	moment("seen_since", q.Seen.Since)
	moment("seen_until", q.Seen.Until)
	moment("added_since", q.Added.Since)
	moment("added_until", q.Added.Until)
	moment("enrolled_since", q.Enrolled.Since)
	moment("enrolled_until", q.Enrolled.Until)
	for _, id := range q.GroupIDs {
		add("group", id)
	}
	for range q.GroupNos {
		add("group", "")
	}
	return terms
}

func addWords[T interface{ String() string }](terms *[]Term, field string, values []T) {
	for _, v := range values {
		*terms = append(*terms, Term{field, v.String()})
	}
}

func yesOrNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
