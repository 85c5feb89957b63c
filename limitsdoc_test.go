package reeve_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLimitsDocument holds docs/limits.md against the code: every constant that
// it names has the value that it says, every file exists, and no constant whose
// name says that it is a limit or a default is missing.
func TestLimitsDocument(t *testing.T) {
	const document = "docs/limits.md"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	known := parseConstants(t)
	listed := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\|[^|]*\\|([^|]*)\\|(?:[^|]*\\|)? `([^`|]+)` \\|")
	for _, cells := range row.FindAllStringSubmatch(string(text), -1) {
		value, name := strings.TrimSpace(cells[1]), cells[2]
		if strings.HasSuffix(name, ".go") {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s names %s, which does not exist", document, name)
			}
			continue
		}
		for _, folder := range []string{"internal/", ".."} { // the latter is that of the words
			if _, below := known[folder+name]; below {
				name = folder + name
			}
		}
		if _, ok := known[name]; !ok {
			t.Errorf("%s names the constant %s, which does not exist", document, name)
			continue
		}
		listed[name] = true
		if has := known.value(name); !says(value, has) {
			t.Errorf("%s says %q of %s, which is %v", document, value, name, has)
		}
	}
	limit := regexp.MustCompile(`\.([mM]ax|Default)[A-Z]\w*$`)
	for name := range known {
		if limit.MatchString(name) && !listed[name] {
			t.Errorf("%s has no row for %s", document, strings.TrimPrefix(name, "internal/"))
		}
	}
}

// quantity is a number with a unit, or none.
var quantity = regexp.MustCompile(`(\d[\d,]*) ?(KiB|MiB|GiB|ms|s|min|h|d|years|hours)?\b`)

var units = map[string]int64{
	"": 1, "hours": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "ms": int64(time.Millisecond), "s": int64(time.Second),
	"min": int64(time.Minute), "h": int64(time.Hour), "d": int64(24 * time.Hour), "years": int64(365 * 24 * time.Hour),
}

// says reports whether a cell names the value: the text, or a quantity in it in
// the unit of the code, which for times is the nanosecond or the second.
func says(cell string, value constant.Value) bool {
	if value.Kind() == constant.String {
		return strings.Contains(cell, "`"+constant.StringVal(value)+"`")
	}
	has, _ := constant.Int64Val(value)
	for _, q := range quantity.FindAllStringSubmatch(cell, -1) {
		n, err := strconv.ParseInt(strings.ReplaceAll(q[1], ",", ""), 10, 64)
		if n *= units[q[2]]; err == nil && (n == has || n == has*int64(time.Second) && q[2] != "") {
			return true
		}
	}
	return false
}

// constants are the expressions of all constants, by folder and name.
type constants map[string]ast.Expr

// parseConstants reads the constants of the module's packages.
func parseConstants(t *testing.T) constants {
	t.Helper()
	found := constants{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && !isRoom(file, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir(), filepath.Ext(file) != ".go", strings.HasSuffix(file, "_test.go"):
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range syntax.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				dir := filepath.ToSlash(filepath.Dir(file))
				if dir == "." {
					dir = "reeve"
				}
				found.add(dir, g)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (c constants) add(dir string, g *ast.GenDecl) {
	for _, s := range g.Specs {
		spec := s.(*ast.ValueSpec)
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				c[dir+"."+name.Name] = spec.Values[i]
			}
		}
	}
}

// value works out a constant that is made of numbers, times and other constants.
func (c constants) value(name string) constant.Value {
	dir := strings.TrimSuffix(name, path.Ext(name))
	var eval func(ast.Expr) constant.Value
	eval = func(e ast.Expr) constant.Value {
		switch e := e.(type) {
		case *ast.BasicLit:
			return constant.MakeFromLiteral(e.Value, e.Kind, 0)
		case *ast.ParenExpr:
			return eval(e.X)
		case *ast.Ident:
			return c.value(dir + "." + e.Name)
		case *ast.SelectorExpr:
			if room := fmt.Sprint(e.X); room != "time" {
				return c.value("internal/" + room + "." + e.Sel.Name)
			}
			return constant.MakeInt64(int64(map[string]time.Duration{
				"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
			}[e.Sel.Name]))
		case *ast.BinaryExpr:
			x, y := eval(e.X), eval(e.Y)
			if x.Kind() != constant.Int || y.Kind() != constant.Int {
				return constant.MakeUnknown()
			}
			if e.Op == token.SHL {
				n, _ := constant.Uint64Val(y)
				return constant.Shift(x, e.Op, uint(n))
			}
			return constant.BinaryOp(x, e.Op, y)
		}
		return constant.MakeUnknown()
	}
	if e, ok := c[name]; ok {
		return eval(e)
	}
	return constant.MakeUnknown()
}
