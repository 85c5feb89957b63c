package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every fact that the rules write into the log has a name for people.
func TestFactsHaveNames(t *testing.T) {
	named := 0
	for _, room := range []string{"../control", "../outbound"} {
		for _, key := range factNames(t, room) {
			named++
			if w := openWords()[languages[0]]; !w.has("facts."+key) && !w.has("settings.fields."+key) {
				t.Errorf("the catalogue has no name for the fact %s", key)
			}
		}
	}
	if named < 50 {
		t.Errorf("%d facts found: the test looks in the wrong place", named)
	}
}

// factNames returns the keys of every map of facts in the files of a room.
func factNames(t *testing.T, room string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(room + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	name := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			names = append(names, text)
		}
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if m, ok := n.Type.(*ast.MapType); ok && isAny(m.Value) {
					for _, e := range n.Elts {
						name(e.(*ast.KeyValueExpr).Key)
					}
				}
			case *ast.IndexExpr:
				if of, ok := n.X.(*ast.Ident); ok && of.Name == "facts" {
					name(n.Index)
				}
			}
			return true
		})
	}
	return names
}

func isAny(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "any"
}

func TestFactsInWords(t *testing.T) {
	w := openWords()["en"]
	for detail, want := range map[string][]fact{
		"":       nil,
		"broken": nil,
		`{"states":{"succeeded":2,"failed":1},"jobs":1}`:                {{Name: "Ended as", Value: "failed: 1, succeeded: 2"}, {Name: "Jobs", Value: "1"}},
		`{"operator":"ann","new_password":true,"note":""}`:              {{Name: "New password", Value: "yes"}, {Name: "Operator", Value: "ann"}},
		`{"action":"exempt","params":{"exempt_time":0},"targets":1200}`: {{Name: "Action", Value: "Exempt from policy"}, {Name: "How long", Value: "without an end"}, {Name: "Targets", Value: "1,200"}},
		`{"group_id":"f00d","scopes":["read","write"],"odd":null}`:      {{Name: "Group", Value: "f00d", Path: "groups/f00d"}, {Name: "Scopes", Value: "read, write"}},
	} {
		if d := cmp.Diff(want, w.facts(detail)); d != "" {
			t.Errorf("%s: %s", detail, d)
		}
	}
}
