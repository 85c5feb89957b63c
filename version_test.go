package reeve_test

import (
	"testing"

	"pgregory.net/rapid"

	"reeve"
)

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]reeve.Version{
		"7.6.231.0":    {7, 6, 231, 0},
		"10.4.225.0":   {10, 4, 225, 0},
		"26.11.0":      {26, 11, 0, 0},
		"26":           {26},
		"0.0.0.1":      {0, 0, 0, 1},
		"4294967295.1": {1<<32 - 1, 1},
	} {
		if got, ok := reeve.ParseVersion(s); !ok || got != want {
			t.Errorf("ParseVersion(%q) = %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", ".", "7.", ".7", "7..6", "7.6.231.0.1", "v7.6", "7.6-rc1", "-1.0", "+1.0", "1_0", " 7.6", "7.6 ", "0x7", "4294967296", "7,6",
	} {
		if got, ok := reeve.ParseVersion(s); ok {
			t.Errorf("ParseVersion(%q) = %v; want it refused", s, got)
		}
	}
}

func TestVersionCompare(t *testing.T) {
	rising := []reeve.Version{
		{}, {0, 0, 0, 1}, {7, 6, 71, 0}, {7, 6, 206, 0}, {7, 6, 231, 0}, {7, 6, 231, 1}, {7, 10, 0, 0}, {10, 4, 123, 0}, {26, 11},
	}
	for i, v := range rising {
		for j, w := range rising {
			want := max(-1, min(1, i-j))
			if got := v.Compare(w); got != want {
				t.Errorf("%v.Compare(%v) = %d; want %d", v, w, got, want)
			}
		}
	}
}

func TestVersionRoundTrip(t *testing.T) {
	if s := (reeve.Version{}).String(); s != "" {
		t.Errorf("no version prints as %q; want nothing", s)
	}
	if s := (reeve.Version{26, 11}).String(); s != "26.11.0.0" {
		t.Errorf("26.11 prints as %q; want the published four numbers", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		var v reeve.Version
		for i := range v {
			v[i] = rapid.Uint32().Draw(t, "number")
		}
		if v == (reeve.Version{}) {
			return
		}
		if got, ok := reeve.ParseVersion(v.String()); !ok || got != v {
			t.Fatalf("ParseVersion(%q) = %v, %v", v.String(), got, ok)
		}
	})
}
