package api

import (
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

func shapeCode(c reeve.Code) client.Code {
	out := client.Code{
		ID: c.Hash, Code: c.Code, Hint: c.Hint, Note: c.Note, Group: c.GroupID, Uses: c.Uses, Used: c.Used,
		Community: c.Community, Expires: c.Expires, Created: c.Created, Revoked: c.Revoked,
	}
	if c.Kind != reeve.NoAgent {
		out.Kind = c.Kind.String()
	}
	return out
}

func (a *api) codes(w http.ResponseWriter, r *door.Request) error {
	codes, err := a.Store.Codes(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	return whole(w, codes, shapeCode)
}

// createCode makes a registration code, which is in this answer and nowhere
// else.
func (a *api) createCode(w http.ResponseWriter, r *door.Request) error {
	var want client.NewCode
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	spec := reeve.Code{Note: want.Note, GroupID: want.Group, Uses: want.Uses, Community: want.Community, Expires: want.Expires}
	if want.Kind != "" {
		kind, ok := reeve.ParseAgentKind(want.Kind)
		if !ok {
			return reeve.Errorf(reeve.Invalid, "agent_kind must be persistent, on_demand, mobile or domain_controller")
		}
		spec.Kind = kind
	}
	code, err := a.Rules.CreateCode(r.Context(), r.Caller, spec)
	if err != nil {
		return named(err, "group")
	}
	return door.Write(w, http.StatusCreated, shapeCode(code))
}

func (a *api) revokeCode(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RevokeCode(r.Context(), r.Caller, r.PathValue("id")), "code"))
}
