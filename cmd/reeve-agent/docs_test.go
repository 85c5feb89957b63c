package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryFlagHasAParagraph holds docs/agent.md against the commands: each has
// a section, with a paragraph for each of its flags that names the twin in the
// environment, and with no others.
func TestEveryFlagHasAParagraph(t *testing.T) {
	text, err := os.ReadFile("../../docs/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^#{1,3} `).Split(string(text), -1) {
		heading, body, _ := strings.Cut(part, "\n")
		sections[heading] = body
	}
	paragraph := regexp.MustCompile("(?m)^\\* `--([a-z-]+).*$")
	for name, command := range commands {
		var documented []string
		for _, p := range paragraph.FindAllStringSubmatch(sections["reeve-agent "+name], -1) {
			documented = append(documented, p[1])
			twin := "(`REEVE_" + strings.ToUpper(strings.ReplaceAll(p[1], "-", "_")) + "`"
			if !slices.Contains([]string{"json", "retire", "on-demand"}, p[1]) && !strings.Contains(p[0], twin) {
				t.Errorf("reeve-agent %s: the paragraph of --%s does not name its twin in the environment", name, p[1])
			}
		}
		flags := strings.Fields(command.flags)
		slices.Sort(flags)
		slices.Sort(documented)
		if !slices.Equal(flags, documented) {
			t.Errorf("reeve-agent %s has the flags %v, docs/agent.md those of %v", name, flags, documented)
		}
	}
}
