package cmapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/door"
)

func someLens() lens {
	return lens{now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), settings: reeve.Settings{Unassessed: "pending", UnseenAfterDays: 30},
		link: func(license, device string) string { return "/" + license + "/" + device }}
}

// Who is exempt from critical issues only is not exempted, and v2 tells so.
func TestExemptFromCriticalIssues(t *testing.T) {
	l := someLens()
	d := reeve.Device{Exempt: reeve.ExemptCritical, ExemptUntil: reeve.Forever}
	if word, v2 := l.showV3(d, nil).Status, l.showV2(d, nil); word != "installed" || v2.Status != 3 || *v2.Exempt != 2 {
		t.Errorf("%s, %d, %d", word, v2.Status, *v2.Exempt)
	}
	d.ExemptUntil = l.now // it is over
	if v2 := l.showV2(d, nil); *v2.Exempt != 0 {
		t.Errorf("an exemption that is over: %d", *v2.Exempt)
	}
}

// What the reference says of an answer and what is in it are the same, in every
// version: a device of which all is known has exactly the members that are not
// Unknown.
func TestReferenceTellsTheAnswer(t *testing.T) {
	full := reeve.Device{
		No: 1, ID: strings.Repeat("a", 32), Class: reeve.Class{Kind: reeve.Persistent, System: reeve.Linux, Version: reeve.Version{1}},
		Hostname: "h", Nickname: "n", LinkedUser: "u", LinkedTeam: "t", GroupName: "g", PublicIP: "192.0.2.1",
		Facts: reeve.Facts{OSName: "o", OSVersion: "1", Architecture: "a", User: "u", Type: "laptop", LastReboot: time.Unix(1, 0),
			Networks: []reeve.Network{{Name: "e", MAC: "00:00:5e:00:53:01", IPv4: []string{"192.0.2.1"}, IPv6: []string{"fd00::1"}}}},
		Identity: map[string]string{"k": "v"}, EnrolledAt: time.Unix(1, 0), LastSeen: time.Unix(1, 0),
	}
	l := someLens()
	check := func(what string, shown any, fields []door.Field, without lacks) {
		t.Helper()
		raw, _ := json.Marshal(shown)
		var has map[string]any
		json.Unmarshal(raw, &has)
		told := map[string]bool{}
		for _, f := range fieldsUnder("", fields, without) {
			name, _, _ := strings.Cut(f.Name, ".")
			name = strings.TrimSuffix(name, "[]")
			told[name] = told[name] || f.Unknown == "" || strings.HasPrefix(f.Unknown, "always")
		}
		for name, known := range told {
			if _, ok := has[name]; ok != known {
				t.Errorf("%s: the answer has %s: %v, the reference says %v", what, name, ok, known)
			}
		}
		for name := range has {
			if _, ok := told[name]; !ok {
				t.Errorf("%s: the reference does not tell of %s", what, name)
			}
		}
		for _, name := range without {
			if !slices.ContainsFunc(fields, func(f door.Field) bool { return name == strings.Split(strings.Split(f.Name, ".")[0], "[")[0] }) {
				t.Errorf("%s lacks %s, which nothing has", what, name)
			}
		}
	}
	for _, v := range deviceLists {
		check("Get Devices "+v.segment, l.showV3(full, v.lacks), fieldsV3, v.lacks)
	}
	for _, v := range deviceFilters {
		check("Get Devices "+v.segment, l.showV3(full, v.lacks), fieldsV3, v.lacks)
	}
	for _, v := range devicePages {
		check("Get Devices "+v.segment, l.showV2(full, v.lacks), fieldsV2, v.lacks)
	}
	for _, v := range deviceDetails {
		if v.method == "GET" {
			check("Device Details "+v.segment, l.showV2(full, v.lacks), fieldsV2, v.lacks)
		} else {
			check("Device Details "+v.segment, l.showV3(full, v.lacks), fieldsV3, v.lacks)
		}
	}
}
