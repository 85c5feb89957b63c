package console

import (
	"encoding/json"
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// passkeyRoutes are those of static/passkey.js, which speaks JSON, and the form
// that takes a passkey away.
func (c *console) passkeyRoutes() []door.Route {
	scripted := func(r door.Route) door.Route {
		r.Refuse = nil // the script reads the message and shows it
		return r
	}
	return []door.Route{
		scripted(c.open("POST", "sign-in/passkey", "", c.askPasskey)),
		scripted(credentials(c.open("POST", "sign-in/passkey/answer", "signed_in", c.checkPasskey))),
		scripted(c.change("me/passkeys/question", door.Session, "", c.askNewPasskey)),
		scripted(c.change("me/passkeys", door.Session, "passkey_added", c.addPasskey)),
		c.change("me/passkeys/{id}/remove", door.Session, "passkey_removed", c.removePasskey),
	}
}

// A passkeyQuestion is what the script asks the browser.
type passkeyQuestion struct {
	State   string          `json:"state"`
	Options json.RawMessage `json:"options"`
}

// A passkeyAnswer is what the script brings back.
type passkeyAnswer struct {
	Pending string          `json:"pending"` // of a sign-in that wants its second half; empty for a whole one
	State   string          `json:"state"`
	Answer  json.RawMessage `json:"answer"`
	Name    string          `json:"name"` // of a new passkey
	Next    string          `json:"next"` // where to go after signing in
}

// passkeyDone is where the script goes on.
type passkeyDone struct {
	Path string `json:"path"`
}

// maxAnswer is the largest answer of a passkey in bytes.
const maxAnswer = 64 << 10

// json reads what a script sent.
func (v *visit) json(into any) error {
	if err := json.NewDecoder(http.MaxBytesReader(v.w, v.Body, maxAnswer)).Decode(into); err != nil {
		return reeve.Errorf(reeve.Invalid, "this could not be read; load the page again").Because(err)
	}
	return nil
}

func (c *console) askPasskey(v *visit) (*page, error) {
	var a passkeyAnswer
	if err := v.json(&a); err != nil {
		return nil, err
	}
	var q reeve.PasskeyQuestion
	var err error
	if a.Pending != "" {
		q, err = c.Rules.AskSecondPasskey(v.Context(), a.Pending)
	} else {
		q, err = c.Rules.AskPasskey(v.Context(), "")
	}
	if err != nil {
		return nil, err
	}
	return nil, door.Write(v.w, http.StatusOK, passkeyQuestion{q.State, q.Options})
}

func (c *console) checkPasskey(v *visit) (*page, error) {
	var a passkeyAnswer
	if err := v.json(&a); err != nil {
		return nil, err
	}
	if err := c.enterPasskey(v, a); err != nil {
		return nil, err
	}
	return nil, door.Write(v.w, http.StatusOK, passkeyDone{Prefix + next(a.Next)})
}

func (c *console) enterPasskey(v *visit, a passkeyAnswer) error {
	if a.Pending != "" {
		e, err := c.Rules.EnterPasskey(v.Context(), a.Pending, a.State, a.Answer, v.from())
		if err == nil {
			v.keep(c.sessionCookie(), e.Secret, 0)
		}
		return err
	}
	o, err := c.Rules.CheckPasskey(v.Context(), v.from(), "", a.State, a.Answer)
	if err == nil {
		err = c.enter(v, o, "passkey")
	}
	return err
}

func (c *console) askNewPasskey(v *visit) (*page, error) {
	if err := c.proven(v); err != nil {
		return nil, err
	}
	q, err := c.Rules.AskNewPasskey(v.Context(), v.Caller)
	if err != nil {
		return nil, err
	}
	return nil, door.Write(v.w, http.StatusOK, passkeyQuestion{q.State, q.Options})
}

func (c *console) addPasskey(v *visit) (*page, error) {
	var a passkeyAnswer
	if err := v.json(&a); err != nil {
		return nil, err
	}
	k, err := c.Rules.AddPasskey(v.Context(), v.Caller, a.Name, a.State, a.Answer)
	if err != nil {
		return nil, err
	}
	if err := v.say("me.passkeys.added", k.Name); err != nil {
		return nil, err
	}
	return nil, door.Write(v.w, http.StatusOK, passkeyDone{Prefix + "me"})
}

func (c *console) removePasskey(v *visit) (*page, error) {
	if err := c.proven(v); err != nil {
		return c.ownAgain(v, err)
	}
	if err := c.Rules.RemovePasskey(v.Context(), v.Caller, v.PathValue("id")); err != nil {
		return nil, err
	}
	return v.done("me", "me.passkeys.removed")
}
