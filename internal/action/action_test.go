package action

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
)

func TestOfferedInTheOrderOfThePages(t *testing.T) {
	v3 := []string{"exempt", "unexempt", "ignore", "unignore", "delete", "dhcprenew", "re-identify", "assign_to_group"}
	for v, want := range map[Version][]string{
		V3: v3, V3_1: append(slices.Clone(v3), "fetch_agent_log"),
		V3_2:   append(slices.Clone(v3), "fetch_agent_log", "scan_threats"),
		V3_3:   append(slices.Clone(v3), "fetch_agent_log", "scan_threats"),
		V2:     {"exempt", "unexempt", "delete", "dhcprenew", "exempt_critical", "archive", "retire"},
		"v3.4": nil, "": nil, "v3.0": nil,
	} {
		var got []string
		for _, def := range Offered(v) {
			got = append(got, def.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s offers %q; want %q", v, got, want)
		}
	}
}

func TestCatalogue(t *testing.T) {
	if names := slices.Sorted(maps.Keys(catalogue)); len(names) != len(order) {
		t.Errorf("the catalogue has %q; the order of the pages %q", names, order)
	}
	for name, def := range catalogue {
		old := slices.Contains([]string{"exempt_critical", "archive", "retire"}, name)
		if !slices.Contains(order, name) || old != (def.Since == "") {
			t.Errorf("%s is of v2 alone: %v, listed: %v, since %q", name, old, slices.Contains(order, name), def.Since)
		}
		if def.Title == "" || len(def.Rules) == 0 {
			t.Errorf("%s lacks a title or rules", name)
		}
		if def.Agent != (def.Lives != nil) || def.Agent == (def.Effect != nil) {
			t.Errorf("%s is neither an order to agents with a lifetime nor a change of the record", name)
		}
		if !def.Agent && (def.Returns || def.Uploads || def.Complete != nil) {
			t.Errorf("%s returns something although no agent does it", name)
		}
		if (def.Parse != nil) != (def.Example != "") {
			t.Errorf("%s has parameters: %v, an example: %q", name, def.Parse != nil, def.Example)
		}
		if (def.Parse != nil) != (def.Params != nil) || def.CheckNames([]byte(def.Example)) != nil {
			t.Errorf("%s has the parameters %v, and the example %s", name, def.Params, def.Example)
		}
		for v := range def.Rules {
			if v != V2 && !slices.Contains(versions, v) {
				t.Errorf("%s has a rule for version %q", name, v)
			}
		}
		example(t, def)
	}
	for _, name := range []string{"", "Exempt", "EXEMPT", "exempt_all", "re_identify", "reidentify", " delete"} {
		if _, ok := Lookup(name); ok {
			t.Errorf("there is an action %q", name)
		}
	}
}

// The answer names a command where Get Reports has something to fetch.
func TestReturns(t *testing.T) {
	for name, def := range catalogue {
		want := name == "fetch_agent_log" || name == "scan_threats"
		if def.Returns != want || def.Uploads != (name == "fetch_agent_log") {
			t.Errorf("%s returns %v, uploads %v", name, def.Returns, def.Uploads)
		}
	}
}

func TestLives(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		action, params  string
		deliver, finish time.Duration
	}{
		{"dhcprenew", `{}`, time.Hour, 5 * time.Minute},
		{"fetch_agent_log", `{}`, 7 * day, 30 * time.Minute},
		{"scan_threats", `{"scan_types":[0]}`, day, day},
		{"scan_threats", `{"full_scan":1}`, day, 2 * day},
		{"re-identify", `{}`, 7 * day, 7 * day},
		{"retire", `{}`, 90 * day, time.Hour},
	}
	for _, tt := range tests {
		def, _ := Lookup(tt.action)
		params, err := def.Check([]byte(tt.params))
		if err != nil {
			t.Fatal(err)
		}
		if deliver, finish := def.Lives(params); deliver != tt.deliver || finish != tt.finish {
			t.Errorf("%s %s lives %v and %v; want %v and %v", tt.action, params, deliver, finish, tt.deliver, tt.finish)
		}
	}
}

