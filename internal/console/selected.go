package console

import (
	"strings"

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

// List is the path of the devices that the filter selects now.
func (s selected) List() string { return listing{Filter: s.Words}.Path() }

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
		if group, err := v.view.Group(v.Context(), s.Group); err == nil {
			out.GroupName = group.Name
		}
	}
	if words, ours := strings.CutPrefix(s.Filter, filterMark); ours {
		known := error(nil)
		if out.Words, known = parseFilter(words); known == nil { // else of words that there are no more
			_, out.Chips, err = v.describeFilter(listing{Filter: out.Words})
		}
	}
	return out, err
}
