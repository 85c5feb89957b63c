package console

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"reeve/internal/depot"
)

// A word that is quoted reaches the program as it is, whatever it holds.
func TestShell(t *testing.T) {
	for _, word := range []string{"plain", "", "it's", "$(id)", "`id`", `"; rm -rf /`, "a b", "a\nb", "-x", "*", "~", "!", "\\", "é", "'", "a&b|c;d"} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+shell(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q came as %q, %v", word, out, err)
		}
	}
	for word, want := range map[string]string{"plain": "plain", "it's": "'it''s'", "$env:x": "'$env:x'", "": "''", "’; id": "'’’; id'", `.\x y`: `'.\x y'`} {
		if got := powershell(word); got != want {
			t.Errorf("PowerShell gets %s for %q, want %s", got, word, want)
		}
	}
}

// There is a line for each system, and one that fetches where there is a package.
func TestWays(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "reeve-agent_1~'_amd64.deb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "reeve-agent_1_amd64.deb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := console{Config: Config{Public: "https://reeve.example.org", Pin: "PIN", Packages: depot.Open(dir)}}
	ways, err := c.ways("ABCD1234")
	if err != nil || len(ways) != 5 {
		t.Fatal(ways, err)
	}
	for _, w := range ways {
		if w.Ready != (w.System == "debian") || !strings.Contains(w.Line, "--server https://reeve.example.org --pin PIN --code ABCD1234") {
			t.Errorf("%+v", w)
		}
	}
	if !strings.HasPrefix(ways[0].Line, "curl -fsSkLo reeve-agent_1_amd64.deb https://reeve.example.org/downloads/reeve-agent_1_amd64.deb && echo 'e3b0c442") {
		t.Error(ways[0].Line)
	}
}
