package api

import (
	"net/http"
	"slices"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (a *api) operatorRoutes() []door.Route {
	const x = reeve.Admin
	return []door.Route{
		about(own("GET", "/operators", x, "", a.operators), &door.Page{
			About:  "Lists the operators of the account by name: the people who sign in.",
			Inputs: door.None,
			Answer: listOf(operatorFields),
		}),
		about(own("POST", "/operators", x, "operator_created", a.createOperator), &door.Page{
			About: "Creates an operator. A password that the server made is in this answer and nowhere else.",
			Inputs: []door.Field{
				{Name: "name", In: "body", Type: "string", About: "1 to 64 characters without slashes, unique on the server"},
				{Name: "role", In: "body", Type: "string", About: "in the whole account: viewer (sees), operator (sees and acts), administrator (everything) or auditor (sees, and reads the log)"},
				{Name: "groups", In: "body", Type: "array of object", About: "roles in single groups, besides the one in the account or in its place"},
				{Name: "groups[].group", In: "body", Type: "string", About: "id of the group"},
				{Name: "groups[].role", In: "body", Type: "string", About: "one of the same roles"},
				{Name: "scopes", In: "body", Type: "array of string", About: "in the place of role: exactly the scopes of one, or read, write and admin for administrator"},
				{Name: "password", In: "body", Type: "string", About: "12 characters or more, at most 1,024 bytes; without one the server makes it"},
			},
			Answer: slices.Concat(operatorFields, passwordField),
			Codes:  map[int]string{201: "it was created", 409: "the name is taken"},
			Notes:  []string{"Neither role nor groups may allow what the caller lacks."},
		}),
		about(own("PATCH", "/operators/{name}", x, "operator_changed", a.changeOperator), &door.Page{
			About: "Changes an operator; what is not sent stays. A new password ends the tokens of apps that the operator authorised.",
			Inputs: append(operatorName[:len(operatorName):len(operatorName)],
				door.Field{Name: "role", In: "body", Type: "string", About: "the new one in the account, empty to take it away; tokens that the operator authorised follow"},
				door.Field{Name: "groups", In: "body", Type: "array of object", About: "the new roles in single groups, in the place of all that there were"},
				door.Field{Name: "groups[].group", In: "body", Type: "string", About: "id of the group"},
				door.Field{Name: "groups[].role", In: "body", Type: "string", About: "viewer, operator, administrator or auditor"},
				door.Field{Name: "scopes", In: "body", Type: "array of string", About: "in the place of role, as when an operator is created"},
				door.Field{Name: "password", In: "body", Type: "string", About: "the new one; an empty text has the server make it"},
				door.Field{Name: "provider_name", In: "body", Type: "string", About: "by which the OpenID provider names the operator as long as the two are not linked, at most 255 bytes; empty if it is the operator's name"}),
			Answer: slices.Concat(operatorFields, passwordField),
			Codes:  map[int]string{404: "there is no such operator in this account", 409: "no administrator would be left, or another operator has that name at the provider"},
			Notes:  []string{"Neither what the operator was allowed nor what he will be may exceed the caller's scopes."},
		}),
		about(own("DELETE", "/operators/{name}", x, "operator_removed", a.removeOperator), &door.Page{
			About:  "Removes an operator and ends the tokens of apps that the operator authorised.",
			Inputs: operatorName,
			Answer: door.None,
			Codes:  map[int]string{204: "it was removed", 404: "there is no such operator in this account", 409: "no administrator would be left"},
		}),
	}
}

var (
	operatorName = []door.Field{{Name: "name", In: "path", Type: "string", About: "name of the operator"}}

	operatorFields = []door.Field{
		{Name: "name", Type: "string"},
		{Name: "role", Type: "string", About: "in the whole account; absent for an operator with roles in groups only"},
		{Name: "groups", Type: "array of object", About: "roles in single groups; absent if there are none"},
		{Name: "groups[].group", Type: "string", About: "id of the group"},
		{Name: "groups[].role", Type: "string"},
		{Name: "scopes", Type: "array of string", About: "what the role in the account allows"},
		{Name: "provider_name", Type: "string", About: "by which the OpenID provider names the operator as long as the two are not linked; absent if it is the operator's name"},
		{Name: "created", Type: "string", About: "RFC 3339, UTC"},
	}

	passwordField = []door.Field{{Name: "password", Type: "string", About: "the one that the server made, shown only now; absent if the caller chose it or it stayed"}}
)

func shapeOperator(o reeve.Operator) client.Operator {
	out := client.Operator{Name: o.Name, Role: o.Role.String(), Scopes: stringsOf(o.Role.Scopes()), Provider: o.Expected, Created: o.Created}
	for _, g := range o.Groups {
		out.Groups = append(out.Groups, client.GroupRole{Group: g.GroupID, Role: g.Role.String()})
	}
	return out
}

// roleOf reads a role of the account, which may be given as its scopes.
func roleOf(word string, scopes []string) (reeve.Role, error) {
	role, ok := reeve.NoRole, true
	switch {
	case word != "" && len(scopes) > 0:
		return role, reeve.Errorf(reeve.Invalid, "give either role or scopes, which say the same")
	case word != "":
		role, ok = reeve.ParseRole(word)
	case len(scopes) > 0:
		if role, ok = reeve.RoleWith(scopesOf(scopes)); !ok {
			return role, reeve.Errorf(reeve.Invalid, "these are not the scopes of a role; give a role instead: viewer, operator, administrator or auditor")
		}
	}
	if !ok {
		return role, reeve.Errorf(reeve.Invalid, "%.40q is not a role; choose from viewer, operator, administrator and auditor", word)
	}
	return role, nil
}

func groupRolesOf(given []client.GroupRole) ([]reeve.GroupRole, error) {
	var roles []reeve.GroupRole
	for _, g := range given {
		role, err := roleOf(g.Role, nil)
		if err != nil {
			return nil, err
		}
		roles = append(roles, reeve.GroupRole{GroupID: g.Group, Role: role})
	}
	return roles, nil
}

func (a *api) operators(w http.ResponseWriter, r *door.Request) error {
	operators, err := a.Store.Operators(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	return whole(w, operators, shapeOperator)
}

func (a *api) createOperator(w http.ResponseWriter, r *door.Request) error {
	var want client.NewOperator
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	role, err := roleOf(want.Role, want.Scopes)
	if err != nil {
		return err
	}
	groups, err := groupRolesOf(want.Groups)
	if err != nil {
		return err
	}
	o, password, err := a.Rules.CreateOperator(r.Context(), r.Caller, reeve.Operator{Name: want.Name, Role: role, Groups: groups}, want.Password)
	if err != nil {
		return err
	}
	return withPassword(w, http.StatusCreated, o, password)
}

func withPassword(w http.ResponseWriter, status int, o reeve.Operator, password string) error {
	out := shapeOperator(o)
	out.Password = password
	return door.Write(w, status, out)
}

func (a *api) changeOperator(w http.ResponseWriter, r *door.Request) error {
	var want client.OperatorChange
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	change := control.OperatorChange{Password: want.Password, Expected: want.Provider}
	if want.Role != nil || want.Scopes != nil {
		role, err := roleOf(valueOf(want.Role), valueOf(want.Scopes))
		if err != nil {
			return err
		}
		change.Role = &role
	}
	if want.Groups != nil {
		groups, err := groupRolesOf(*want.Groups)
		if err != nil {
			return err
		}
		change.Groups = &groups
	}
	o, password, err := a.Rules.ChangeOperator(r.Context(), r.Caller, r.PathValue("name"), change)
	if err != nil {
		return named(err, "operator")
	}
	return withPassword(w, http.StatusOK, o, password)
}

// valueOf is the zero value for what was not sent.
func valueOf[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}

func (a *api) removeOperator(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RemoveOperator(r.Context(), r.Caller, r.PathValue("name")), "operator"))
}