func TestEffects(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	effect := func(name, params string) Effect {
		def, _ := Lookup(name)
		checked, err := def.Check([]byte(params))
		if err != nil {
			t.Fatal(err)
		}
		return def.Effect(checked, now)
	}
	for params, until := range map[string]time.Time{
		`{"exempt_time":24}`: now.Add(24 * time.Hour), `{"exempt_time":0}`: reeve.Forever, `{}`: reeve.Forever, ``: reeve.Forever,
		`{"exempt_time":64999}`: now.Add(64999 * time.Hour),
	} {
		if e := effect("exempt", params); e.Exempt == nil || *e.Exempt != reeve.ExemptAll || !e.ExemptUntil.Equal(until) {
			t.Errorf("exempt %s: %+v; want until %v", params, e, until)
		}
	}
	if e := effect("exempt_critical", ""); e.Exempt == nil || *e.Exempt != reeve.ExemptCritical || !e.ExemptUntil.Equal(reeve.Forever) {
		t.Errorf("exempt_critical: %+v", e)
	}
	if e := effect("unexempt", ""); e.Exempt == nil || !e.ExemptUntil.IsZero() {
		t.Errorf("unexempt: %+v", e)
	}
	for name, want := range map[string]reeve.Standing{"ignore": reeve.Ignored, "unignore": reeve.Unknown, "delete": reeve.Archived, "archive": reeve.Archived} {
		if e := effect(name, ""); e.Standing == nil || *e.Standing != want || e.Archive != (want == reeve.Archived) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := effect("delete", ""); !e.EraseAt.Equal(now) {
		t.Errorf("the time to restore a deleted record begins at %v; want now", e.EraseAt)
	}
	if e := effect("archive", ""); !e.EraseAt.IsZero() {
		t.Errorf("an archived record is erased at %v; want never", e.EraseAt)
	}
	for params, group := range map[string]string{`{}`: DefaultGroup, `{"group_id":""}`: "", `{"group_id":"default"}`: DefaultGroup, `{"group_id":"0a"}`: "0a"} {
		if e := effect("assign_to_group", params); !e.Move || e.GroupID != group || e.Standing != nil {
			t.Errorf("assign_to_group %s: %+v; want group %q", params, e, group)
		}
	}
}

// The account's questions travel with the order.
func TestIdentifyAsksTheAccountsQuestions(t *testing.T) {
	def, _ := Lookup("re-identify")
	params, err := def.Complete([]byte("{}"), reeve.Account{IdentityFields: reeve.DefaultIdentityFields()})
	if err != nil {
		t.Fatal(err)
	}
	var got identifyParams
	if err := json.Unmarshal(params, &got); err != nil || got.Fields[1].Type != "email" || got.Fields[1].Pattern == "" {
		t.Errorf("%s: %v", params, err)
	}
}

func TestParams(t *testing.T) {
	tests := []struct{ action, params, want string }{ // want "" is Invalid
		{"exempt", ``, `{"exempt_time":0}`},
		{"exempt", `null`, `{"exempt_time":0}`},
		{"exempt", `{"exempt_time":24}`, `{"exempt_time":24}`},
		{"exempt", `{"exempt_time":64999}`, `{"exempt_time":64999}`},
		{"exempt", `{"exempt_time":65000}`, ``},
		{"exempt", `{"exempt_time":-1}`, ``},
		{"exempt", `{"exempt_time":1.5}`, ``},
		{"exempt", `{"exempt_time":"24"}`, ``},
		{"exempt", `{"exempt_time":true}`, ``},
		{"exempt", `{"exempt_time":[24]}`, ``},
		{"exempt", `{"exempt_time":null}`, ``},
		{"exempt", `{"exempt_time":9223372036854775808}`, ``},
		{"exempt", `{"EXEMPT_TIME":24}`, `{"exempt_time":0}`}, // unknown members are not bound
		{"exempt", `{"exempt_time":1,"group_id":7,"scan_types":"x"}`, `{"exempt_time":1}`},
		{"exempt", `[]`, ``},
		{"exempt", `"x"`, ``},
		{"exempt", `7`, ``},
		{"exempt", `{`, ``},
		{"dhcprenew", ``, `{}`},
		{"dhcprenew", `{"interface":"eth0","release":true}`, `{"interface":"eth0","release":true}`},
		{"dhcprenew", `{"interface":"","release":false}`, `{}`},
		{"dhcprenew", `{"interface":7}`, ``},
		{"dhcprenew", `{"interface":"eth0\n"}`, ``},
		{"dhcprenew", `{"interface":"` + strings.Repeat("e", 257) + `"}`, ``},
		{"dhcprenew", `{"release":1}`, ``},
		{"dhcprenew", `{"release":null}`, ``},
		{"unexempt", `{"exempt_time":-1}`, `{}`}, // parameters of other actions are ignored
		{"delete", `{"opt":1}`, `{}`},
		{"delete", `[]`, ``},
		{"assign_to_group", `{}`, `{"group_id":"default"}`},
		{"assign_to_group", `{"group_id":"0a"}`, `{"group_id":"0a"}`},
		{"assign_to_group", `{"group_id":7}`, ``},
		{"assign_to_group", `{"group_id":null}`, ``},
		{"fetch_agent_log", `{"path":7}`, `{}`},
		{"scan_threats", `{"full_scan":1}`, `{"full_scan":1}`},
		{"scan_threats", `{"full_scan":1,"scan_types":["x"],"path":7}`, `{"full_scan":1}`},
		{"scan_threats", `{"full_scan":0,"scan_types":[0]}`, `{"full_scan":0,"scan_types":[0]}`},
		{"scan_threats", `{"scan_types":[5,0,5]}`, `{"full_scan":0,"scan_types":[5,0]}`},
		{"scan_threats", `{"scan_types":[1],"path":"relative"}`, `{"full_scan":0,"scan_types":[1]}`},
		{"scan_threats", `{"scan_types":[4],"path":"/srv"}`, `{"full_scan":0,"scan_types":[4],"path":"/srv"}`},
		{"scan_threats", `{"scan_types":[0,4],"path":"C:\\Data"}`, `{"full_scan":0,"scan_types":[0,4],"path":"C:\\Data"}`},
		{"scan_threats", ``, ``},
		{"scan_threats", `{}`, ``},
		{"scan_threats", `{"full_scan":0}`, ``},
		{"scan_threats", `{"full_scan":2,"scan_types":[0]}`, ``},
		{"scan_threats", `{"full_scan":-1}`, ``},
		{"scan_threats", `{"full_scan":true}`, ``},
		{"scan_threats", `{"full_scan":"1"}`, ``},
		{"scan_threats", `{"full_scan":null,"scan_types":[0]}`, ``},
		{"scan_threats", `{"scan_types":[]}`, ``},
		{"scan_threats", `{"scan_types":[6]}`, ``},
		{"scan_threats", `{"scan_types":[-1]}`, ``},
		{"scan_threats", `{"scan_types":[1.5]}`, ``},
		{"scan_threats", `{"scan_types":[null]}`, ``},
		{"scan_threats", `{"scan_types":1}`, ``},
		{"scan_threats", `{"scan_types":["1"]}`, ``},
		{"scan_threats", `{"scan_types":[4]}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":""}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":7}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":"srv"}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":"C:Data"}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":"1:\\Data"}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":"/a\u0000b"}`, ``},
		{"scan_threats", `{"scan_types":[4],"path":"/` + strings.Repeat("a", maxPath) + `"}`, ``},
	}
	for _, tt := range tests {
		def, _ := Lookup(tt.action)
		got, err := def.Check([]byte(tt.params))
		if string(got) != tt.want {
			t.Errorf("%s %.80s: %s, %v; want %s", tt.action, tt.params, got, err, tt.want)
		}
		if tt.want == "" && reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s %.80s: %v; want an Invalid error", tt.action, tt.params, err)
		}
		if err != nil {
			continue
		}
		if again, err := def.Check(got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s %s is normalised to %s, %v", tt.action, got, again, err)
		}
	}
}

