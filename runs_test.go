package reeve_test

import (
	"reflect"
	"slices"
	"testing"

	"reeve"
)

func TestRuns(t *testing.T) {
	ids := []reeve.CommandID{{Job: 7, Leaf: 0}, {Job: 7, Leaf: 1}, {Job: 7, Leaf: 2}, {Job: 7, Leaf: 5}, {Job: 9, Leaf: 6}, {Job: 9, Leaf: 7}}
	runs := reeve.RunsOf(ids)
	text, err := runs.MarshalText()
	if want := "0000000000000007:0-2,5 0000000000000009:6-7"; err != nil || string(text) != want {
		t.Errorf("written as %q, %v; want %q", text, err, want)
	}
	var read reeve.Runs
	if err := read.UnmarshalText(text); err != nil || !reflect.DeepEqual(read, runs) {
		t.Errorf("read as %v, %v", read, err)
	}
	for skip := range len(ids) + 2 {
		for limit := 1; limit < len(ids)+2; limit++ {
			want := ids[min(skip, len(ids)):min(skip+limit, len(ids))]
			if got := runs.From(int64(skip), limit); !slices.Equal(got, want) {
				t.Errorf("%d from %d are %v, want %v", limit, skip, got, want)
			}
		}
	}
	if runs.Len() != int64(len(ids)) || reeve.Runs(nil).Len() != 0 {
		t.Errorf("%d commands", runs.Len())
	}
}

// FuzzRuns looks for a text that is read as something else than it says.
func FuzzRuns(f *testing.F) {
	for _, seed := range []string{"", "0000000000000007:0-2,5 0000000000000009:6", "0000000000000007:", "7:1", "0000000000000007:2-1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var runs, again reeve.Runs
		if runs.UnmarshalText(text) != nil {
			return
		}
		written, _ := runs.MarshalText()
		if err := again.UnmarshalText(written); err != nil || !reflect.DeepEqual(runs, again) {
			t.Errorf("%q was read as %v and then as %v, %v", text, runs, again, err)
		}
	})
}
