package reeve_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"reeve"
)

var update = flag.Bool("update", false, "write the generated files instead of comparing them")

const statesFile = "docs/states.md"

func TestStatesDocument(t *testing.T) {
	want := statesDocument(t)
	if *update {
		if err := os.WriteFile(statesFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(statesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the table in command.go says; run go test . -run StatesDocument -update", statesFile)
	}
}

func statesDocument(t *testing.T) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	p("<!-- Generated from the tables in command.go: go test . -run StatesDocument -update -->")
	p("# The life of a command")
	p("")
	p("A job is one request: one action, many devices. Each of its devices has a command, and every command ends:")
	p("by its agent's report, by an administrator, or by a deadline, whatever dies in between.")
	p("")
	p("A command is born")
	p("")
	p("* `%v` if the device's agent has to act;", reeve.Queued)
	p("* `%v` if the action only changes the record, which is done in the same transaction;", reeve.Succeeded)
	p("* `%v` if the action does not apply to the device; its reason says why;", reeve.NotApplicable)
	p("* `%v` with the reason `%v` if the request said to skip devices that are not connected.", reeve.Cancelled, reeve.Away)
	p("")
	p("From there it moves along these lines only. A join (`├` or `┼`) under a state is a step to the state at the")
	p("line's end; `│` passes by.")
	p("")
	p("```")
	b.WriteString(drawing())
	p("```")
	p("")
	p("## States")
	p("")
	p("| State | Means | Final |")
	p("|---|---|---|")
	meanings := stateMeanings(t)
	for s := range reeve.NumStates {
		final := ""
		if s.IsFinal() {
			final = "yes"
		}
		p("| `%v` | %s | %s |", s, meanings[s], final)
	}
	p("")
	p("Nothing changes a final state. A report that comes after the end is noted on the command (`late`), and the")
	p("agent is told that it is settled.")
	p("")
	p("## Steps")
	p("")
	p("| From | To | When |")
	p("|---|---|---|")
	for s := range reeve.NumStates {
		for _, step := range reeve.NextStates[s] {
			p("| `%v` | `%v` | %s |", s, step.To, step.When)
		}
	}
	p("")
	p("## Reasons")
	p("")
	p("A command that did not go as ordered says why, in a word for programs and a sentence for people.")
	p("")
	p("| Reason | Sentence |")
	p("|---|---|")
	for r := reeve.NoReason + 1; r.String() != "invalid"; r++ {
		p("| `%v` | %s |", r, r.Sentence())
	}
	return b.Bytes()
}

// drawing has a column for each state that leads on, and a line for each state
// that something leads to.
func drawing() string {
	const width = 11
	head := ""
	for s := reeve.Queued; !s.IsFinal(); s++ {
		head += fmt.Sprintf("%-*s", width, s)
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(head, " ") + "\n")
	for to := range reeve.NumStates {
		line, joined := " ", false
		for s := reeve.Queued; !s.IsFinal(); s++ {
			switch {
			case !s.May(to):
				line += "│"
			case joined:
				line += "┼"
			default:
				line, joined = line+"├", true
			}
			gap := " "
			if joined {
				gap = "─"
			}
			line += strings.Repeat(gap, width-1)
		}
		if joined {
			fmt.Fprintf(&b, "%s> %v\n", line, to)
		}
	}
	return b.String()
}

// stateMeanings reads the comments beside the constants: the table's first
// source is what a programmer reads there.
func stateMeanings(t *testing.T) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "command.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var meanings []string
	ast.Inspect(file, func(n ast.Node) bool {
		group, ok := n.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST || !declares(group, "Queued") {
			return true
		}
		for _, spec := range group.Specs {
			meanings = append(meanings, strings.TrimSpace(spec.(*ast.ValueSpec).Comment.Text()))
		}
		return false
	})
	if len(meanings) != int(reeve.NumStates)+1 {
		t.Fatalf("command.go explains %d states; there are %d", len(meanings)-1, reeve.NumStates)
	}
	return meanings[:reeve.NumStates]
}

func declares(group *ast.GenDecl, name string) bool {
	for _, spec := range group.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && v.Names[0].Name == name {
			return true
		}
	}
	return false
}
