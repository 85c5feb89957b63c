package control_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// Whatever a filter asks is said to who approves, whoever asked: nothing that
// narrows it is left out.
func TestFiltersInWords(t *testing.T) {
	w := newWorld(t)
	w.enrol(t, w.linux())
	yes, no := true, false
	day := reeve.Span{Since: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
	all := map[string]struct {
		query reeve.DeviceQuery
		want  []control.Term
	}{
		"nothing":      {reeve.DeviceQuery{}, nil},
		"GroupIDs":     {reeve.DeviceQuery{GroupIDs: []string{"f00d"}}, []control.Term{{Field: "group", Word: "f00d"}}},
		"GroupNos":     {reeve.DeviceQuery{GroupNos: []int64{7}}, []control.Term{{Field: "group"}}},
		"Standings":    {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Unknown, reeve.Ignored}}, []control.Term{{Field: "standing", Word: "unknown"}, {Field: "standing", Word: "ignored"}}},
		"Exempt":       {reeve.DeviceQuery{Exempt: &no}, []control.Term{{Field: "exempt", Word: "no"}}},
		"ExemptBefore": {reeve.DeviceQuery{ExemptBefore: noon}, []control.Term{{Field: "ends_before", Word: noon.Format(time.RFC3339)}}},
		"Kinds":        {reeve.DeviceQuery{Kinds: []reeve.AgentKind{reeve.OnDemand}}, []control.Term{{Field: "kind", Word: "on_demand"}}},
		"Systems":      {reeve.DeviceQuery{Systems: []reeve.System{reeve.Linux}}, []control.Term{{Field: "system", Word: "linux"}}},
		"Versions":     {reeve.DeviceQuery{Versions: []reeve.Version{{26, 11}}}, []control.Term{{Field: "version", Word: reeve.Version{26, 11}.String()}}},
		"Types":        {reeve.DeviceQuery{Types: []string{"laptop"}}, []control.Term{{Field: "type", Word: "laptop"}}},
		"Presence":     {reeve.DeviceQuery{Presence: []reeve.Presence{reeve.Unseen}}, []control.Term{{Field: "presence", Word: "unseen"}}},
		"Online":       {reeve.DeviceQuery{Online: &yes}, []control.Term{{Field: "online", Word: "yes"}}},
		"NeverSeen":    {reeve.DeviceQuery{NeverSeen: true}, []control.Term{{Field: "never_seen", Word: "yes"}}},
		"Infested":     {reeve.DeviceQuery{Infested: true}, []control.Term{{Field: "threats", Word: "yes"}}},
		"Outdated":     {reeve.DeviceQuery{Outdated: true}, []control.Term{{Field: "outdated", Word: "yes"}}},
		"Search":       {reeve.DeviceQuery{Search: "a", And: []string{"b"}}, []control.Term{{Field: "q", Word: "a b"}, {Field: "in", Word: "hostname"}}},
		"And":          {reeve.DeviceQuery{Search: "a", And: []string{"b"}, In: []reeve.DeviceName{reeve.InUser}}, []control.Term{{Field: "q", Word: "a b"}, {Field: "in", Word: "user"}}},
		"In":           {reeve.DeviceQuery{Search: "a", In: []reeve.DeviceName{0, 1, 2, 3, 4, 5}}, []control.Term{{Field: "q", Word: "a"}}},
		"Seen":         {reeve.DeviceQuery{Seen: day}, []control.Term{{Field: "seen_since", Word: "2026-11-21T11:00:00Z"}, {Field: "seen_until", Word: "2026-11-21T13:00:00Z"}}},
		"Added":        {reeve.DeviceQuery{Added: day}, []control.Term{{Field: "added_since", Word: "2026-11-21T11:00:00Z"}, {Field: "added_until", Word: "2026-11-21T13:00:00Z"}}},
		"Enrolled":     {reeve.DeviceQuery{Enrolled: day}, []control.Term{{Field: "enrolled_since", Word: "2026-11-21T11:00:00Z"}, {Field: "enrolled_until", Word: "2026-11-21T13:00:00Z"}}},
	}
	v, err := w.View(w.person("approver"))
	must(err)
	for name, test := range all {
		p := w.propose(t, w.app("app:1"), control.Order{Action: "exempt", Filter: &test.query})
		for _, o := range []reeve.Proposal{p, inList(t, v, p.ID)} {
			s, err := v.Selection(o)
			must(err)
			if !s.Filtered || s.All != (name == "nothing") || !slices.Equal(s.Terms, test.want) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
	for field := range reflect.TypeFor[reeve.DeviceQuery]().Fields() {
		switch field.Name {
		case "After", "Limit", "Page", "Sort", "Desc", "AfterRow", "BeforeRow", "Now", "UnseenAfter", "Within": // what orders a list, and who sees what
			continue
		}
		if _, said := all[field.Name]; !said {
			t.Errorf("nobody is told of %s", field.Name)
		}
	}
}

func inList(t *testing.T, v *control.View, id reeve.JobID) reeve.Proposal {
	t.Helper()
	page, err := v.Proposals(t.Context(), reeve.ProposalQuery{Limit: 1, Before: id + 1})
	if err != nil || len(page) != 1 || page[0].ID != id {
		t.Fatal(page, err)
	}
	return page[0]
}
