package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) actRoutes() []door.Route {
	return []door.Route{
		c.see("act", reeve.Write, c.act),
		c.change("act", reeve.Write, "", keptForBack(c.act)),
		c.see("act/preview", reeve.Write, c.previewOrder),
		c.change("act/preview", reeve.Write, "", keptForBack(c.previewOrder)),
		c.change("act/check", reeve.Write, "", c.checkOrder),
		c.change("act/place", reeve.Write, "job_placed", keptForBack(c.placeOrder)),
	}
}

// A subject is what names the devices of an order; one of them does.
type subject struct {
	IDs    []string
	Device *reeve.Device // of a single id
	Filter *filter       // everything that it selects
	Chips  []chip        // the filter in words
	Group  reeve.Group
	Retry  reeve.Job // its devices without success
	Undo   reeve.Job // its devices with success

	Limited bool // the person sees some groups only
}

// An acting is an order as a person fills it in, step by step. Each step brings
// along what the steps before it asked for.
type acting struct {
	Subject subject
	Actions []action.Definition // to choose from, until one is chosen
	Def     action.Definition
	Params  []question
	Said    []param // the parameters in words, once they are filled in
	Comment string
	Away    string // "queue" or "skip"
	Key     string // recognises the order if it is sent again
	Kept    []kept // fields of the steps before this one
	Change  string // where they can be changed; empty if that has no address
	Check   *check // what came of looking, where the page has looked itself

	RequireComment bool
	order          control.Order
}

// Restores reports whether deleted devices are to come back, which takes no order.
func (a acting) Restores() bool { return a.Def.Name == action.Restore }

// A kept is a field that a form carries along.
type kept struct{ Name, Value string }

// readActing reads the fields that every step has. A GET has them in its address.
func (c *console) readActing(v *visit) (acting, error) {
	if err := v.form(); err != nil {
		return acting{}, err
	}
	account, err := v.view.Account(v.Context())
	if err != nil {
		return acting{}, err
	}
	a := acting{
		Comment: strings.TrimSpace(v.Form.Get("comment")), Away: v.Form.Get("away"), Key: v.Form.Get("key"),
		RequireComment: account.Settings.RequireComment,
	}
	if a.Away != "skip" {
		a.Away = "queue"
	}
	if a.Subject, err = v.readSubject(); err != nil {
		return a, err
	}
	return a, a.chooseAction(v.Form.Get("action"))
}

// chooseAction finds the action: the one that was chosen, or the only one that
// the subject leaves.
func (a *acting) chooseAction(name string) error {
	switch {
	case a.Subject.Retry.ID != 0:
		name = a.Subject.Retry.Action
	case a.Subject.Undo.ID != 0:
		def, _ := action.Lookup(a.Subject.Undo.Action)
		if def.Opposite == "" {
			return reeve.Errorf(reeve.Conflict, "this job cannot be undone: its action has no opposite")
		}
		if name = def.Opposite; name == action.Restore {
			a.Def = action.Definition{Name: action.Restore, Title: "Restore deleted devices"}
			return nil
		}
	}
	if name == "" {
		if a.Actions = orderable(); a.Subject.Device != nil {
			a.Actions = actionsOn(*a.Subject.Device)
		}
		return nil
	}
	def, ok := action.Lookup(name)
	if !ok || !def.OfferedIn(action.Own) {
		return reeve.Errorf(reeve.Invalid, "there is no such action to choose; go back and choose another")
	}
	a.Def = def
	return nil
}

