package cmapi

import (
	"net/http"
	"unicode/utf8"

	"reeve"
	"reeve/internal/door"
)

// Source: "Link User" v2.0 of the OAuth API manual.
func (a *api) linkUserRoutes() []door.Route {
	return []door.Route{{
		Method: "POST", Path: at("v2", "devices/{value}/link_user"), Scope: reeve.Write, Rate: "link_user", Verb: "device_described", Serve: a.linkUser,
		Page: &door.Page{
			Family: "Link User", Version: "2", Source: "Link User v2.0",
			About: "Notes whose device it is. The v3 answers show it as link_user.",
			Inputs: []door.Field{
				{Name: "value", In: "path", Type: "string", About: "MAC address or device id, as opt says"},
				{Name: "opt", In: "query", Type: "int", About: "0 (default) a MAC address, 1 a device id"},
				{Name: "username", In: "body", Type: "string", About: "1 to 256 characters"},
				{Name: "group", In: "body", Type: "string", About: "1 to 256 characters; without it what was noted before stays"},
			},
			Answer: []door.Field{
				{Name: "result", Type: "int", About: "1 noted, 0 not"},
				{Name: "msg", Type: "string", About: "OK, or Device not found"},
			},
		},
	}}
}

// maxLinked is the published bound on both names, in characters.
const maxLinked = 256

// linkUser serves Link User: what is not found is 200 with result 0.
func (a *api) linkUser(w http.ResponseWriter, r *door.Request) error {
	by, err := optV2.inQuery(r.URL.Query())
	if err != nil {
		return err
	}
	body, err := r.JSON(w, smallBody)
	if err != nil {
		return err
	}
	var user string
	var group *string
	if err := (object{"username": &user, "group": &group}).read(body); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(user); n < 1 || n > maxLinked || group != nil && (*group == "" || utf8.RuneCountInString(*group) > maxLinked) {
		return reeve.Errorf(reeve.Invalid, "username, and group if there is one, must have 1 to %d characters", maxLinked)
	}
	found, err := a.find(r.Context(), r.Caller.Account, by, []string{r.PathValue("value")})
	if err != nil {
		return err
	}
	if found[0].No == 0 {
		return door.Write(w, http.StatusOK, noDeviceV2)
	}
	err = a.Rules.Describe(r.Context(), r.Caller, found[0].ID, reeve.Description{LinkedUser: &user, LinkedTeam: group})
	switch {
	case reeve.KindOf(err) == reeve.NotFound: // it was deleted just now
		return door.Write(w, http.StatusOK, noDeviceV2)
	case err != nil:
		return err
	}
	return door.Write(w, http.StatusOK, resultV2{1, "OK"})
}
