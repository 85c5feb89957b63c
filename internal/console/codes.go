package console

import (
	"net/http"
	"strconv"
	"time"

	"reeve"
	"reeve/internal/door"
)

func (c *console) codeRoutes() []door.Route {
	return []door.Route{
		c.see("codes", reeve.Admin, c.codes),
		c.see("codes/new", reeve.Admin, c.newCode),
		c.change("codes", reeve.Admin, "code_created", c.once(always("codes"), c.createCode)),
		c.change("codes/{hash}/revoke", reeve.Admin, "code_revoked", c.revokeCode),
	}
}

// A codesPage lists the registration codes of the account, newest first.
type codesPage struct{ Codes []shownCode }

type shownCode struct {
	reeve.Code
	Group string // its name
	State string // "open", "used", "ended" or "revoked"
}

func (c *console) codes(v *visit) (*page, error) {
	all, err := v.view.Codes(v.Context())
	if err != nil {
		return nil, err
	}
	names, err := groupNames(v)
	if err != nil {
		return nil, err
	}
	shown := codesPage{}
	for i := len(all) - 1; i >= 0; i-- {
		shown.Codes = append(shown.Codes, shownCode{all[i], names[all[i].GroupID], stateOfCode(all[i], time.Now())})
	}
	return &page{name: "codes", title: "codes.title", data: shown}, nil
}

func stateOfCode(code reeve.Code, now time.Time) string {
	switch {
	case !code.Revoked.IsZero():
		return "revoked"
	case !code.Expires.IsZero() && !code.Expires.After(now):
		return "ended"
	case code.Uses > 0 && code.Used >= code.Uses:
		return "used"
	}
	return "open"
}

// maxChoices is how many groups a form offers to choose from.
const maxChoices = 1000

func groupNames(v *visit) (map[string]string, error) {
	groups, err := v.view.Groups(v.Context(), reeve.GroupQuery{Limit: maxChoices, Page: 1, Uncounted: true})
	names := map[string]string{}
	for _, g := range groups {
		names[g.ID] = g.Name
	}
	return names, err
}

// A newCodePage is the form for a registration code.
type newCodePage struct {
	Groups []reeve.Group
	Kinds  []string
	Spec   reeve.Code
	Days   int64
}

func (c *console) newCodeForm(v *visit, spec reeve.Code, days int64) (*page, error) {
	groups, err := v.view.Groups(v.Context(), reeve.GroupQuery{Limit: maxChoices, Page: 1, Uncounted: true})
	shown := newCodePage{Groups: groups, Spec: spec, Days: days}
	for kind := reeve.Persistent; kind <= reeve.DomainController; kind++ {
		shown.Kinds = append(shown.Kinds, kind.String())
	}
	return &page{name: "code_new", title: "codes.new", data: shown}, err
}

func (c *console) newCode(v *visit) (*page, error) {
	return c.newCodeForm(v, reeve.Code{GroupID: v.URL.Query().Get("group")}, 7)
}

// A madeCodePage shows a new code, for the only time, with what to do with it.
type madeCodePage struct {
	Code reeve.Code
	Link string
	Ways []way
}

func (c *console) createCode(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	spec := reeve.Code{Note: v.PostForm.Get("note"), GroupID: v.PostForm.Get("group"), Community: v.PostForm.Has("community")}
	spec.Kind, _ = reeve.ParseAgentKind(v.PostForm.Get("kind"))
	days, err := v.number("days")
	if err == nil {
		spec.Uses, err = v.number("uses")
	}
	if days > 0 {
		spec.Expires = time.Now().AddDate(0, 0, int(min(days, 100_000)))
	}
	var made reeve.Code
	if err == nil {
		made, err = c.Rules.CreateCode(v.Context(), v.Caller, spec)
	}
	if err != nil {
		form, formErr := c.newCodeForm(v, spec, days)
		if formErr != nil {
			return nil, formErr
		}
		return again(form, err)
	}
	ways, err := c.ways(made.Code)
	if err != nil {
		return nil, err
	}
	return &page{name: "code_made", title: "codes.made", data: madeCodePage{made, c.Public + Prefix + "enrol#" + made.Code, ways}}, nil
}

// number reads a field of a form that holds a whole number; without one it is 0.
func (v *visit) number(field string) (int64, error) {
	text := v.PostForm.Get(field)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, door.Refuse(reeve.Invalid, http.StatusBadRequest, "invalid_request", "%s must be a whole number; correct it", v.words.say("codes."+field))
	}
	return n, nil
}

func (c *console) revokeCode(v *visit) (*page, error) {
	if err := c.Rules.RevokeCode(v.Context(), v.Caller, v.PathValue("hash")); err != nil {
		return nil, err
	}
	return v.done("codes", "codes.revoked")
}
