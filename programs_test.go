package reeve_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// starters are the functions that start programs on the machine of an agent.
// Nothing else in the agent's rooms may: another is a decision, made here.
var starters = map[string]bool{
	"internal/agent/host/run_unix.go command":         true,
	"internal/agent/host/run_windows.go command":      true,
	"internal/agent/host/desktops_windows.go startAs": true, // this same program, as another user
	"internal/agent/window/desk_windows.go Open":      true, // has Windows open an address in the user's browser, as that user
}

// programs are the paths of the programs that an agent may start, all of them
// constants; /bin/true is what dhclient is given for a script. There is no shell
// among them, nor anything else that runs what it is told as a text.
var programs = strings.Fields(`
	/usr/sbin/dhclient /sbin/dhclient /bin/true
	/usr/sbin/udhcpc /sbin/udhcpc /usr/bin/busybox /bin/busybox
	/usr/bin/yara /usr/local/bin/yara /usr/bin/yarac /usr/local/bin/yarac
	/usr/sbin/ipconfig
	/usr/bin/osascript /usr/bin/sudo
	/usr/bin/systemctl /bin/systemctl /bin/launchctl
	/usr/bin/reeve-agent /usr/local/bin/reeve-agent
`)

// starts are the ways to start a program. exec.LookPath would let the
// environment choose which.
var starts = regexp.MustCompile(`^(exec\.(Command|CommandContext|Cmd|LookPath)|os\.StartProcess|(syscall|unix|windows)\.(Exec|ForkExec|StartProcess|CreateProcess\w*|ShellExecute))$`)

// programPath is what the path of a program looks like.
var programPath = regexp.MustCompile(`^(/[\w.+-]+)*/(s?bin|libexec)/[\w.+/-]+$|^[A-Za-z]:\\.*\.exe$|(?i)^(ba|da|z|k)?sh$|^(cmd|powershell|wscript|cscript)(\.exe)?$`)

// TestPrograms holds the agent's source against what it may start: no shell, no
// program chosen by anybody else.
func TestPrograms(t *testing.T) {
	seen := map[string]bool{}
	for file, syntax := range agentSource(t) {
		for _, decl := range syntax.Decls {
			within := file
			if f, ok := decl.(*ast.FuncDecl); ok {
				within += " " + f.Name.Name
			}
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					room, _ := n.X.(*ast.Ident)
					if room == nil || !starts.MatchString(room.Name+"."+n.Sel.Name) || within == file || isType(decl, n) {
						break
					}
					seen[within] = true
					if !starters[within] {
						t.Errorf("%s uses %s.%s; if it has to start a program, programs_test.go must say so", within, room.Name, n.Sel.Name)
					}
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && programPath.MatchString(text) {
						seen[text] = true
						if !slices.Contains(programs, text) {
							t.Errorf("%s names the program %s, which programs_test.go does not list", within, text)
						}
					}
				}
				return true
			})
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(starters)), programs) {
		if !seen[name] {
			t.Errorf("programs_test.go allows %s, which the agent does not have", name)
		}
	}
}

// isType reports whether a selector is only named as the type of a result or a
// parameter, which starts nothing.
func isType(decl ast.Decl, n *ast.SelectorExpr) bool {
	f, ok := decl.(*ast.FuncDecl)
	return ok && n.Pos() >= f.Type.Pos() && n.End() <= f.Type.End()
}

// agentSource returns the files of the rooms that agents are made of, for all
// systems, tests left out.
func agentSource(t *testing.T) map[string]*ast.File {
	t.Helper()
	all := map[string]*ast.File{}
	for room, files := range parseModule(t) {
		if room != "cmd/reeve-agent" && (path.Dir(room) != "internal/agent" && room != "internal/agent" || room == "internal/agent/linetest") {
			continue
		}
		for file := range files {
			syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			all[file] = syntax
		}
	}
	return all
}
