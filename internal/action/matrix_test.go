package action

import (
	"slices"
	"strings"
	"testing"

	"reeve"
)

var (
	everyVersion = []Version{V2, V3, V3_1, V3_2, V3_3}
	allStandings = []reeve.Standing{reeve.Managed, reeve.Unknown, reeve.Ignored, reeve.OutOfLicense, reeve.Archived}
	allKinds     = []reeve.AgentKind{reeve.NoAgent, reeve.Persistent, reeve.OnDemand, reeve.Mobile, reeve.DomainController}
	allSystems   = []reeve.System{reeve.OtherSystem, reeve.Windows, reeve.MacOS, reeve.Linux, reeve.IOS, reeve.Android}
	someVersions = strings.Fields(`0.0.0.1
		7.6.70.9 7.6.71.0 7.6.205.99 7.6.206.0 7.6.230.9 7.6.231.0 7.7.0.0
		10.4.122.9 10.4.123.0 10.4.204.9 10.4.205.0 10.4.224.9 10.4.225.0 10.5.0.0
		15.4.22.0 26.11.0.0`)
	fullAbilities = reeve.AbilitiesOf([]string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire"})
)

// matrix is the table of the published pages with our rule for Linux, once
// more: for v2, v3, v3.1, v3.2 and v3.3 the devices that an action applies to. Each
// line of a cell is standings, agent kinds and systems (with the minimum version
// of the agent); "" is an action that the version does not have.
var matrix = []struct {
	action string
	cells  [5]string
}{
	{"exempt", [5]string{exU, exU, exU, exUDC, exUDC}},
	{"unexempt", [5]string{exU, exU, exU, exUDC, exUDC}},
	{"ignore", [5]string{"", unknown, unknown, unknown, unknown}},
	{"unignore", [5]string{"", ignored, ignored, ignored, ignored}},
	{"delete", [5]string{all, all, all, all, all}},
	{"dhcprenew", [5]string{pa, pa, pa, pa, pa}},
	{"re-identify", [5]string{"", exU, exU, identifiable, identifiable}},
	{"assign_to_group", [5]string{"", allDC, allDC, allDC, allDC}},
	{"fetch_agent_log", [5]string{"", "", logged, pa, pa}},
	{"scan_threats", [5]string{"", "", "", scanned, scanned}},
	{"exempt_critical", [5]string{exU, "", "", "", ""}},
	{"archive", [5]string{all, "", "", "", ""}},
	{"retire", [5]string{withAgent, "", "", "", ""}},
}

const (
	exU     = "managed any any" // "exclude Unknown, Ignored, Out-of-license-usage"
	exUDC   = "managed none,persistent,on_demand,mobile any"
	unknown = "unknown any any"
	ignored = "ignored any any"

	all       = "managed,unknown,ignored,out_of_license any any"
	withAgent = "managed,unknown,ignored,out_of_license persistent,on_demand,mobile,domain_controller any"
	allDC     = "managed,unknown,ignored,out_of_license none,persistent,on_demand,mobile any"
	pa        = "managed persistent any"

	identifiable = "managed persistent windows>=7.6.71.0,mac>=10.4.123.0,linux\nmanaged mobile any"
	logged       = "managed persistent windows>=7.6.231.0,mac>=10.4.225.0,linux"
	scanned      = "managed persistent windows>=7.6.206.0,mac>=10.4.205.0,linux"
)

// applies reads a cell of the matrix.
func applies(t *testing.T, cell string, c reeve.Class) bool {
	t.Helper()
	for line := range strings.Lines(cell) {
		words := strings.Fields(line)
		if len(words) != 3 {
			t.Fatalf("%q is not a line of the matrix", line)
		}
		if !lists(words[0], c.Standing.String()) || words[1] != "any" && !lists(words[1], c.Kind.String()) {
			continue
		}
		if words[2] == "any" {
			return true
		}
		for system := range strings.SplitSeq(words[2], ",") {
			name, least, _ := strings.Cut(system, ">=")
			minimum, _ := reeve.ParseVersion(least)
			if name == c.System.String() && slices.Compare(c.Version[:], minimum[:]) >= 0 {
				return true
			}
		}
	}
	return false
}

func lists(words, word string) bool { return slices.Contains(strings.Split(words, ","), word) }

func TestMatrix(t *testing.T) {
	var classes []reeve.Class
	for _, standing := range allStandings {
		for _, kind := range allKinds {
			for _, system := range allSystems {
				for _, v := range someVersions {
					version, _ := reeve.ParseVersion(v)
					classes = append(classes, reeve.Class{Standing: standing, Kind: kind, System: system, Version: version, Abilities: fullAbilities})
				}
			}
		}
	}
	for i, v := range everyVersion {
		for _, row := range matrix {
			def, ok := Lookup(row.action)
			if !ok {
				t.Fatalf("there is no action %s", row.action)
			}
			if got, want := def.OfferedIn(v), row.cells[i] != ""; got != want {
				t.Errorf("%s offers %s: %v; want %v", v, row.action, got, want)
			}
			if row.cells[i] == "" {
				continue
			}
			for _, c := range classes {
				reason := def.Decide(v, c, []byte("{}"))
				want := applies(t, row.cells[i], c)
				if got := reason == reeve.NoReason; got != want {
					t.Errorf("%s applies to %s in %s: %v (%s); want %v", row.action, describe(c), v, got, reason, want)
				}
			}
		}
	}
}

func describe(c reeve.Class) string {
	return strings.Join([]string{c.Standing.String(), c.Kind.String(), c.System.String(), c.Version.String()}, " ")
}

// example returns params that the action takes.
func example(t *testing.T, def Definition) []byte {
	t.Helper()
	params, err := def.Check([]byte(def.Example))
	if err != nil {
		t.Fatalf("%s refuses its example: %v", def.Name, err)
	}
	return params
}

// The order of an action is given only to an agent that says it can.
func TestAbilities(t *testing.T) {
	for name, def := range catalogue {
		c := reeve.Class{Standing: reeve.Managed, Kind: reeve.Persistent, System: reeve.Linux, Version: reeve.Version{26, 11}}
		if name == "ignore" || name == "unignore" {
			continue // not for managed devices
		}
		latest := Latest
		if def.Since == "" {
			latest = V2
		}
		want := reeve.NoReason
		if def.Agent {
			want = reeve.NotAble
		}
		if got := def.Decide(latest, c, example(t, def)); got != want {
			t.Errorf("%s of an agent that can do nothing: %q; want %q", name, got, want)
		}
		c.Abilities = reeve.AbilitiesOf([]string{name})
		if def.Agent != c.Abilities.Has(name) {
			t.Errorf("%s is done by an agent: %v, but is an ability: %v", name, def.Agent, c.Abilities.Has(name))
		}
		if got := def.Decide(latest, c, example(t, def)); got != reeve.NoReason {
			t.Errorf("%s of an agent that can do just this: %q", name, got)
		}
	}
}

// The reason is the nearest miss.
func TestReasons(t *testing.T) {
	windows := func(v ...uint32) reeve.Class {
		c := reeve.Class{Standing: reeve.Managed, Kind: reeve.Persistent, System: reeve.Windows, Abilities: fullAbilities}
		copy(c.Version[:], v)
		return c
	}
	with := func(c reeve.Class, change func(*reeve.Class)) reeve.Class { change(&c); return c }
	tests := []struct {
		action  string
		version Version
		class   reeve.Class
		want    reeve.Reason
	}{
		{"re-identify", V3_3, windows(7, 6, 70), reeve.OldAgent},
		{"re-identify", V3_1, windows(7, 6, 70), reeve.NoReason},
		{"re-identify", V3_3, with(windows(26), func(c *reeve.Class) { c.System = reeve.OtherSystem }), reeve.WrongSystem},
		{"re-identify", V3_3, with(windows(26), func(c *reeve.Class) { c.Kind = reeve.OnDemand }), reeve.WrongKind},
		{"re-identify", Own, with(windows(26), func(c *reeve.Class) { c.Kind = reeve.OnDemand }), reeve.NoReason},
		{"re-identify", V3_3, with(windows(1), func(c *reeve.Class) { c.Kind = reeve.Mobile; c.System = reeve.IOS }), reeve.NoReason},
		{"re-identify", V3_3, with(windows(26), func(c *reeve.Class) { c.Standing = reeve.OutOfLicense }), reeve.WrongStanding},
		{"exempt", V3_1, with(windows(26), func(c *reeve.Class) { c.Kind = reeve.DomainController }), reeve.NoReason},
		{"exempt", V3_2, with(windows(26), func(c *reeve.Class) { c.Kind = reeve.DomainController }), reeve.WrongKind},
		{"ignore", V3, windows(26), reeve.WrongStanding},
		{"unignore", V3, reeve.Class{Standing: reeve.Unknown}, reeve.WrongStanding},
		{"delete", V3, reeve.Class{Standing: reeve.Archived}, reeve.WrongStanding},
		{"dhcprenew", V3, with(windows(26), func(c *reeve.Class) { c.Kind = reeve.Mobile }), reeve.WrongKind},
		{"dhcprenew", V3, with(windows(26), func(c *reeve.Class) { c.Abilities = 0 }), reeve.NotAble},
		{"fetch_agent_log", V3_1, windows(7, 6, 230), reeve.OldAgent},
		{"fetch_agent_log", V3_2, windows(7, 6, 230), reeve.NoReason},
	}
	for _, tt := range tests {
		def, _ := Lookup(tt.action)
		if got := def.Decide(tt.version, tt.class, []byte("{}")); got != tt.want {
			t.Errorf("%s of %s in %s: %q; want %q", tt.action, describe(tt.class), tt.version, got, tt.want)
		}
	}
}

func TestPathStyles(t *testing.T) {
	def, _ := Lookup("scan_threats")
	for path, windows := range map[string]bool{`/srv`: false, `/`: false, `C:\\Data`: true, `c:/Data`: true, `\\\\server\\share`: true} {
		params, err := def.Check([]byte(`{"scan_types":[4],"path":"` + path + `"}`))
		if err != nil {
			t.Errorf("path %s: %v", path, err)
			continue
		}
		for _, system := range []reeve.System{reeve.Windows, reeve.MacOS, reeve.Linux} {
			c := reeve.Class{Standing: reeve.Managed, Kind: reeve.Persistent, System: system, Version: reeve.Version{26, 11}, Abilities: fullAbilities}
			want := reeve.NoReason
			if (system == reeve.Windows) != windows {
				want = reeve.ForeignPath
			}
			if got := def.Decide(Latest, c, params); got != want {
				t.Errorf("path %s on %s: %q; want %q", path, system, got, want)
			}
		}
	}
}
