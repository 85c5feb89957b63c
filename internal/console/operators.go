package console

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) operatorRoutes() []door.Route {
	return []door.Route{
		c.see("operators", reeve.Admin, c.operators),
		c.see("operators/new", reeve.Admin, c.newOperator),
		c.change("operators", reeve.Admin, "operator_created", c.once(always("operators"), c.createOperator)),
		c.see("operators/{name}", reeve.Admin, c.operator),
		c.change("operators/{name}", reeve.Admin, "operator_changed", c.changeOperator),
		c.change("operators/{name}/password", reeve.Admin, "operator_changed", c.once(func(v *visit) string { return "operators/" + url.PathEscape(v.PathValue("name")) }, c.resetPassword)),
		c.change("operators/{name}/provider", reeve.Admin, "operator_changed", c.changeExpected),
		c.change("operators/{name}/prove", reeve.Admin, "", c.proveForOperator),
		c.change("operators/{name}/factors", reeve.Admin, "second_factor_removed", c.resetFactors),
		c.change("operators/{name}/sessions", reeve.Admin, "sessions_ended", c.endOperatorSessions),
		c.change("operators/{name}/remove", reeve.Admin, "operator_removed", c.removeOperator),
	}
}

// An operatorsPage lists who signs in to the account, and what the roles mean.
type operatorsPage struct {
	Operators []control.OperatorState
	Roles     []reeve.Role
}

// everyRole are the roles to choose from.
var everyRole = []reeve.Role{reeve.RoleViewer, reeve.RoleOperator, reeve.RoleAdministrator, reeve.RoleAuditor}

func (c *console) operators(v *visit) (*page, error) {
	all, err := v.view.OperatorStates(v.Context())
	if err != nil {
		return nil, err
	}
	return &page{name: "operators", title: "operators.title", data: operatorsPage{all, everyRole}}, nil
}

// A rolesForm is where an operator's roles are chosen.
type rolesForm struct {
	Filled filled
	Roles  []reeve.Role
	Rows   []string // numbers of the rows for roles in single groups
	Groups []reeve.Group
}

// freshRows is how many rows without a group a form offers.
const freshRows = 2

func newRolesForm(v *visit, f filled) (rolesForm, error) {
	groups, err := v.view.Groups(v.Context(), reeve.GroupQuery{Limit: maxChoices, Page: 1, Uncounted: true})
	form := rolesForm{Filled: f, Roles: everyRole, Groups: groups}
	free := 0
	for i := 0; free < freshRows; i++ {
		row := strconv.Itoa(i)
		form.Rows = append(form.Rows, row)
		id := f["group."+row]
		if id == "" {
			free++
		} else if !slices.ContainsFunc(groups, func(g reeve.Group) bool { return g.ID == id }) {
			form.Groups = append(form.Groups, reeve.Group{ID: id, Name: id}) // of more groups than a form offers
		}
	}
	return form, err
}

// typedRoles are an operator's roles as they were typed.
func typedRoles(f filled) (reeve.Role, []reeve.GroupRole) {
	whole, _ := reeve.ParseRole(f["role"])
	var some []reeve.GroupRole
	for i := 0; ; i++ {
		row := strconv.Itoa(i)
		id, there := f["group."+row]
		if !there {
			return whole, some
		}
		if id != "" {
			role, _ := reeve.ParseRole(f["role."+row])
			some = append(some, reeve.GroupRole{GroupID: id, Role: role})
		}
	}
}

// A newOperatorPage is the form for an operator.
type newOperatorPage struct {
	Filled filled
	Roles  rolesForm
}

func newOperatorForm(v *visit, f filled) (*page, error) {
	roles, err := newRolesForm(v, f)
	return &page{name: "operator_new", title: "operators.new", data: newOperatorPage{f, roles}}, err
}

func (c *console) newOperator(v *visit) (*page, error) {
	return newOperatorForm(v, filled{"role": reeve.RoleViewer.String(), "way": "link"})
}

// A keyPage shows a password, or a link to choose one, for the only time.
type keyPage struct {
	Name     string
	Password string
	Link     string
	Expires  time.Time // of the link
}

func (c *console) createOperator(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	spec := reeve.Operator{Name: f["name"]}
	spec.Role, spec.Groups = typedRoles(f)
	o, password, err := c.Rules.CreateOperator(v.Context(), v.Caller, spec, "")
	if err != nil {
		return formAgain(err, func() (*page, error) { return newOperatorForm(v, f) })
	}
	if f["way"] == "password" {
		return keyShown("operators.made", keyPage{Name: o.Name, Password: password}), nil
	}
	return c.invite(v, "operators.made", o.Name)
}

func keyShown(title string, p keyPage) *page {
	return &page{name: "operator_key", title: title, data: p}
}

// invite shows a link by which an operator chooses a password.
func (c *console) invite(v *visit, title, name string) (*page, error) {
	secret, expires, err := c.Rules.Invite(v.Context(), v.Caller, name)
	if err != nil {
		return nil, err
	}
	return keyShown(title, keyPage{Name: name, Link: c.Public + Prefix + "first/" + secret, Expires: expires}), nil
}

