package api

import (
	"maps"
	"slices"

	"reeve/internal/door"
)

// pages are what the reference says of the routes of this package's first table,
// by method and path; other routes bring theirs.
var pages = merged(jobPages, proposalPages, devicePages, groupPages, codePages, accountPages, logPages, setPages)

func merged(tables ...map[string]*door.Page) map[string]*door.Page {
	all := map[string]*door.Page{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// Parameters that many routes have.
var (
	limitField  = door.Field{Name: "limit", In: "query", Type: "int", About: "on a page, 1 to 500; default 500"}
	cursorField = door.Field{Name: "cursor", In: "query", Type: "string", About: "next of the page before; none for the first page"}
	nextField   = door.Field{Name: "next", Type: "string", About: "cursor of the next page; left out on the last one"}
	waitField   = door.Field{Name: "wait", In: "query", Type: "string", About: "how long to wait for news, such as 10s; at most 30s, default not at all"}
)

// paged is the inputs of a list by cursor.
func paged(more ...door.Field) []door.Field { return append(more, limitField, cursorField) }

// pageOf is the answer of a list by cursor.
func pageOf(fields []door.Field) []door.Field { return append(listOf(fields), nextField) }

// with puts fields before others.
func with(fields []door.Field, more ...door.Field) []door.Field { return slices.Concat(more, fields) }

func inPath(name, about string) door.Field {
	return door.Field{Name: name, In: "path", Type: "string", About: about}
}
