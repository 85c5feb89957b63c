package control

import (
	"context"
	"encoding/json"
	"slices"

	"reeve"
)

// A Selection is what named the devices of an order, for people who decide on it
// or look back. One of its fields is set, what only says more aside; none if nobody knows any
// more, as of jobs from before it was kept.
type Selection struct {
	All      bool        `json:"all,omitempty"`
	Group    string      `json:"group,omitempty"`    // public id
	Filtered bool        `json:"filtered,omitempty"` // everything that a filter selected
	Filter   string      `json:"filter,omitempty"`   // the filter, where its door put it in words
	Terms    []Term      `json:"terms,omitempty"`    // the filter, as control reads it
	More     int         `json:"more,omitempty"`     // terms that are left out, of a filter with very much to say
	Within   bool        `json:"within,omitempty"`   // of that, the groups of who asked
	Named    int         `json:"named,omitempty"`    // ids or MACs
	First    []string    `json:"-"`                  // of a proposal, the first of them
	RetryOf  reeve.JobID `json:"-"`
	UndoOf   reeve.JobID `json:"-"`
	Deletion reeve.JobID `json:"-"` // of an order to retire, see there
	Applies  *int        `json:"-"` // devices of a proposal that it applied to when it was made; nil if nobody knows
	Unread   bool        `json:"-"` // a list has left the order out, which is long: the proposal by itself has it
}

// maxFilterWords is the longest filter in words that is told, in bytes.
const maxFilterWords = 1024

// firstNamed is how many ids or MACs a proposal tells.
const firstNamed = 5

// selection is what names the order's devices, but for other jobs.
func (o Order) selection() Selection {
	s := Selection{All: o.All, Group: o.Group, Filtered: o.Filter != nil, Named: len(o.IDs) + len(o.MACs)}
	s.Within = s.Filtered && o.Filter.Within != nil
	if s.Filtered && len(o.FilterWords) <= maxFilterWords {
		s.Filter = o.FilterWords
	}
	if s.Filtered {
		s.Terms, s.More = firstTerms(termsOf(*o.Filter))
		s.All = len(s.Terms)+s.More == 0
	}
	return s
}

// firstTerms returns the first of the terms, and how many it leaves out.
func firstTerms(terms []Term) ([]Term, int) {
	said := 0
	for i, term := range terms {
		if said += len(term.Field) + len(term.Word); said > maxFilterWords {
			return terms[:i], len(terms) - i
		}
	}
	return terms, 0
}

// Selection returns what names the devices of a proposal that the view has shown.
func (v *View) Selection(o reeve.Proposal) (Selection, error) {
	if len(o.Order) == 0 {
		return Selection{Unread: true}, nil
	}
	var whole proposed
	if err := json.Unmarshal(o.Order, &whole); err != nil {
		return Selection{}, err
	}
	if whole.RetryOf != 0 || whole.UndoOf != 0 {
		return Selection{RetryOf: whole.RetryOf, UndoOf: whole.UndoOf, Applies: whole.Applies}, nil
	}
	s, named := whole.Order.selection(), slices.Concat(whole.Order.IDs, whole.Order.MACs)
	s.First, s.Applies = named[:min(len(named), firstNamed)], whole.Applies
	return s, nil
}

// JobSelection returns what named the devices of a job, as the log has kept it.
func (v *View) JobSelection(ctx context.Context, id reeve.JobID) (Selection, error) {
	job, err := v.Job(ctx, id)
	if err != nil {
		return Selection{}, err
	}
	if job.RetryOf != 0 || job.UndoOf != 0 {
		return Selection{RetryOf: job.RetryOf, UndoOf: job.UndoOf}, nil
	}
	if by := Deletion(job); by != 0 {
		return Selection{Deletion: by}, nil
	}
	rows, err := v.c.store.Log(ctx, v.caller.Account, reeve.LogQuery{Job: id, Events: []string{"job_placed"}, Limit: 1})
	if err != nil || len(rows) == 0 {
		return Selection{}, err
	}
	var kept struct {
		Selected Selection `json:"selected"`
	}
	err = json.Unmarshal([]byte(rows[0].Detail), &kept)
	return kept.Selected, err
}
