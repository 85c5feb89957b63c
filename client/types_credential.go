package client

import (
	"time"
)

// An App is a client of the server with permissions of its own.
type App struct {
	ClientID          string    `json:"client_id"`
	ClientSecret      string    `json:"client_secret,omitempty"` // only in the answer that creates it
	Name              string    `json:"name"`
	Description       string    `json:"description,omitempty"`
	RedirectURIs      []string  `json:"redirect_uris,omitempty"` // where browsers may be sent with a code
	Scopes            []string  `json:"scopes"`
	CLI               bool      `json:"cli,omitempty"`
	RequestsPerMinute int64     `json:"requests_per_minute,omitempty"` // 0: the account's limit; negative: none
	CreatedBy         string    `json:"created_by,omitempty"`
	Created           time.Time `json:"created,omitzero"`
	Modified          time.Time `json:"modified,omitzero"`
	Revoked           time.Time `json:"revoked,omitzero"`
}

// A NewApp is an app to create.
type NewApp struct {
	Name              string   `json:"name"`
	Description       string   `json:"description,omitempty"`
	RedirectURIs      []string `json:"redirect_uris,omitempty"` // where browsers may be sent with a code
	Scopes            []string `json:"scopes"`
	CLI               bool     `json:"cli,omitempty"`                 // it is for the command line
	RequestsPerMinute int64    `json:"requests_per_minute,omitempty"` // 0: the account's limit; negative: none
}

// An AppFilter selects and orders apps; empty fields select all, oldest first.
type AppFilter struct {
	Search string // part of the name
	Sort   string // "created" or "name", with "-" before it for the other way round
}

// An AppChange is what to change of an app; nil fields stay.
type AppChange struct {
	Name              *string   `json:"name,omitempty"`
	Description       *string   `json:"description,omitempty"`
	RedirectURIs      *[]string `json:"redirect_uris,omitempty"`
	Scopes            *[]string `json:"scopes,omitempty"`
	RequestsPerMinute *int64    `json:"requests_per_minute,omitempty"`
}

// An Operator is a person who signs in.
type Operator struct {
	Name     string      `json:"name"`
	Role     string      `json:"role,omitempty"` // in the account: viewer, operator, administrator, auditor
	Groups   []GroupRole `json:"groups,omitempty"`
	Scopes   []string    `json:"scopes"`                  // what the role in the account allows
	Password string      `json:"password,omitempty"`      // only in the answer that makes it
	Provider string      `json:"provider_name,omitempty"` // by which an OpenID provider names the operator, if it is another name
	Created  time.Time   `json:"created,omitzero"`
}

// A GroupRole is what an operator may do with the devices of one group.
type GroupRole struct {
	Group string `json:"group"` // id
	Role  string `json:"role"`
}

// A NewOperator is an operator to create.
type NewOperator struct {
	Name     string      `json:"name"`
	Role     string      `json:"role,omitempty"` // in the account
	Groups   []GroupRole `json:"groups,omitempty"`
	Scopes   []string    `json:"scopes,omitempty"`   // in the place of the role: exactly those of one
	Password string      `json:"password,omitempty"` // without one the server makes it
}

// An OperatorChange is what to change of an operator; nil fields stay.
type OperatorChange struct {
	Role     *string      `json:"role,omitempty"`          // "" takes the role in the account away
	Groups   *[]GroupRole `json:"groups,omitempty"`        // all of them
	Scopes   *[]string    `json:"scopes,omitempty"`        // in the place of the role: exactly those of one
	Password *string      `json:"password,omitempty"`      // "" has the server make one
	Provider *string      `json:"provider_name,omitempty"` // by which an OpenID provider names the operator; "" if it is the same name
}

// A Code lets devices enrol.
type Code struct {
	ID        string    `json:"id,omitempty"`
	Code      string    `json:"code,omitempty"` // only in the answer that creates it
	Hint      string    `json:"hint,omitempty"` // how it begins
	Note      string    `json:"note,omitempty"`
	Group     string    `json:"group,omitempty"`      // id of the group for its devices
	Kind      string    `json:"agent_kind,omitempty"` // the only kind it enrols
	Uses      int64     `json:"uses,omitempty"`       // 0: no limit
	Used      int64     `json:"used"`
	Community bool      `json:"community,omitempty"` // whether the community agent's protocol may use it
	Expires   time.Time `json:"expires,omitzero"`
	Created   time.Time `json:"created,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
}

// A NewCode is a registration code to create.
type NewCode struct {
	Note      string    `json:"note,omitempty"`
	Group     string    `json:"group,omitempty"`
	Kind      string    `json:"agent_kind,omitempty"`
	Uses      int64     `json:"uses,omitempty"`
	Community bool      `json:"community,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
}