// readSubject finds out which devices the form means.
func (v *visit) readSubject() (s subject, err error) {
	switch {
	case v.Form.Get("retry") != "":
		s.Retry, err = v.findJob(v.Form.Get("retry"))
	case v.Form.Get("undo") != "":
		s.Undo, err = v.findJob(v.Form.Get("undo"))
	case v.Form.Has("filter"):
		var f filter
		if f, err = parseFilter(v.Form.Get("filter")); err == nil {
			s.Filter = &f
			s.Chips, err = v.chips(f.terms())
			reach, _ := control.AllowSome(v.Caller, reeve.Read)
			s.Limited = !reach.All
		}
	case v.Form.Get("group") != "":
		s.Group, err = v.view.Group(v.Context(), v.Form.Get("group"))
	default:
		s.IDs = v.Form["id"]
		if len(s.IDs) == 0 {
			return s, reeve.Errorf(reeve.Invalid, "no device is chosen; go to the devices and choose some, or everything that matches a filter")
		}
		if len(s.IDs) == 1 {
			var d reeve.Device
			d, err = v.view.Device(v.Context(), s.IDs[0])
			s.Device = &d
		}
	}
	return s, err
}

// steps are the fields that go from step to step, beside those of parameters.
var steps = []string{"retry", "undo", "filter", "group", "id", "action", "comment", "away", "key", "now"}

// paramField is how the fields of parameters begin.
const paramField = "param."

// keep lists the fields of a form, so that the next step has them too, or of
// those alone that name the devices.
func keep(form url.Values, subjectOnly bool) (all []kept) {
	names := steps
	if subjectOnly {
		names = steps[:5]
	} else {
		for name := range form {
			if strings.HasPrefix(name, paramField) {
				names = append(slices.Clip(names), name)
			}
		}
	}
	for _, name := range names {
		if name == "id" && form.Has("filter") { // rows that were chosen beside "everything that matches"
			continue
		}
		for _, value := range form[name] {
			all = append(all, kept{name, value})
		}
	}
	return all
}

// act is the first step: which action, with which parameters.
func (c *console) act(v *visit) (*page, error) {
	a, err := c.readActing(v)
	if err != nil || v.moveOn("act", keep(v.Form, false)) {
		return nil, err
	}
	return c.askFor(v, a)
}

// askFor shows the form of the first step, with what was filled in before.
func (c *console) askFor(v *visit, a acting) (*page, error) {
	a.Kept = keep(v.Form, true)
	var err error
	if a.Params, err = v.ask(a.Def); err != nil {
		return nil, err
	}
	p := &page{name: "act", title: "act.title", data: a}
	if a.Def.Name != "" {
		p.title, p.args = "act.titled", []any{v.words.action(a.Def.Name)}
	}
	return p, nil
}

// fill reads what the first step asked for. A fault shows its form again.
func (c *console) fill(v *visit) (acting, *page, error) {
	a, err := c.readActing(v)
	if err != nil {
		return a, nil, err
	}
	if a.Def.Name == "" {
		form, err := c.askFor(v, a)
		return a, form, err
	}
	if err = v.fixHours(a.Def); err == nil {
		err = a.makeOrder(v)
	}
	if err != nil {
		form, failed := c.askFor(v, a)
		if failed != nil {
			return a, nil, failed
		}
		form, err = again(form, err)
		return a, form, err
	}
	return a, nil, nil
}

// makeOrder makes the order of what was filled in.
func (a *acting) makeOrder(v *visit) (err error) {
	o := control.Order{Action: a.Def.Name, Comment: a.Comment, SkipAway: a.Away == "skip", Group: a.Subject.Group.ID, IDs: a.Subject.IDs}
	if a.Subject.Filter != nil {
		q := a.Subject.Filter.query(v.Account)
		o.Filter, o.FilterWords = &q, filterMark+a.Subject.Filter.String()
	}
	if a.RequireComment && a.Comment == "" {
		return reeve.Errorf(reeve.Invalid, "this account wants a comment with every order; say why it is placed")
	}
	if a.Subject.Retry.ID != 0 {
		o.Params = a.Subject.Retry.Params
	} else if o.Params, err = a.Def.Fill(paramsOf(v.Form)); err != nil {
		return err
	}
	a.order, a.Said = o, v.params(a.Def.Name, o.Params, time.Now())
	return nil
}

// paramsOf takes the fields of parameters out of a form, by their names.
func paramsOf(form url.Values) map[string][]string {
	out := map[string][]string{}
	for field, said := range form {
		if name, ok := strings.CutPrefix(field, paramField); ok {
			out[name] = said
		}
	}
	return out
}
