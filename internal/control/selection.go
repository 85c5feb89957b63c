package control

import (
	"context"
	"encoding/json"

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
	Terms    []Term      `json:"terms,omitempty"`    // the filter, as control reads it; none of one with very much to say
	Within   bool        `json:"within,omitempty"`   // of that, the groups of who asked
	Named    int         `json:"named,omitempty"`    // ids or MACs
	RetryOf  reeve.JobID `json:"-"`
	UndoOf   reeve.JobID `json:"-"`
	Applies  *int        `json:"-"` // devices of a proposal that it applied to when it was made; nil if nobody knows
}

// maxFilterWords is the longest filter in words that a log row keeps, in bytes.
const maxFilterWords = 1024

// selection is what names the order's devices, but for other jobs.
func (o Order) selection() Selection {
	s := Selection{All: o.All, Group: o.Group, Filtered: o.Filter != nil, Named: len(o.IDs) + len(o.MACs)}
	s.Within = s.Filtered && o.Filter.Within != nil
	if s.Filtered && len(o.FilterWords) <= maxFilterWords {
		s.Filter = o.FilterWords
	}
	if s.Filtered {
		s.Terms = termsOf(*o.Filter)
		s.All = len(s.Terms) == 0
		said := 0
		for _, term := range s.Terms {
			said += len(term.Field) + len(term.Word)
		}
		if said > maxFilterWords {
			s.Terms = nil
		}
	}
	return s
}

// Selection returns what names the devices of a proposal.
func (v *View) Selection(o reeve.Proposal) (Selection, error) {
	if len(o.Order) == 0 { // of a list, which leaves out those that name very many
		return Selection{Named: o.Targets}, nil
	}
	var whole proposed
	if err := json.Unmarshal(o.Order, &whole); err != nil {
		return Selection{}, err
	}
	s := whole.Order.selection()
	s.RetryOf, s.UndoOf, s.Applies = whole.RetryOf, whole.UndoOf, whole.Applies
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
