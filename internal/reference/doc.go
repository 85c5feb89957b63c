// Package reference is the reference of the APIs. One half writes the pages of
// docs/api/reference and the coverage table from the tables of routes and from
// nothing else; its test keeps them checked in. The other half shows the folder
// docs as web pages.
//
// It imports internal/door.
package reference

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"reeve/internal/door"
)

// A Part is an API under the name that the reference gives it.
type Part struct {
	Title     string
	Published bool // the pages of the published API are versions of something, and are covered
	Routes    []door.Route
	Absent    []door.Absence
}

// Pages returns the generated pages by their path in docs/api: a page for each
// family, an index of the routes and the coverage table. Transcripts are files
// named as families are: FAMILY.md.
func Pages(parts []Part, transcripts fs.FS) map[string]string {
	pages := map[string]string{"reference/README.md": index(parts)}
	for _, part := range parts {
		for _, f := range familiesOf(part.Routes) {
			file := Slug(f.name) + ".md"
			transcript, _ := fs.ReadFile(transcripts, file)
			pages["reference/"+file] = f.page(part.Published, string(transcript))
		}
		if part.Published {
			pages["coverage.md"] = coverage(familiesOf(part.Routes), part.Absent)
		}
	}
	return pages
}

// A family is the routes that one page tells together.
type family struct {
	name   string
	routes []door.Route
}

// familiesOf returns the families of the routes in the order of their names, and
// in each the routes in the order of their versions.
func familiesOf(routes []door.Route) []family {
	byName := map[string][]door.Route{}
	for _, r := range routes {
		if r.Page != nil {
			byName[r.Page.Family] = append(byName[r.Page.Family], r)
		}
	}
	var families []family
	for name, routes := range byName {
		slices.SortStableFunc(routes, func(a, b door.Route) int { return compareVersions(a.Page.Version, b.Page.Version) })
		families = append(families, family{name, routes})
	}
	slices.SortFunc(families, func(a, b family) int { return cmp.Compare(a.name, b.name) })
	return families
}

// Slug is the file name of a family without its ending.
func Slug(family string) string {
	words := strings.FieldsFunc(strings.ToLower(family), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// versionName is a version as people say it: 3 is 3.0.
func versionName(version string) string {
	if version == "" || strings.Contains(version, ".") {
		return version
	}
	return version + ".0"
}

// compareVersions puts 3.10 after 3.9; both have one digit before the point.
func compareVersions(a, b string) int {
	a, b = versionName(a), versionName(b)
	return cmp.Or(cmp.Compare(before(a), before(b)), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func before(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}
