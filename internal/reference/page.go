package reference

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reeve/internal/door"
)

const generated = "<!-- Written from the tables of routes: go test ./internal/reference -update -->\n\n"

// page is the reference of a family.
func (f family) page(published bool, transcript string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n", generated, f.name)
	sections := sectionsOf(f.routes)
	abouts := merge(f.routes, func(p *door.Page) []string { return []string{p.About} })
	if len(abouts) == 1 {
		fmt.Fprintf(&b, "%s\n\n", abouts[0].what)
	}
	f.requests(&b, published)
	b.WriteString("[Authentication, errors, limits and repeats](../README.md) are those of every request.\n\n")
	for _, s := range sections {
		depth := "##"
		if len(sections) > 1 {
			fmt.Fprintf(&b, "## %s\n\n", s.title())
			depth = "###"
		}
		if len(abouts) > 1 {
			list(&b, s, "", func(p *door.Page) []string { return []string{p.About} })
		}
		s.fields(&b, depth+" Request", "takes no parameters", "No effect", func(p *door.Page) []door.Field { return p.Inputs })
		s.fields(&b, depth+" Answer", "has no members", "Not known", func(p *door.Page) []door.Field { return p.Answer })
		s.codes(&b, depth)
		list(&b, s, "* ", func(p *door.Page) []string { return p.Notes })
	}
	if _, body, ok := strings.Cut(transcript, "\n"); ok {
		fmt.Fprintf(&b, "## Transcript\n\nA test [runs it](../examples/%s.md).\n\n%s\n", Slug(f.name), strings.Trim(body, "\n"))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// requests is the table of the family's routes.
func (f family) requests(b *strings.Builder, published bool) {
	if published {
		table(b, "Version", "Request", "Scope", "Rate", "Log event", "Page of the manual")
	} else {
		table(b, "Request", "Scope", "Rate", "Log event")
	}
	for _, r := range f.routes {
		cells := []string{request(r), scope(r), cmp.Or(r.Rate, "none"), cmp.Or(r.Verb, "none")}
		if published {
			cells = append([]string{cmp.Or(versionName(r.Page.Version), "any")}, append(cells, cell(r.Page.Source))...)
		}
		line(b, cells...)
	}
	b.WriteString("\n")
}

func scope(r door.Route) string { return cmp.Or(string(r.Scope), "none") }

// fields is the table of what a section takes or answers.
func (s section) fields(b *strings.Builder, heading, none, unknown string, of func(*door.Page) []door.Field) {
	fmt.Fprintf(b, "%s\n\n", heading)
	rows := merge(s.routes, of)
	if len(rows) == 0 {
		fmt.Fprintf(b, "It %s.\n\n", none)
		return
	}
	columns := []string{"Name", "Type", "Meaning"}
	takes := rows[0].what.In != ""
	if takes {
		columns = []string{"Name", "In", "Type", "Meaning"}
	}
	differ := false
	for _, r := range rows {
		differ = differ || s.holds(r.of) != ""
	}
	if differ {
		columns = append(columns, "Only in")
	}
	table(b, columns...)
	for _, r := range rows {
		cells := []string{"`" + r.what.Name + "`", r.what.Type, meaning(r.what, unknown)}
		if takes {
			cells = []string{"`" + r.what.Name + "`", r.what.In, r.what.Type, meaning(r.what, unknown)}
		}
		if differ {
			cells = append(cells, s.holds(r.of))
		}
		line(b, cells...)
	}
	b.WriteString("\n")
}

// meaning is what is said of a field besides its name and type.
func meaning(f door.Field, unknown string) string {
	var parts []string
	if f.About != "" {
		parts = append(parts, cell(f.About))
	}
	if f.Unknown != "" {
		parts = append(parts, "*"+unknown+":* "+cell(f.Unknown))
	}
	if f.Ours {
		parts = append(parts, "*Reeve's own.*")
	}
	return strings.Join(parts, ". ")
}

func (s section) codes(b *strings.Builder, depth string) {
	rows := merge(s.routes, codesOf)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "%s Status codes\n\nBesides [those of every request](../README.md#errors):\n\n", depth)
	table(b, "Status", "When", "In")
	for _, r := range rows {
		line(b, r.what[0], cell(r.what[1]), cmp.Or(s.holds(r.of), "all"))
	}
	b.WriteString("\n")
}

// list writes sentences, each with the routes that it is about.
func list(b *strings.Builder, s section, bullet string, of func(*door.Page) []string) {
	rows := merge(s.routes, of)
	slices.SortStableFunc(rows, func(a, b row[string]) int { return a.of[0] - b.of[0] })
	for _, r := range rows {
		about := s.holds(r.of)
		if about != "" {
			about = "**" + about + ":** "
		}
		fmt.Fprintf(b, "%s%s%s\n", bullet, about, r.what)
		if bullet == "" {
			b.WriteString("\n")
		}
	}
	if len(rows) > 0 && bullet != "" {
		b.WriteString("\n")
	}
}

// index is the list of all routes.
func index(parts []Part) string {
	var b strings.Builder
	b.WriteString(generated + "# Routes\n\nEverything that the HTTPS port answers, but `/healthz`, `/readyz` and these pages. " +
		"Requests count against the limit that the column Rate names; routes with one name share it.\n\n" +
		"In the tables of the pages, *Reeve's own* is what Reeve decides where the published pages are silent. *Not known* is a published member whose value Reeve cannot have, " +
		"with the reason and what is answered instead; *no effect* is a published parameter that is taken and changes nothing.\n")
	for _, part := range parts {
		fmt.Fprintf(&b, "\n## %s\n\n", part.Title)
		table(&b, "Page", "Request", "Scope", "Rate")
		for _, f := range familiesOf(part.Routes) {
			for _, r := range f.routes {
				line(&b, fmt.Sprintf("[%s](%s.md)", f.name, Slug(f.name)), request(r), scope(r), cmp.Or(r.Rate, "none"))
			}
		}
	}
	return b.String()
}

func table(b *strings.Builder, columns ...string) {
	line(b, columns...)
	b.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

func line(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// cell makes a text of a table harmless in Markdown. What it has in backquotes
// is code, where nothing but the table's own mark counts.
func cell(text string) string {
	parts := strings.Split(strings.ReplaceAll(text, "\n", " "), "`")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "|", `\|`)
		if i%2 == 0 {
			parts[i] = strings.NewReplacer("<", `\<`, "*", `\*`).Replace(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
