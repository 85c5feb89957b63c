package cmapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"reeve"
	"reeve/internal/door"
)

// searchedNames are the values of in. The page has only name for certain, which
// one of its copies makes the default; the others are Reeve's.
var searchedNames = map[string][]reeve.DeviceName{
	"name":     {reeve.InHostname, reeve.InNickname},
	"hostname": {reeve.InHostname},
	"nickname": {reeve.InNickname},
	"mac":      {reeve.InMAC},
	"ip":       {reeve.InAddress},
	"user":     {reeve.InUser},
	"hwid":     {reeve.InID},
}

// listedSearch is what a result of Search Devices lacks of deviceV2.
var listedSearch = append(lacks{"agent_type"}, listedV2...)

// Source: "Search Devices" v2.1 of the OAuth API manual.
func (a *api) deviceSearchRoutes() []door.Route {
	return []door.Route{{
		Method: "GET", Path: at("v2.1", "devices/search"), Scope: reeve.Read, Rate: "devices/search", Serve: a.searchDevices,
		Page: &door.Page{
			Family: "Search Devices", Version: "2.1", Source: "Search Devices v2.1",
			About: "Finds devices by a part of a name, newest record first, a page by number.",
			Inputs: []door.Field{
				{Name: "q", In: "query", Type: "string", About: "what to look for, in any case: 3 to 100 characters. Several words, with + or a blank between them, must all be in the names of in, in any order"},
				{Name: "in", In: "query", Type: "string", About: "name (default): hostname or nickname. Reeve also knows hostname, nickname, mac, ip, user and hwid, several with commas; MAC addresses and ids are compared from their beginning"},
				{Name: "limit", In: "query", Type: "int", About: "devices on a page, 1 to 50; default 10"},
				{Name: "page", In: "query", Type: "int", About: "number of the page, from 1; default 1"},
				{Name: "agent_type", In: "query", Type: "string", Unknown: "ignored, as the page says since 01/30/2018"},
			},
			Answer: slices.Concat(
				[]door.Field{{Name: "total_count", Type: "int", About: "devices that fit, on all pages"}},
				fieldsUnder("results[].", fieldsV2, listedSearch)),
			Codes: pageCodes,
		},
	}}
}

// The published bounds on q, in characters.
const (
	minSearch = 3
	maxSearch = 100
)

// searchDevices serves Search Devices.
func (a *api) searchDevices(w http.ResponseWriter, r *door.Request) error {
	q := r.URL.Query()
	query, err := readPage(q, 10, maxPaged)
	if err != nil {
		return err
	}
	wanted, err := only(q, "q")
	if err != nil {
		return err
	}
	in, err := only(q, "in")
	if err != nil {
		return err
	}
	words := wordsOf(wanted)
	if n := utf8.RuneCountInString(wanted); n < minSearch || n > maxSearch || len(words) == 0 {
		return reeve.Errorf(reeve.Invalid, "q must have %d to %d characters, not only blanks", minSearch, maxSearch)
	}
	query.Search, query.And = words[0], words[1:]
	if query.In, err = readNames(in); err != nil {
		return err
	}
	query.Desc = true
	devices, err := a.pageOf(r, query)
	if err != nil {
		return err
	}
	total, err := a.Devices.CountFound(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, struct {
		TotalCount int64      `json:"total_count"`
		Results    []deviceV2 `json:"results"`
	}{total, a.lens(r.Account).listV2(devices, listedSearch)})
}

// wordsOf are the words of q, the longest first: it is in the fewest names. A plus
// is a blank in a query; some programs escape it.
func wordsOf(q string) []string {
	words := strings.FieldsFunc(q, func(r rune) bool { return r == '+' || unicode.IsSpace(r) })
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(words)
}

// readNames reads in, which may hold several words.
func readNames(in string) ([]reeve.DeviceName, error) {
	if in == "" {
		in = "name"
	}
	var names []reeve.DeviceName
	for _, word := range strings.Split(in, ",") {
		meant, known := searchedNames[word]
		if !known {
			return nil, errWord("in", word, searchedNames)
		}
		names = append(names, meant...)
	}
	return names, nil
}
