package console

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// A check is what an order would do, and what its person has to do for it.
type check struct {
	control.Preview
	Now      int       // devices that it would be ordered on now: those that it applies to, without any that it skips
	Reasons  []counted // why not on the others
	Named    []control.Exclusion
	Type     bool // whether the number is to be typed
	Action   string
	Restores bool
	Undoes   bool
	Agent    bool // whether agents do the work
}

// A counted is a reason with the number of devices that it keeps out.
type counted struct {
	Reason reeve.Reason
	N      int
}

// namedExclusions is how many devices a check names that the order passes by.
const namedExclusions = 20

// check looks what the order would do.
func (c *console) check(v *visit, a acting) (*check, error) {
	var p control.Preview
	var err error
	switch {
	case a.Subject.Retry.ID != 0:
		p, err = c.Rules.PreviewRetry(v.Context(), v.Caller, a.Subject.Retry.ID, nil, a.order)
	case a.Subject.Undo.ID != 0:
		p, err = c.Rules.PreviewUndo(v.Context(), v.Caller, a.Subject.Undo.ID, a.order)
	default:
		p, err = c.Rules.Preview(v.Context(), v.Caller, a.order)
	}
	if err != nil {
		return nil, err
	}
	out := checkOf(p, a.Def)
	out.Type = p.Confirm || a.Def.Destructive
	out.Restores, out.Undoes = a.Restores(), a.Subject.Undo.ID != 0
	return out, nil
}

func checkOf(p control.Preview, def action.Definition) *check {
	out := &check{Preview: p, Now: p.Tally[reeve.NoReason], Agent: def.Agent, Action: def.Name}
	for reason, n := range p.Tally {
		if reason != reeve.NoReason {
			out.Reasons = append(out.Reasons, counted{reason, n})
		}
	}
	slices.SortFunc(out.Reasons, func(a, b counted) int { return cmp.Or(b.N-a.N, int(a.Reason)-int(b.Reason)) })
	out.Named = p.Excluded[:min(len(p.Excluded), namedExclusions)]
	return out
}

// More is how many devices are passed by that are not named.
func (c check) More() int { return len(c.Excluded) + c.ExcludedMore - len(c.Named) }

// previewOrder is the second step: the order in words, and below it what it would
// do, which loads by itself as it may take a while.
func (c *console) previewOrder(v *visit) (*page, error) {
	a, form, err := c.fill(v)
	if form != nil || err != nil {
		return form, err
	}
	p := c.confirm(v, &a)
	if v.moveOn("act/preview", a.Kept) {
		return nil, nil
	}
	if v.Form.Has("now") { // without scripts the page brings it along
		if a.Check, err = c.check(v, a); err != nil {
			return again(p, err)
		}
		p.data = a
	}
	return p, nil
}

// confirm is the page of the second step.
func (c *console) confirm(v *visit, a *acting) *page {
	a.Key = cmp.Or(a.Key, rand.Text())
	v.Form.Set("key", a.Key)
	a.Kept = keep(v.Form, false)
	a.Change = address("act", a.Kept)
	return &page{name: "act_confirm", title: "act.titled", args: []any{v.words.action(a.Def.Name)}, data: *a}
}

// checkOrder answers with what the second step shows of what the order would do.
func (c *console) checkOrder(v *visit) (*page, error) {
	a, form, err := c.fill(v)
	if form != nil || err != nil {
		return form, err
	}
	found, err := c.check(v, a)
	if reeve.KindOf(err) == reeve.Internal && err != nil {
		return nil, err
	}
	if err != nil {
		return v.part("act_confirm", "refused", v.words.fault(err))
	}
	return v.part("act_confirm", "check", found)
}