func TestCheckNames(t *testing.T) {
	for _, tt := range []struct{ action, params, want string }{
		{"exempt", ``, ``},
		{"exempt", `null`, ``},
		{"exempt", `{"exempt_time":"x"}`, ``}, // for Check to refuse
		{"exempt", `{"exempt_tme":24}`, `exempt has no parameter "exempt_tme"; it has exempt_time`},
		{"exempt", `{"Exempt_Time":24}`, `exempt has no parameter "Exempt_Time"; it has exempt_time`},
		{"scan_threats", `{"paths":"/","full_scan":0}`, `scan_threats has no parameter "paths"; it has full_scan, scan_types, path, quarantine`},
		{"delete", `{"opt":1}`, `delete has no parameter "opt"; it takes none`},
	} {
		def, _ := Lookup(tt.action)
		err := def.CheckNames([]byte(tt.params))
		if (err == nil) != (tt.want == "") || err != nil && (reeve.Message(err) != tt.want || reeve.KindOf(err) != reeve.Invalid) {
			t.Errorf("%s %s: %v; want %q", tt.action, tt.params, err, tt.want)
		}
	}
}

// The reference says of a rule what it decides.
func TestRulesInWords(t *testing.T) {
	for name, want := range map[string]string{
		"delete":          "every device",
		"exempt":          "devices that are managed, but not with agent domain_controller",
		"ignore":          "devices that are unknown",
		"fetch_agent_log": "devices that are managed, with agent persistent",
		"scan_threats": "devices that are managed, with agent persistent on windows from 7.6.206.0" +
			" or persistent on mac from 10.4.205.0 or persistent on linux",
	} {
		def, _ := Lookup(name)
		if got := def.RuleIn(Latest).String(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A wrong type is answered with the parameter's own sentence.
func TestWrongTypes(t *testing.T) {
	for name, params := range map[string]string{
		"exempt": `{"exempt_time":"24"}`, "assign_to_group": `{"group_id":7}`, "scan_threats": `{"full_scan":true}`,
	} {
		def, _ := Lookup(name)
		if _, err := def.Check([]byte(params)); reeve.Message(err) != def.Params[0].Rule {
			t.Errorf("%s %s: %v; want %q", name, params, err, def.Params[0].Rule)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, params := range []string{
		``, `null`, `{}`, `[]`, `{"exempt_time":24}`, `{"exempt_time":1e3}`, `{"group_id":"default"}`, `{"full_scan":1,"full_scan":0}`,
		`{"full_scan":0,"scan_types":[4,4,0],"path":"C:\\Data"}`, `{"scan_types":[4],"path":"/\ud800<&>"}`,
	} {
		f.Add([]byte(params))
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	class := reeve.Class{Kind: reeve.Persistent, System: reeve.Windows, Version: reeve.Version{26, 11}, Abilities: fullAbilities}
	f.Fuzz(func(t *testing.T, params []byte) {
		for name, def := range catalogue {
			got, err := def.Check(params)
			if err != nil {
				if reeve.KindOf(err) != reeve.Invalid {
					t.Errorf("%s %s: %v is not Invalid", name, params, err)
				}
				continue
			}
			if again, err := def.Check(got); err != nil || !bytes.Equal(again, got) {
				t.Errorf("%s %s: %s is normalised to %s, %v", name, params, got, again, err)
			}
			def.Decide(Latest, class, got)
			if def.Lives != nil {
				if deliver, finish := def.Lives(got); deliver <= 0 || finish <= 0 {
					t.Errorf("%s %s lives %v and %v", name, got, deliver, finish)
				}
			}
			if def.Effect != nil {
				def.Effect(got, now)
			}
		}
	})
}
