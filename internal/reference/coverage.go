package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reeve/internal/door"
)

// coverage is the table of what of the published API is offered, and what is not.
func coverage(families []family, absent []door.Absence) string {
	var b strings.Builder
	b.WriteString(generated + "# Coverage of the published API\n\n" +
		"Every endpoint of the manual in every version of which a page or an example could be read ([published.md](published.md) has them all). *Full*: every published member is taken " +
		"and answered with its true value. *Partial*: so are all but those that are named; the reference says why, and what is answered instead.\n\n")
	table(&b, "Endpoint", "Version", "Request", "Offered")
	type entry struct{ family, version, text string }
	var entries []entry
	for _, f := range families {
		for _, r := range f.routes {
			entries = append(entries, entry{f.name, r.Page.Version, fmt.Sprintf("| [%s](reference/%s.md) | %s | %s | %s |\n",
				f.name, Slug(f.name), cmp.Or(versionName(r.Page.Version), "any"), request(r), offered(r.Page))})
		}
	}
	for _, n := range absent {
		entries = append(entries, entry{n.Family, n.Version, fmt.Sprintf("| %s | %s | %s | not offered: %s |\n",
			n.Family, cmp.Or(versionName(n.Version), "any"), "`"+requestOf(n)+"`", cell(n.Why))})
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.family, b.family), compareVersions(a.version, b.version))
	})
	for _, e := range entries {
		b.WriteString(e.text)
	}
	b.WriteString(besides)
	return b.String()
}

// requestOf is the method and path of what is not offered, as far as they are
// published.
func requestOf(n door.Absence) string {
	return cmp.Or(strings.TrimSpace(n.Method+" "+n.Path), "none")
}

// offered says how much of an endpoint is there.
func offered(p *door.Page) string {
	without := func(fields []door.Field) (names []string) {
		for _, f := range fields {
			if f.Unknown != "" {
				names = append(names, "`"+f.Name+"`")
			}
		}
		return names
	}
	inputs, answer := without(p.Inputs), without(p.Answer)
	var parts []string
	if len(inputs) > 0 {
		parts = append(parts, "no effect of "+strings.Join(inputs, ", "))
	}
	if len(answer) > 0 {
		parts = append(parts, "not known "+strings.Join(answer, ", "))
	}
	if len(parts) == 0 {
		return "full"
	}
	return "partial: " + strings.Join(parts, "; ")
}
