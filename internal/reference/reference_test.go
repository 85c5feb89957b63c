package reference

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reeve/internal/api"
	"reeve/internal/cmapi"
	"reeve/internal/gate"
)

const folder = "../../docs/api"

var update = flag.Bool("update", false, "write the generated pages of docs/api")

// parts are all tables of routes.
func parts() []Part {
	published := cmapi.Routes(cmapi.Config{})
	return []Part{
		{Title: "The published API", Published: true, Routes: published.Routes, Absent: published.Absent},
		{Title: "Reeve's own API", Routes: append(api.Routes(api.Config{}).Routes, cmapi.Pages(cmapi.Config{}).Routes...)},
		{Title: "The agents' door", Routes: gate.Routes(gate.Config{}).Routes},
	}
}

// TestPages holds the pages that are checked in against the tables of routes.
func TestPages(t *testing.T) {
	pages := Pages(parts(), os.DirFS(filepath.Join(folder, "examples")))
	if *update {
		write(t, pages)
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(text) != pages[name] {
			t.Errorf("docs/api/%s is not what the tables of routes say; run go test ./internal/reference -update", name)
		}
	}
	files, err := fs.Glob(os.DirFS(folder), "reference/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if pages[name] == "" {
			t.Errorf("docs/api/%s is of a family that is gone; run go test ./internal/reference -update", name)
		}
	}
}

// write writes the pages and removes those of families that are gone.
func write(t *testing.T, pages map[string]string) {
	t.Helper()
	must(t, os.RemoveAll(filepath.Join(folder, "reference")))
	must(t, os.MkdirAll(filepath.Join(folder, "reference"), 0o755))
	for name, text := range pages {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Versions that share most of their tables are one section, which says what is
// of some of them only.
func TestSections(t *testing.T) {
	page := Pages(parts(), os.DirFS(t.TempDir()))["reference/get-groups.md"]
	for _, want := range []string{"# Get Groups\n", "| 3.0 | `POST /o/api/v3/groups` | read | groups | none |", "*Not known:* left out", "| 406 |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of Get Groups does not have %q", want)
		}
	}
}
