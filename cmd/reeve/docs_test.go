package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const operations = "../../docs/operations.md"

// clientFlags is the section about the flags that all clients of a server have.
const clientFlags = "Flags of every command that speaks to a server"

// TestEveryFlagHasAParagraph walks the commands and holds docs/operations.md
// against them: each has a section, with a paragraph for each flag that names
// its twin in the environment and its default, and with no others.
func TestEveryFlagHasAParagraph(t *testing.T) {
	sections := sectionsOf(t, operations)
	shared := paragraphsOf(sections[clientFlags])
	if len(shared) == 0 {
		t.Fatalf("%s has no section %q", operations, clientFlags)
	}
	root := &cobra.Command{Use: "reeve"}
	for _, command := range commands {
		root.AddCommand(command())
	}
	walk(root, func(cmd *cobra.Command) {
		section, ok := sections[cmd.CommandPath()]
		if !ok {
			t.Errorf("%s has no section '### %s'", operations, cmd.CommandPath())
			return
		}
		own := paragraphsOf(section)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			paragraph, ok := own[f.Name]
			delete(own, f.Name)
			if !ok && isRemote(cmd) {
				paragraph, ok = shared[f.Name]
			}
			if !ok {
				t.Errorf("%s: --%s has no paragraph", cmd.CommandPath(), f.Name)
				return
			}
			twin := "REEVE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if !strings.Contains(paragraph, "(`"+twin+"`") {
				t.Errorf("%s: the paragraph of --%s does not name %s", cmd.CommandPath(), f.Name, twin)
			}
			value := strings.Trim(f.DefValue, "[]")
			if !slices.Contains([]string{"", "false", "0", "0s"}, value) && !strings.Contains(paragraph, "default `"+value+"`") {
				t.Errorf("%s: the paragraph of --%s does not name the default %s", cmd.CommandPath(), f.Name, value)
			}
		})
		for name := range own {
			t.Errorf("%s: --%s has a paragraph but does not exist", cmd.CommandPath(), name)
		}
	})
}

// walk visits the commands that do something by themselves.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	if cmd.Flags().HasFlags() || !cmd.HasSubCommands() {
		visit(cmd)
	}
	for _, sub := range cmd.Commands() {
		walk(sub, visit)
	}
}

func isRemote(cmd *cobra.Command) bool { return cmd.Flags().Lookup("client-id") != nil }

// sectionsOf returns what stands under each heading of the third level.
func sectionsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^#{1,3} `).Split(string(text), -1) {
		heading, body, _ := strings.Cut(part, "\n")
		sections[heading] = body
	}
	return sections
}

// paragraphsOf returns the paragraphs about flags by the flags' names.
func paragraphsOf(section string) map[string]string {
	found := map[string]string{}
	for _, p := range regexp.MustCompile("(?m)^\\* `--([a-z-]+).*$").FindAllStringSubmatch(section, -1) {
		found[p[1]] = p[0]
	}
	return found
}