// An operatorPage is one operator, with where he is signed in.
type operatorPage struct {
	Operator control.OperatorState
	Sessions []reeve.Session
	Roles    rolesForm
	Self     bool   // it is who looks at it
	Prove    bool   // whether the person's password is wanted before anything of how the operator signs in changes
	Provider string // besides here; empty without one
	Expected string // the name there, as it was typed
}

func (c *console) operator(v *visit) (*page, error) { return c.showOperator(v, nil) }

func (c *console) showOperator(v *visit, typed filled) (*page, error) {
	o, err := v.view.OperatorState(v.Context(), v.PathValue("name"))
	if err != nil {
		return nil, err
	}
	shown := operatorPage{Operator: o, Self: v.Caller.Actor == "operator:"+o.Name, Prove: c.proven(v) != nil, Provider: c.Rules.ProviderName(), Expected: o.Expected}
	if typed, again := v.PostForm["expected"]; again {
		shown.Expected = typed[0]
	}
	if shown.Sessions, err = c.Rules.OperatorSessions(v.Context(), v.Caller, o.Name); err != nil {
		return nil, err
	}
	if typed == nil {
		typed = filled{"role": o.Role.String()}
		for i, g := range o.Groups {
			typed["group."+strconv.Itoa(i)], typed["role."+strconv.Itoa(i)] = g.GroupID, g.Role.String()
		}
	}
	if shown.Roles, err = newRolesForm(v, typed); err != nil {
		return nil, err
	}
	return &page{name: "operator", title: "operators.one", args: []any{o.Name}, data: shown}, nil
}

func (c *console) changeOperator(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	role, groups := typedRoles(f)
	name := v.PathValue("name")
	if _, _, err := c.Rules.ChangeOperator(v.Context(), v.Caller, name, control.OperatorChange{Role: &role, Groups: &groups}); err != nil {
		return formAgain(err, func() (*page, error) { return c.showOperator(v, f) })
	}
	return v.done(operatorPath(name), "operators.changed")
}

func operatorPath(name string) string { return "operators/" + url.PathEscape(name) }

// operatorAgain shows an operator's page once more, with what was wrong.
func (c *console) operatorAgain(v *visit, wrong error) (*page, error) {
	return formAgain(wrong, func() (*page, error) { return c.showOperator(v, nil) })
}

// proveForOperator hears that it is still the person who signed in.
func (c *console) proveForOperator(v *visit) (*page, error) {
	if err := c.checkProof(v); err != nil {
		return c.operatorAgain(v, err)
	}
	return v.goTo(operatorPath(v.PathValue("name")))
}

// changeExpected says by what the provider names an operator, and so who may
// sign in there as him.
func (c *console) changeExpected(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name, expected := v.PathValue("name"), v.PostForm.Get("expected")
	err := c.proven(v)
	if err == nil {
		_, _, err = c.Rules.ChangeOperator(v.Context(), v.Caller, name, control.OperatorChange{Expected: &expected})
	}
	if err != nil {
		return c.operatorAgain(v, err)
	}
	return v.done(operatorPath(name), "operators.expectedset")
}

// resetPassword replaces an operator's password at once, or gives out a link by
// which he replaces it himself.
func (c *console) resetPassword(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name := v.PathValue("name")
	if err := c.proven(v); err != nil {
		return c.operatorAgain(v, err)
	}
	if v.PostForm.Get("way") != "password" {
		return c.invite(v, "operators.linkmade", name)
	}
	var made string // an empty password asks for one
	_, made, err := c.Rules.ChangeOperator(v.Context(), v.Caller, name, control.OperatorChange{Password: &made})
	if err != nil {
		return nil, err
	}
	return keyShown("operators.passwordmade", keyPage{Name: name, Password: made}), nil
}

// resetFactors takes away whatever an operator signs in with but his password.
func (c *console) resetFactors(v *visit) (*page, error) {
	if err := c.proven(v); err != nil {
		return c.operatorAgain(v, err)
	}
	o, err := v.view.OperatorState(v.Context(), v.PathValue("name"))
	if err == nil && o.App {
		err = c.Rules.ResetFactor(v.Context(), v.Caller, o.Name)
	}
	if err == nil && o.Passkeys > 0 {
		err = c.Rules.ResetPasskeys(v.Context(), v.Caller, o.Name)
	}
	if err != nil {
		return nil, err
	}
	return v.done(operatorPath(o.Name), "operators.factorsreset")
}

// endOperatorSessions signs an operator out everywhere, or where the form says.
func (c *console) endOperatorSessions(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name := v.PathValue("name")
	if err := c.Rules.EndOperatorSessions(v.Context(), v.Caller, name, v.PostForm.Get("session")); err != nil {
		return nil, err
	}
	return v.done(operatorPath(name), "operators.signedout")
}

func (c *console) removeOperator(v *visit) (*page, error) {
	name := v.PathValue("name")
	if err := c.Rules.RemoveOperator(v.Context(), v.Caller, name); err != nil {
		return nil, err
	}
	return v.done("operators", "operators.removed", name)
}
