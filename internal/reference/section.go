package reference

import (
	"slices"
	"strconv"
	"strings"

	"reeve/internal/door"
)

// A section is routes that are so alike that their tables are one table, which
// says of each row for which of them it holds.
type section struct {
	routes []door.Route
	labels []string // what a route is called in the tables
}

// sectionsOf gathers what belongs together: versions that share at least half of
// their fields, and routes that do not differ in them at all.
func sectionsOf(routes []door.Route) []section {
	var sections []section
	for _, r := range routes {
		at := slices.IndexFunc(sections, func(s section) bool { return alike(s.routes[len(s.routes)-1].Page, r.Page) })
		if at < 0 {
			at, sections = len(sections), append(sections, section{})
		}
		sections[at].routes = append(sections[at].routes, r)
	}
	for i := range sections {
		sections[i].label()
	}
	return sections
}

func alike(a, b *door.Page) bool {
	mine, others := fieldsOf(a), fieldsOf(b)
	shared := 0
	for _, f := range mine {
		if slices.Contains(others, f) {
			shared++
		}
	}
	if a.Version == "" || a.Version == b.Version {
		return shared == len(mine) && shared == len(others)
	}
	return 2*shared >= max(len(mine), len(others))
}

func fieldsOf(p *door.Page) []door.Field { return slices.Concat(p.Inputs, p.Answer) }

// label calls routes by their versions, or by method and path where that is not
// one name each.
func (s *section) label() {
	for _, r := range s.routes {
		s.labels = append(s.labels, versionName(r.Page.Version))
	}
	names := slices.Sorted(slices.Values(s.labels))
	if slices.Contains(names, "") || len(slices.Compact(names)) != len(s.labels) {
		for i, r := range s.routes {
			s.labels[i] = request(r)
		}
	}
}

func request(r door.Route) string { return "`" + r.Method + " " + r.Path + "`" }

// A row is something that is said of some routes of a section.
type row[T comparable] struct {
	what T
	of   []int // of the section's routes
}

// merge makes one list of the lists of all routes and keeps the order of each.
func merge[T comparable](routes []door.Route, list func(*door.Page) []T) []row[T] {
	var rows []row[T]
	for i, r := range routes {
		next := 0
		for _, what := range list(r.Page) {
			at := slices.IndexFunc(rows, func(r row[T]) bool { return r.what == what })
			if at < 0 {
				at = next
				rows = slices.Insert(rows, at, row[T]{what: what})
			}
			rows[at].of = append(rows[at].of, i)
			next = at + 1
		}
	}
	return rows
}

// holds says of which routes a row is: "" for all, otherwise runs of labels.
func (s section) holds(of []int) string {
	if len(of) == len(s.routes) {
		return ""
	}
	var runs []string
	for i := 0; i < len(of); {
		j := i
		for j+1 < len(of) && of[j+1] == of[j]+1 {
			j++
		}
		runs = append(runs, s.run(of[i], of[j]))
		i = j + 1
	}
	return strings.Join(runs, ", ")
}

func (s section) run(first, last int) string {
	switch last - first {
	case 0:
		return s.labels[first]
	case 1:
		return s.labels[first] + ", " + s.labels[last]
	}
	return s.labels[first] + " to " + s.labels[last]
}

// title names the section among the others of its page.
func (s section) title() string {
	last := len(s.routes) - 1
	switch {
	case strings.HasPrefix(s.labels[0], "`"):
		return strings.Join(s.labels, ", ")
	case last == 0:
		return "Version " + s.labels[0]
	}
	return "Versions " + s.run(0, last)
}

// codesOf writes a page's statuses as words, in order.
func codesOf(p *door.Page) (codes [][2]string) {
	for status, when := range p.Codes {
		codes = append(codes, [2]string{strconv.Itoa(status), when})
	}
	slices.SortFunc(codes, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return codes
}
