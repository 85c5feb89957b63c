package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/internal/link"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func someWork(action string) work {
	return work{action, json.RawMessage(`{"a":1}`), noon, noon.Add(time.Hour), noon.Add(2 * time.Hour)}
}

func open(t *testing.T, path string, wantDamaged int) *journal {
	t.Helper()
	j, damaged, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if damaged != wantDamaged {
		t.Errorf("%d damaged lines, want %d", damaged, wantDamaged)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill takes one command to each stage: c1 received to c4 settled.
func fill(t *testing.T, j *journal) {
	t.Helper()
	for i := 1; i <= 4; i++ {
		c := fmt.Sprintf("c%d", i)
		must(t, j.receive(c, someWork("dhcprenew"), noon))
		if i >= 2 {
			must(t, j.start(c, noon.Add(time.Minute)))
		}
		if i >= 3 {
			must(t, j.finish(link.Report{Command: c, State: succeeded, Result: json.RawMessage(`{"n":` + c[1:] + `}`)}, noon))
		}
		if i >= 4 {
			must(t, j.settle([]string{c, "unknown"}, noon))
		}
	}
}

func checkFilled(t *testing.T, j *journal) {
	t.Helper()
	for i, s := range []stage{received, started, finished, settled} {
		c := fmt.Sprintf("c%d", i+1)
		if got := j.at(s); !slices.Equal(got, []string{c}) {
			t.Errorf("at stage %d: %v, want %s", s, got, c)
		}
		if w, err := j.work(c); err != nil || !reflect.DeepEqual(w, someWork("dhcprenew")) {
			t.Errorf("work of %s: %+v, %v", c, w, err)
		}
		if began := j.entry(c).began; began.IsZero() != (s == received) {
			t.Errorf("%s began %v", c, began)
		}
		if s >= finished {
			if r, err := j.report(c); err != nil || string(r.Result) != `{"n":`+c[1:]+`}` || r.State != succeeded {
				t.Errorf("report of %s: %+v, %v", c, r, err)
			}
		}
	}
}

func TestJournalRemembers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, 0)
	fill(t, j)
	checkFilled(t, j)
	j.Close()
	for range 2 { // the second time it was compacted
		j = open(t, path, 0)
		checkFilled(t, j)
		j.Close()
	}
	if n, m, err := countJournal(path); n != 2 || m != 1 || err != nil {
		t.Errorf("counted %d open and %d unsettled, %v", n, m, err)
	}
}

// Whatever byte a crash stops the writing at, what was durable before is there
// and nothing else is in the way.
func TestJournalTornAnywhere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	j := open(t, path, 0)
	must(t, j.receive("c1", someWork("scan_threats"), noon))
	must(t, j.start("c1", noon))
	whole := j.file.size
	must(t, j.finish(link.Report{Command: "c1", State: succeeded}, noon))
	j.Close()
	text, err := os.ReadFile(path)
	must(t, err)
	for cut := whole; cut < int64(len(text)); cut++ {
		torn := filepath.Join(dir, "torn")
		must(t, os.WriteFile(torn, text[:cut], 0o600))
		j := open(t, torn, 0)
		if e := j.entry("c1"); e.stage != started {
			t.Fatalf("cut at %d: stage %d", cut, e.stage)
		}
		must(t, j.finish(link.Report{Command: "c1", State: failed}, noon))
		j.Close()
		if r, err := open(t, torn, 0).report("c1"); err != nil || r.State != failed {
			t.Fatalf("cut at %d: %+v, %v", cut, r, err)
		}
	}
}

func TestJournalDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, 0)
	fill(t, j)
	j.Close()
	text, err := os.ReadFile(path)
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	lines[0] = strings.Replace(lines[0], "dhcprenew", "dhcprenev", 1) // c1 received
	must(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
	j = open(t, path, 1)
	if j.entry("c1").stage != unheard || j.entry("c2").stage != started {
		t.Errorf("stages %d and %d", j.entry("c1").stage, j.entry("c2").stage)
	}
}

// What is settled is remembered for a week past its deadline and no longer;
// what is not settled is remembered for ever.
func TestJournalForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, 0)
	fill(t, j)
	deadline := noon.Add(2 * time.Hour)
	must(t, j.receive("later", someWork("dhcprenew"), deadline.Add(keepSettled)))
	j.Close()
	j = open(t, path, 0)
	if j.entry("c4").stage != settled {
		t.Error("forgotten too early")
	}
	must(t, j.receive("latest", someWork("dhcprenew"), deadline.Add(keepSettled+time.Second)))
	j.Close()
	j = open(t, path, 0)
	if j.entry("c4").stage != unheard || len(j.order) != 5 {
		t.Errorf("still remembers %v", j.order)
	}
	for c, s := range map[string]stage{"c1": received, "c2": started, "c3": finished, "latest": received} {
		if j.entry(c).stage != s {
			t.Errorf("%s is at stage %d, want %d", c, j.entry(c).stage, s)
		}
	}
}

// A journal in use compacts itself, and nothing is lost by that.
func TestJournalStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, 0)
	fill(t, j)
	large := json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`)
	for i := range 200 {
		c := fmt.Sprintf("old%d", i)
		must(t, j.receive(c, work{Action: "scan_threats", FinishBy: noon}, noon))
		must(t, j.finish(link.Report{Command: c, State: succeeded, Result: large}, noon))
		must(t, j.settle([]string{c}, noon.Add(2*keepSettled)))
	}
	if j.file.size > 3*roomToGrow {
		t.Errorf("the file has %d bytes", j.file.size)
	}
	if j.entry("c3").stage != finished || j.entry("c1").stage != received {
		t.Error("something else was forgotten")
	}
	if r, err := j.report("c3"); err != nil || string(r.Result) != `{"n":3}` {
		t.Errorf("report of c3: %+v, %v", r, err)
	}
}

// A disk that takes nothing leaves the journal as it was.
func TestJournalWithoutDisk(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal"), 0)
	must(t, j.receive("c1", someWork("dhcprenew"), noon))
	j.file.file.Close()
	if err := j.start("c1", noon); err == nil {
		t.Fatal("a closed file was written")
	}
	if j.entry("c1").stage != received {
		t.Error("the command moved without the disk")
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add(sealLine([]byte(`{"command":"c1","stage":1,"work":{"action":"x"}}`)))
	f.Add(append(sealLine([]byte(`{"command":"c1","stage":3,"report":{"command":"c1"}}`)), "12345678 tor"...))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		must(t, os.WriteFile(path, text, 0o600))
		j, _, err := openJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		must(t, j.receive("mine", someWork("dhcprenew"), noon))
		if w, err := j.work("mine"); err != nil || w.Action != "dhcprenew" {
			t.Fatalf("%+v, %v", w, err)
		}
	})
}