// placeOrder is the last step: the order is placed, or proposed where a second
// person has to agree. Sent twice it is carried out once.
func (c *console) placeOrder(v *visit) (*page, error) {
	a, form, err := c.fill(v)
	if form != nil || err != nil {
		return form, err
	}
	o := a.order
	o.Propose = v.Form.Get("propose") != ""
	o.Key, o.Route, o.Body = a.Key, "POST "+Prefix+"act/place", v.sameOrder()
	o.Expect, o.ExpectApplies = v.seen("expect"), v.seen("applies")
	if err = c.confirmed(v, a, o); err == nil {
		var placed control.Placement
		if placed, err = c.order(v, a, o); err == nil {
			return v.ordered(a, placed)
		}
	}
	p := c.confirm(v, &a)
	found, failed := c.check(v, a)
	if failed != nil { // which says more than that it was not confirmed
		return again(p, failed)
	}
	a.Check = found
	p.data = a
	return again(p, err)
}

// sameOrder recognises what is ordered, whatever has become of its numbers since:
// who goes back and sends it again is led to what came of it.
func (v *visit) sameOrder() [32]byte {
	said := url.Values{"propose": v.Form["propose"]}
	for _, f := range keep(v.Form, false) {
		said.Add(f.Name, f.Value)
	}
	return sha256.Sum256([]byte(said.Encode()))
}

// confirmed reports whether the person has said as much as the order needs.
func (c *console) confirmed(v *visit, a acting, o control.Order) error {
	account, err := v.view.Account(v.Context())
	if err != nil {
		return err
	}
	if o.Key == "" || o.Expect == 0 || o.ExpectApplies == 0 {
		return reeve.Errorf(reeve.Invalid, "look at what the order would do before you place it")
	}
	if !a.Def.Destructive && int64(o.Expect) < control.Effective(account.Settings).ConfirmAbove {
		return nil
	}
	if !typed(v.Form.Get("typed"), v.seen("meant")) {
		return reeve.Errorf(reeve.Invalid, "type the number of devices that the order is placed on, to confirm that so many are meant")
	}
	return nil
}

// seen reads a number of devices that the person was shown, 0 if there is none.
func (v *visit) seen(field string) int {
	n, err := strconv.Atoi(v.Form.Get(field))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// typed reports whether somebody typed a number, which is not 0.
func typed(text string, n int) bool {
	return n != 0 && regexp.MustCompile("^"+typedAs(n)+"$").MatchString(text)
}

// typedAs is the pattern, for browsers and for the server, of how people type a
// number that they see: its digits, with or without what sets thousands apart in
// any language, and with space around.
func typedAs(n int) string {
	const space = " \t\u00a0\u2009\u202f"
	digits := strconv.Itoa(n)
	grouped := digits[:(len(digits)-1)%3+1]
	for rest := digits[len(grouped):]; rest != ""; rest = rest[3:] {
		grouped += "[.,'’" + space + "]?" + rest[:3]
	}
	return "[" + space + "]*" + grouped + "[" + space + "]*"
}

func (c *console) order(v *visit, a acting, o control.Order) (control.Placement, error) {
	switch {
	case a.Subject.Retry.ID != 0:
		return c.Rules.Retry(v.Context(), v.Caller, a.Subject.Retry.ID, nil, o)
	case a.Subject.Undo.ID != 0:
		return c.Rules.Undo(v.Context(), v.Caller, a.Subject.Undo.ID, o)
	}
	return c.Rules.Place(v.Context(), v.Caller, o)
}

// ordered goes on to what came of the order.
func (v *visit) ordered(a acting, p control.Placement) (*page, error) {
	switch {
	case p.Repeated && p.Proposal != nil:
		return v.done("approvals/"+p.Proposal.ID.String(), "act.already")
	case p.Repeated:
		return v.done("jobs/"+p.Job.ID.String(), "act.already")
	case p.Proposal != nil:
		return v.done("approvals/"+p.Proposal.ID.String(), "act.proposed")
	case a.Restores():
		return v.done("jobs/"+a.Subject.Undo.ID.String(), "act.restored", len(p.Restored))
	}
	path, targets := "jobs/"+p.Job.ID.String(), int64(p.Job.Targets)
	if outside := p.Job.Counts[reeve.NotApplicable]; outside > 0 {
		return v.done(path, "act.placed_part", targets-outside, targets)
	}
	return v.done(path, "act.placed", targets)
}
