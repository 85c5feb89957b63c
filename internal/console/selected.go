package console

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
)

// filterMark is before a filter that the console has put in words: without any
// words it is every device, and not a filter that nobody has put in words.
const filterMark = "?"

// A selected is what named the devices of an order, as pages show it.
type selected struct {
	control.Selection
	GroupName string // empty if the group is gone, or not for this person
	Words     filter
	Chips     []chip // the filter in words; none if it is not known
	Counted   bool   // whether it is known how many it applied to
	Apply     int
}

// List is the path of the devices that the filter selects now; empty if no list
// asks for the same.
func (s selected) List() string {
	if len(s.Words.said) == 0 {
		return ""
	}
	return listing{Filter: s.Words}.Path()
}

func (v *visit) selectedBy(p reeve.Proposal) (selected, error) {
	s, err := v.view.Selection(p)
	if err != nil {
		return selected{}, err
	}
	return v.selected(s)
}

func (v *visit) selectedFor(job reeve.Job) (selected, error) {
	s, err := v.view.JobSelection(v.Context(), job.ID)
	if err != nil {
		return selected{}, err
	}
	return v.selected(s)
}

// selected puts a selection in words.
func (v *visit) selected(s control.Selection) (out selected, err error) {
	out.Selection = s
	out.All = s.All || s.Filter == filterMark
	if s.Applies != nil {
		out.Counted, out.Apply = true, *s.Applies
	}
	if s.Group != "" {
		if out.GroupName, err = v.groupName(s.Group); err != nil {
			return out, err
		}
	}
	terms := s.Terms
	if words, ours := strings.CutPrefix(s.Filter, filterMark); ours {
		if asked, err := parseFilter(words); err == nil { // else of words that there are no more
			terms, out.Words, out.More = asked.terms(), asked, 0
		}
	} else if asked, ok := filterOf(terms); ok && s.More == 0 {
		out.Words = asked
	}
	out.Chips, err = v.chips(terms)
	return out, err
}

// chips puts what a filter asks for in words.
func (v *visit) chips(terms []control.Term) (all []chip, err error) {
	for _, term := range terms {
		text, err := v.term(term)
		if err != nil {
			return nil, err
		}
		all = append(all, chip{Field: term.Field, Text: text})
	}
	return all, nil
}

// groupName returns what a group is called, empty if it is gone, or not for this
// person. A page asks for each once.
func (v *visit) groupName(id string) (string, error) {
	if name, known := v.groups[id]; known {
		return name, nil
	}
	group, err := v.view.Group(v.Context(), id)
	if err != nil && reeve.KindOf(err) != reeve.NotFound {
		return "", err
	}
	if v.groups == nil {
		v.groups = map[string]string{}
	}
	v.groups[id] = group.Name
	return group.Name, nil
}

// term puts what a term asks for in words.
func (v *visit) term(term control.Term) (string, error) {
	if term.Field == "group" {
		name, err := v.groupName(term.Word)
		return cmp.Or(name, term.Word, v.words.say("devices.filters.group.other")), err
	}
	if t, err := time.Parse(time.RFC3339, term.Word); err == nil {
		return at(t).Text, nil
	}
	if term.Field == "q" {
		return term.Word, nil
	}
	return v.words.or(term.Word, "devices.filters."+term.Field+"."+term.Word), nil
}

// terms are the words of a filter, field by field.
func (f filter) terms() (terms []control.Term) {
	for _, field := range filterFields {
		for _, word := range f.said[field.name] {
			terms = append(terms, control.Term{Field: field.name, Word: word})
		}
	}
	return terms
}

// filterOf is the filter of the list that asks for the same, if there is one.
func filterOf(terms []control.Term) (filter, bool) {
	said := url.Values{}
	for _, term := range terms {
		said.Add(term.Field, term.Word)
	}
	asked, err := parseFilter(said.Encode())
	return asked, err == nil && len(terms) > 0
}
