package reeve_test

import (
	"strings"
	"testing"

	"reeve"
)

// A name becomes that of a file on every agent.
func TestIsSetFile(t *testing.T) {
	for name, want := range map[string]bool{
		"daily.hdb": true, "a.hsb": true, "b_2.ndb": true, "Rules-1.yar": true, "x.y.yara": true, strings.Repeat("a", 60) + ".hdb": true,
		"": false, ".": false, "a.": false, ".hdb": false, ".a.hdb": false, "a.txt": false, "hdb": false, "../a.hdb": false, "a/b.hdb": false, `a\b.hdb`: false,
		"a b.hdb": false, "a\n.hdb": false, "ä.hdb": false, "a.hdb.": false, "a.HDB": false, "a:b.hdb": false, strings.Repeat("a", 61) + ".hdb": false,
	} {
		if reeve.IsSetFile(name) != want {
			t.Errorf("IsSetFile(%q) = %v", name, !want)
		}
	}
	for name, want := range map[string]string{"a.ndb": "signatures", "a.yara": "rules", "a.exe": ""} {
		if got := reeve.SetFileKind(name); got != want {
			t.Errorf("SetFileKind(%q) = %q", name, got)
		}
	}
}
