package act

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/scan"
)

// What a scan finds is put away where the order says so or, without a word,
// the settings do, and never where the policy forbids it.
func TestQuarantine(t *testing.T) {
	for name, tt := range map[string]struct {
		params string
		shed   *shed
		away   bool
	}{
		"asked by the order":      {`,"quarantine":true`, &shed{}, true},
		"asked by the settings":   {``, &shed{asked: true}, true},
		"the order says no":       {`,"quarantine":false`, &shed{asked: true}, false},
		"nobody asks":             {``, &shed{}, false},
		"the policy forbids it":   {`,"quarantine":true`, nil, false},
		"the quarantine is full":  {`,"quarantine":true`, &shed{full: true}, false},
		"after an interrupted go": {`,"quarantine":true`, &shed{files: map[string]PutAway{"id9": {ID: "id9", Command: "c1", Path: "/gone", SHA256: "ab"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h, root := machine(t)
			if h.away = tt.shed; h.away != nil && h.away.files == nil {
				h.away.files = map[string]PutAway{}
			}
			earlier := 0
			if h.away != nil {
				earlier = len(h.away.files)
			}
			var r scanResult
			path, _ := json.Marshal(filepath.Join(root, "data"))
			run(t, h, "scan_threats", `{"scan_types":[4],"path":`+string(path)+tt.params+`}`, &r)
			_, err := os.Stat(filepath.Join(root, "data", "sample"))
			if gone := os.IsNotExist(err); gone != tt.away {
				t.Errorf("the file is gone: %v", gone)
			}
			put := 0
			for _, threat := range r.Threats {
				if threat.Quarantine != "" {
					put++
				}
			}
			if want := map[bool]int{true: 1 + earlier}[tt.away]; put != want || int(r.Counts.Threats) != 1+earlier {
				t.Errorf("%d of %+v are in quarantine, want %d", put, r.Threats, want)
			}
			full := slices.ContainsFunc(r.Errors, func(f scan.Failure) bool { return strings.Contains(f.Error, "not put into quarantine") })
			if wants := tt.shed != nil && tt.shed.full; full != wants {
				t.Errorf("errors: %+v", r.Errors)
			}
		})
	}
}

// A file that was found and put away before an interruption is told once, as
// the one in quarantine, although the scan that goes on still lists it.
func TestQuarantineGoesOn(t *testing.T) {
	earlier := PutAway{ID: "id1", Command: "c1", Path: filepath.Join(t.TempDir(), "gone"), Signature: "A", SHA256: "ab"}
	found := scan.Result{Counts: scan.Counts{Threats: 2}, Threats: []scan.Threat{
		{Path: earlier.Path, Signature: "A", SHA256: "ab"}, {Path: earlier.Path, Signature: "B", SHA256: "ab"},
	}}
	h := &fakeHost{away: &shed{files: map[string]PutAway{"id1": earlier}}}
	quarantine(t.Context(), h, "c1", &found)
	if len(found.Threats) != 2 || found.Counts.Threats != 2 || found.Threats[0].Quarantine != "id1" || found.Threats[1].Quarantine != "id1" || len(found.Errors) > 0 {
		t.Errorf("%d threats: %+v, errors %+v", found.Counts.Threats, found.Threats, found.Errors)
	}
}

func TestBringBack(t *testing.T) {
	h, _ := machine(t)
	h.away = &shed{files: map[string]PutAway{"id1": {Path: "/srv/one"}}}
	var r bringBackResult
	o := run(t, h, "unquarantine", `{"quarantine":["id1","id2"]}`, &r)
	if o.OK || len(r.Restored) != 1 || r.Restored[0].Path != "/srv/one" || len(r.Failed) != 1 || !strings.Contains(o.Message, "1 of 2 files") {
		t.Errorf("%+v %+v", o, r)
	}
	if o := run(t, h, "unquarantine", `{"quarantine":[]}`, nil); o.OK {
		t.Errorf("nothing to bring back: %+v", o)
	}
}

// What is meant is brought back, if it was put away before it was ordered.
func TestBringBackWhatIsMeant(t *testing.T) {
	ordered := time.Now()
	before, after := ordered.Add(-time.Hour), ordered.Add(time.Hour)
	for params, want := range map[string][]string{
		`{"which":"all"}`:                       {"a", "b", "c"},
		`{"which":"signature","signature":"X"}`: {"a", "b"},
		`{"which":"sha256","sha256":"02"}`:      {"b", "c"},
		`{"which":"signature","signature":"Z"}`: nil,
		`{"which":"other"}`:                     nil,
	} {
		h, _ := machine(t)
		h.away = &shed{files: map[string]PutAway{
			"a": {ID: "a", Path: "/a", Signature: "X", SHA256: "01", At: before}, "b": {ID: "b", Path: "/b", Signature: "X", SHA256: "02", At: before},
			"c": {ID: "c", Path: "/c", Signature: "Y", SHA256: "02", At: before}, "d": {ID: "d", Path: "/d", Signature: "X", SHA256: "02", At: after},
		}}
		o := Run(t.Context(), h, Task{Command: "c1", Action: "unquarantine", Params: json.RawMessage(params), Issued: ordered}, nil)
		var r bringBackResult
		if err := json.Unmarshal(o.Result, &r); err != nil || !o.OK {
			t.Fatalf("%s: %+v, %v", params, o, err)
		}
		var got []string
		for _, one := range r.Restored {
			got = append(got, one.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s brings back %v, want %v", params, got, want)
		}
	}
}

// More than one report can tell of stays, and that is said.
func TestBringBackAsManyAsCanBeTold(t *testing.T) {
	h, _ := machine(t)
	h.away = &shed{files: map[string]PutAway{}}
	for i := range 100 {
		id := strings.Repeat("x", i+1)
		h.away.files[id] = PutAway{ID: id, Path: "/" + strings.Repeat("p", 4000)}
	}
	o := run(t, h, "unquarantine", `{"which":"all"}`, nil)
	if o.OK || !strings.Contains(o.Message, "of 100 files") || len(h.away.files) == 0 || len(h.away.files) == 100 {
		t.Errorf("%+v, %d are left", o, len(h.away.files))
	}
}
