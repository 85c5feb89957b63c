package reeve_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A room is one package of this module: which other rooms it may import, and
// which modules of others. The standard library is free but for what is scarce.
type room struct {
	own  string // paths below the root, "." for the root, "x/..." for x and below it, "..." for all
	mods string // prefixes of import paths
}

const server = ". internal/action internal/control internal/seal internal/link internal/said internal/keys" +
	" internal/courier internal/manifest internal/gate internal/blob internal/sqlstore internal/door internal/cmapi internal/api internal/console internal/depot internal/trail internal/watch internal/reference internal/outbound internal/passkey internal/sso docs"

// rooms are the arrows. A package without a row fails, and so does an import
// that its row does not name: adding one is a decision, made here.
var rooms = map[string]room{
	".":      {},
	"client": {},

	"internal/action":   {own: "."},
	"internal/seal":     {},
	"internal/link":     {own: "internal/seal"},
	"internal/said":     {own: ". internal/link"},
	"internal/outbound": {own: ". internal/trail"},
	"internal/trail":    {own: "."},
	"internal/keys":     {own: ". internal/seal"},
	"internal/watch":    {own: "."},
	"internal/control":  {own: ". internal/action internal/seal", mods: "golang.org/x/crypto/argon2"},
	"internal/passkey":  {own: ".", mods: "github.com/go-webauthn/webauthn/"},
	"internal/sso":      {own: ".", mods: "github.com/coreos/go-oidc/v3/oidc golang.org/x/oauth2"},
	"internal/manifest": {own: ". internal/link internal/seal"},

	"internal/sqlstore":  {own: ". internal/seal", mods: "modernc.org/sqlite github.com/jackc/pgx/v5 github.com/pressly/goose/v3"},
	"internal/storetest": {own: ". internal/seal", mods: "github.com/google/go-cmp/ pgregory.net/rapid"},

	"internal/courier": {own: ". internal/control internal/link internal/manifest internal/said internal/seal",
		mods: "github.com/nats-io/ golang.org/x/sync/"},
	"internal/gate": {own: ". internal/control internal/door internal/link internal/said"},
	"internal/blob": {own: ".", mods: "github.com/nats-io/"},

	"internal/door":  {own: ". internal/control"},
	"internal/cmapi": {own: ". internal/action internal/control internal/door internal/look internal/trail"},
	"internal/api":   {own: ". internal/action internal/control internal/door internal/trail internal/watch client"},

	"internal/passkeytest": {},
	"internal/ssotest":     {},
	"internal/depot":       {},
	"internal/console":     {own: ". internal/action internal/control internal/depot internal/door internal/watch", mods: "rsc.io/qr"},

	"packaging":          {}, // tests alone
	"docs":               {},
	"internal/look":      {},
	"internal/reference": {own: "internal/door", mods: "github.com/yuin/goldmark"},

	"internal/serve":      {own: server, mods: "golang.org/x/sync/"},
	"internal/doortest":   {own: server},
	"internal/testserver": {own: server + " internal/serve internal/swarm client"},
	"internal/proof":      {}, // tests alone, and these see everything

	"internal/swarm": {own: ". internal/action internal/link internal/seal internal/agent/line",
		mods: "go.yaml.in/yaml/v3 golang.org/x/sync/"},
	"internal/agent":           {own: ". internal/action internal/link internal/seal internal/agent/..."},
	"internal/agent/setup":     {own: ". internal/agent internal/agent/host internal/agent/line", mods: "golang.org/x/sys/windows"},
	"internal/agent/line":      {own: "internal/link internal/seal", mods: "golang.org/x/crypto/ github.com/nats-io/nkeys"},
	"internal/agent/linetest":  {own: "internal/link internal/seal", mods: "github.com/nats-io/"},
	"internal/agent/act":       {own: ". internal/action internal/agent/scan"},
	"internal/agent/directory": {own: "."},
	"internal/agent/scan":      {},
	"internal/agent/host":      {own: ". internal/agent/act internal/agent/scan", mods: "golang.org/x/sys/ github.com/godbus/dbus/v5"},
	"internal/agent/window":    {own: ". internal/agent/act internal/look", mods: "github.com/godbus/dbus/v5 golang.org/x/sys/windows"},

	// main is the wiring diagram.
	"cmd/reeve":       {own: "...", mods: "github.com/spf13/ github.com/vbauerster/mpb/v8 golang.org/x/ go.yaml.in/yaml/v3"},
	"cmd/reeve-agent": {own: ". internal/agent/...", mods: "golang.org/x/sys/windows"},
}

