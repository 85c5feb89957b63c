package action

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// An Ask says how a person is asked for a parameter, wherever a form is drawn of
// the catalogue.
type Ask struct {
	Kind AskKind
	// Choices are what to choose from, as JSON or as a bare word: all there is for
	// One and Many, the usual ones for Hours. An empty one leaves the parameter out.
	Choices  []string
	Min, Max int64  // of Hours
	Most     int    // bytes of a Text, elements of Lines
	Default  string // what the form has at first, spelt as a choice
	When     string // NAME=CHOICE of the parameter without which this one means nothing; empty for always
}

// AskKind is the sort of field that a form has for a parameter.
type AskKind string

// The kinds.
const (
	Text    AskKind = "text"  // a line, left out if it is empty
	Flag    AskKind = "flag"  // yes, or left out
	One     AskKind = "one"   // one of the choices
	Many    AskKind = "many"  // any of the choices, as a list
	Hours   AskKind = "hours" // a whole number of hours, 0 for ever
	InGroup AskKind = "group" // the id of a group, or DefaultGroup
	Lines   AskKind = "lines" // a list with one element a line
)

// Fill makes params of what somebody filled in, by name of the parameter. What
// depends on a choice that was not made is left out. It is checked as the params
// of any request are.
func (d Definition) Fill(form map[string][]string) (json.RawMessage, error) {
	params := map[string]json.RawMessage{}
	for _, p := range d.Params {
		if name, choice, depends := strings.Cut(p.Ask.When, "="); depends && !slices.Contains(form[name], choice) {
			continue
		}
		value, err := p.fill(form[p.Name])
		if err != nil {
			return nil, err
		}
		if value != nil {
			params[p.Name] = value
		}
	}
	return d.Check(must(params))
}

// fill returns the value of one parameter, nil if it is left out.
func (p Param) fill(said []string) (json.RawMessage, error) {
	first := ""
	if len(said) > 0 {
		first = strings.TrimSpace(said[0])
	}
	switch p.Ask.Kind {
	case Many:
		for _, one := range said {
			if !slices.Contains(p.Ask.Choices, one) {
				return nil, p.refuse()
			}
		}
		return json.RawMessage("[" + strings.Join(said, ",") + "]"), nil
	case Lines:
		return must(strings.Fields(strings.Join(said, "\n"))), nil
	}
	if first == "" {
		return nil, nil
	}
	switch p.Ask.Kind {
	case One:
		if !slices.Contains(p.Ask.Choices, first) {
			return nil, p.refuse()
		}
		if !json.Valid([]byte(first)) {
			return must(first), nil
		}
		return json.RawMessage(first), nil
	case Flag:
		return json.RawMessage("true"), nil
	case Hours:
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil || n < p.Ask.Min || n > p.Ask.Max {
			return nil, p.refuse()
		}
		return must(n), nil
	}
	return must(first), nil
}
