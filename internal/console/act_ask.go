package console

import (
	"math"
	"slices"
	"strconv"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// A question is a parameter as a form asks for it.
type question struct {
	action.Param
	Field   string
	Label   string
	Value   string
	Until   string // of Hours: the date that was given instead
	Choices []choice
}

// ask lists the parameters of an action with what was filled in before, or else
// with what a form begins with.
func (v *visit) ask(def action.Definition) (all []question, err error) {
	if v.Form.Get("retry") != "" { // its parameters are those of the job
		return nil, nil
	}
	for _, p := range def.Params {
		a := question{Param: p, Field: paramField + p.Name, Label: v.words.or(v.words.param(def.Name, p.Name), "act.labels."+p.Name), Value: p.Ask.Default}
		said, filled := v.Form[a.Field]
		if filled {
			a.Value = said[0]
		}
		chosen := map[string]bool{a.Value: true}
		for _, one := range said {
			chosen[one] = true
		}
		for _, word := range p.Ask.Choices {
			text := v.words.or(word, "act.choices."+p.Name+"_"+word)
			a.Choices = append(a.Choices, choice{word, text, chosen[word]})
		}
		switch p.Ask.Kind {
		case action.InGroup:
			if a.Choices, err = v.groupChoices(a.Value); err != nil {
				return nil, err
			}
		case action.Hours:
			a.Until = asField(v.Form.Get(a.Field + "_until"))
		}
		all = append(all, a)
	}
	return all, nil
}

func (v *visit) groupChoices(chosen string) (all []choice, err error) {
	groups, err := v.view.Groups(v.Context(), reeve.GroupQuery{Limit: maxGroupChoices, Page: 1, Uncounted: true})
	if err != nil {
		return nil, err
	}
	reach, err := control.AllowSome(v.Caller, reeve.Read)
	usual, offered := v.words.say("params.group_id_default"), reach.All
	for _, g := range groups {
		if g.No == v.Account.DefaultGroup {
			usual, offered = g.Name+" ("+usual+")", true
			if chosen == g.ID {
				chosen = action.DefaultGroup
			}
			continue
		}
		all = append(all, choice{g.ID, g.Name, chosen == g.ID})
	}
	if offered {
		all = slices.Insert(all, 0, choice{action.DefaultGroup, usual, chosen == action.DefaultGroup})
	}
	return all, err
}

// untilDate is what a form says instead of a number of hours, for a date.
const untilDate = "until"

// fixHours puts hours in the place of dates, so that what was previewed is what
// will be placed, however long the person thinks about it.
func (v *visit) fixHours(def action.Definition) error {
	for _, p := range def.Params {
		field := paramField + p.Name
		if p.Ask.Kind != action.Hours || v.Form.Get(field) != untilDate {
			continue
		}
		until, err := readMoment(v.Form.Get(field + "_until"))
		if err != nil {
			return err
		}
		hours := int64(math.Ceil(time.Until(until).Hours()))
		if hours < 1 || hours > p.Ask.Max {
			return reeve.Errorf(reeve.Invalid, "the date must be at least an hour and at most %d hours ahead; choose another", p.Ask.Max)
		}
		v.Form.Set(field, strconv.FormatInt(hours, 10))
	}
	return nil
}