// scarce names the packages of the standard library that only some rooms may
// import, whatever their rows say.
var scarce = map[string]string{
	"C":            "", // everything builds without cgo
	"os/exec":      "internal/agent/host cmd/...",
	"math/rand":    "internal/swarm",
	"math/rand/v2": "internal/swarm",
	"database/sql": "internal/sqlstore internal/storetest",
	"net/http": "client internal/gate internal/door internal/watch internal/cmapi internal/api internal/console internal/depot internal/serve internal/reference internal/doortest" +
		" internal/testserver internal/agent/linetest internal/agent/window internal/outbound internal/sso internal/ssotest cmd/...",
	"unsafe": "internal/agent/host",
}

func TestImports(t *testing.T) {
	for name, files := range parseModule(t) {
		row, ok := rooms[name]
		if !ok {
			t.Errorf("package %s has no row in imports_test.go: say what it may import", name)
			continue
		}
		for file, syntax := range files {
			for _, spec := range syntax.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				if !mayImport(name, row, imported) {
					t.Errorf("%s imports %s, which its row in imports_test.go does not allow", file, imported)
				}
			}
		}
	}
}

func TestPackageComments(t *testing.T) {
	for name, files := range parseModule(t) {
		commented := func(f *ast.File) bool { return f.Doc != nil }
		if !slices.ContainsFunc(slices.Collect(maps.Values(files)), commented) {
			t.Errorf("package %s has no comment that says what it is for and what it may import", name)
		}
	}
}

// A name that is misspelt in a row would forbid what it means to allow.
func TestRowsNameRooms(t *testing.T) {
	lists := slices.Collect(maps.Values(scarce))
	for _, row := range rooms {
		lists = append(lists, row.own)
	}
	for _, pattern := range strings.Fields(strings.Join(lists, " ")) {
		named := func(name string) bool { return covers(pattern, name) }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(rooms)), named) {
			t.Errorf("imports_test.go names %s, which has no row", pattern)
		}
	}
}

func mayImport(name string, row room, imported string) bool {
	if below, ok := strings.CutPrefix(imported, "reeve"); ok && (below == "" || below[0] == '/') {
		wanted := path.Join(".", strings.TrimPrefix(below, "/"))
		return anyCovers(row.own, wanted)
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return slices.ContainsFunc(strings.Fields(row.mods), func(prefix string) bool {
			return strings.HasPrefix(imported, prefix)
		})
	}
	allowed, isScarce := scarce[imported]
	return !isScarce || anyCovers(allowed, name)
}

func anyCovers(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(p string) bool { return covers(p, name) })
}

// covers reports whether pattern names the room: exactly, or as "x/..." does
// with x and everything below it.
func covers(pattern, name string) bool {
	prefix, open := strings.CutSuffix(pattern, "...")
	if !open {
		return pattern == name
	}
	return strings.HasPrefix(name+"/", prefix)
}

// parseModule returns the files of every package of this module, tests left
// out, for all systems at once: it reads them without asking which are built.
func parseModule(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	found := map[string]map[string]*ast.File{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && !isRoom(file, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir(), filepath.Ext(file) != ".go", strings.HasSuffix(file, "_test.go"):
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(file))
		if found[dir] == nil {
			found[dir] = map[string]*ast.File{}
		}
		found[dir][filepath.ToSlash(file)] = syntax
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// isRoom reports whether a folder belongs to this module's packages: not what
// the go command ignores, nor a module of its own such as bench.
func isRoom(dir, name string) bool {
	modules, _ := filepath.Glob(filepath.Join(dir, "go.mod"))
	return name != "testdata" && name[0] != '.' && name[0] != '_' && len(modules) == 0
}
