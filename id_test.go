package reeve_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reeve"
)

func TestCommandIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := reeve.CommandID{
			Job:  reeve.JobID(rapid.Int64Range(1, math.MaxInt64).Draw(t, "job")),
			Leaf: rapid.Int32Range(0, math.MaxInt32).Draw(t, "leaf"),
		}
		s := id.String()
		if len(s) != 24 || !strings.HasPrefix(s, id.Job.String()) {
			t.Fatalf("%v prints as %q; want 24 digits that begin with the job", id, s)
		}
		if got, ok := reeve.ParseCommandID(s); !ok || got != id {
			t.Fatalf("ParseCommandID(%q) = %v, %v; want %v", s, got, ok, id)
		}
		if got, ok := reeve.ParseJobID(id.Job.String()); !ok || got != id.Job {
			t.Fatalf("ParseJobID(%q) = %v, %v; want %v", id.Job, got, ok, id.Job)
		}
	})
}

func TestIDsAreReadStrictly(t *testing.T) {
	const job, leaf = "0000019abcdef123", "0000002a"
	refused := func(what, s string, ok bool) {
		t.Helper()
		if ok {
			t.Errorf("%s %q is accepted", what, s)
		}
	}
	for _, s := range []string{
		"", job[1:], job + "0", strings.ToUpper(job), " " + job[1:], "0x" + job[2:], "-" + job[1:], job[:15] + "g",
		"0000000000000000", "8000000000000000", "ffffffffffffffff",
	} {
		_, ok := reeve.ParseJobID(s)
		refused("job", s, ok)
		_, ok = reeve.ParseCommandID(s + leaf)
		refused("command", s+leaf, ok)
	}
	for _, s := range []string{job, job + leaf[1:], job + leaf + "0", job + "ffffffff", job + "80000000", job + "0000002A", job + "." + leaf[1:]} {
		_, ok := reeve.ParseCommandID(s)
		refused("command", s, ok)
	}
	id := strings.Repeat("0a", 16)
	for _, s := range []string{"", id[1:], id + "0", strings.ToUpper(id), id[:31] + "g", id[:16] + "-" + id[17:]} {
		refused("public id", s, reeve.IsID(s))
	}
	if !reeve.IsID(id) {
		t.Errorf("public id %q is refused", id)
	}
}

func TestNewIDs(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for range 100 {
		device, job := reeve.NewID(), reeve.NewJobID(now)
		if !reeve.IsID(device) || seen[device] {
			t.Errorf("NewID() = %q; want a fresh public id", device)
		}
		seen[device] = true
		if job < reeve.FirstJobID(now) || job >= reeve.FirstJobID(now.Add(time.Millisecond)) {
			t.Errorf("NewJobID(%v) = %v, outside of its millisecond", now, job)
		}
		if got, ok := reeve.ParseJobID(job.String()); !ok || got != job {
			t.Errorf("ParseJobID(%q) = %v, %v", job, got, ok)
		}
	}
	// 43 bits of milliseconds last for as long as anybody runs this.
	if far := reeve.FirstJobID(time.Date(2240, 1, 1, 0, 0, 0, 0, time.UTC)); far <= reeve.FirstJobID(now) {
		t.Errorf("ids of the year 2240 do not sort after those of 2026: %v", far)
	}
}

func FuzzParseCommandID(f *testing.F) {
	f.Add("0000019abcdef1230000002a")
	f.Add("0000019ABCDEF1230000002A")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if id, ok := reeve.ParseCommandID(s); ok && id.String() != s {
			t.Errorf("%q reads as %v: one command, two spellings", s, id)
		}
		if id, ok := reeve.ParseJobID(s); ok && id.String() != s {
			t.Errorf("%q reads as %v: one job, two spellings", s, id)
		}
	})
}
