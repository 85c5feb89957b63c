package action

import (
	"strings"
	"testing"

	"reeve"
)

// Every parameter can be asked for, and what forms begin with can be ordered, but
// for what nobody can guess.
func TestAsks(t *testing.T) {
	for _, d := range Offered(Own) {
		form := map[string][]string{}
		for _, p := range d.Params {
			if p.Ask.Kind == "" {
				t.Errorf("nobody can be asked for %s of %s", p.Name, d.Name)
			}
			form[p.Name] = []string{p.Ask.Default}
		}
		if _, err := d.Fill(form); (err != nil) != (d.Name == "unquarantine") {
			t.Errorf("%s with what its form begins with: %v", d.Name, err)
		}
	}
}

func TestFill(t *testing.T) {
	for _, tt := range []struct {
		action string
		form   map[string][]string
		want   string // empty for a refusal
	}{
		{"exempt", map[string][]string{"exempt_time": {"8"}}, `{"exempt_time":8}`},
		{"exempt", map[string][]string{"exempt_time": {"65000"}}, ""},
		{"exempt", map[string][]string{"exempt_time": {"x"}}, ""},
		{"exempt", nil, `{"exempt_time":0}`},
		{"assign_to_group", map[string][]string{"group_id": {"default"}}, `{"group_id":"default"}`},
		{"dhcprenew", map[string][]string{"interface": {" eth0 "}, "release": {"true"}}, `{"interface":"eth0","release":true}`},
		{"dhcprenew", map[string][]string{"interface": {""}}, `{}`},
		{"scan_threats", map[string][]string{"full_scan": {"1"}, "scan_types": {"0"}, "path": {"/srv"}, "quarantine": {""}}, `{"full_scan":1}`},
		{"scan_threats", map[string][]string{"full_scan": {"0"}, "scan_types": {"0", "4"}, "path": {"/srv"}, "quarantine": {"false"}},
			`{"full_scan":0,"scan_types":[0,4],"path":"/srv","quarantine":false}`},
		{"scan_threats", map[string][]string{"full_scan": {"0"}, "scan_types": {"0"}, "path": {"/srv"}}, `{"full_scan":0,"scan_types":[0]}`},
		{"scan_threats", map[string][]string{"full_scan": {"0"}}, ""},
		{"scan_threats", map[string][]string{"full_scan": {"2"}}, ""},
		{"scan_threats", map[string][]string{"full_scan": {"0"}, "scan_types": {"9]"}}, ""},
		{"unquarantine", map[string][]string{"which": {"signature"}, "signature": {"EICAR"}, "sha256": {"zz"}}, `{"which":"signature","signature":"EICAR"}`},
		{"unquarantine", map[string][]string{"which": {"sha256"}, "sha256": {strings.Repeat("AB", 32)}}, `{"which":"sha256","sha256":"` + strings.Repeat("ab", 32) + `"}`},
		{"unquarantine", map[string][]string{"which": {"sha256"}, "sha256": {"abc"}}, ""},
		{"unquarantine", map[string][]string{"which": {"all"}}, `{"which":"all"}`},
		{"unquarantine", map[string][]string{"which": {"other"}}, ""},
		{"unquarantine", map[string][]string{"which": {"listed"}, "quarantine": {"k3v7q2m5\r\nx4abcdef"}}, `{"quarantine":["k3v7q2m5","x4abcdef"]}`},
		{"unignore", map[string][]string{"anything": {"1"}}, `{}`},
	} {
		d, _ := Lookup(tt.action)
		got, err := d.Fill(tt.form)
		if string(got) != tt.want || (tt.want == "") != (err != nil) || err != nil && reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s of %v: %s %v, want %s", tt.action, tt.form, got, err, tt.want)
		}
	}
}
