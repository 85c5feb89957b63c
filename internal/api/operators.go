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
				{Name: "scopes", In: "body", Type: "array of string", About: "one or more of read, write and admin, none that the caller lacks"},
				{Name: "password", In: "body", Type: "string", About: "12 characters or more, at most 1,024 bytes; without one the server makes it"},
			},
			Answer: slices.Concat(operatorFields, passwordField),
			Codes:  map[int]string{201: "it was created", 409: "the name is taken"},
		}),
		about(own("PATCH", "/operators/{name}", x, "operator_changed", a.changeOperator), &door.Page{
			About: "Changes an operator; what is not sent stays. A new password ends the tokens of apps that the operator authorised.",
			Inputs: append(operatorName[:len(operatorName):len(operatorName)],
				door.Field{Name: "scopes", In: "body", Type: "array of string", About: "the new ones; tokens that the operator authorised follow"},
				door.Field{Name: "password", In: "body", Type: "string", About: "the new one; an empty text has the server make it"}),
			Answer: slices.Concat(operatorFields, passwordField),
			Codes:  map[int]string{404: "there is no such operator in this account", 409: "no operator with the scope admin would be left"},
			Notes:  []string{"Neither the scopes that the operator had nor the new ones may exceed the caller's."},
		}),
		about(own("DELETE", "/operators/{name}", x, "operator_removed", a.removeOperator), &door.Page{
			About:  "Removes an operator and ends the tokens of apps that the operator authorised.",
			Inputs: operatorName,
			Answer: door.None,
			Codes:  map[int]string{204: "it was removed", 404: "there is no such operator in this account", 409: "no operator with the scope admin would be left"},
		}),
	}
}

var (
	operatorName = []door.Field{{Name: "name", In: "path", Type: "string", About: "name of the operator"}}

	operatorFields = []door.Field{
		{Name: "name", Type: "string"},
		{Name: "scopes", Type: "array of string"},
		{Name: "created", Type: "string", About: "RFC 3339, UTC"},
	}

	passwordField = []door.Field{{Name: "password", Type: "string", About: "the one that the server made, shown only now; absent if the caller chose it or it stayed"}}
)

func shapeOperator(o reeve.Operator) client.Operator {
	return client.Operator{Name: o.Name, Scopes: stringsOf(o.Scopes), Created: o.Created}
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
	o, password, err := a.Rules.CreateOperator(r.Context(), r.Caller, want.Name, want.Password, scopesOf(want.Scopes))
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
	o, password, err := a.Rules.ChangeOperator(r.Context(), r.Caller, r.PathValue("name"), control.OperatorChange{Scopes: changedScopes(want.Scopes), Password: want.Password})
	if err != nil {
		return named(err, "operator")
	}
	return withPassword(w, http.StatusOK, o, password)
}

func (a *api) removeOperator(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RemoveOperator(r.Context(), r.Caller, r.PathValue("name")), "operator"))
}
