package reeve

import "time"

// A GrantStep is how far a Grant has come.
type GrantStep int8

// The steps. The numbers are stored.
const (
	Asking     GrantStep = iota // the operator signed in and has the page that asks
	Agreed                      // the app has a code, or soon will
	Refreshing                  // the app has a refresh token
)

// A Grant is what an operator lets an app do in his name. At every step there is
// one secret to it, good for one use, which leads to the next: the form's, the
// code, then one refresh token after the other. A secret is a handle that stays,
// followed by what changes, so whoever shows a right handle with a wrong rest
// holds a secret that was used before.
type Grant struct {
	No          int64 // internal key, given by the store
	ClientID    string
	Operator    string
	Scopes      Scopes // what was agreed; it is good for what app and operator have of it now
	RedirectURI string // where the code was sent
	Challenge   string // S256 code challenge of RFC 7636; empty without
	Step        GrantStep
	Handle      string // hex SHA-256 of the handle
	Secret      string // hex SHA-256 of the whole secret of this step
	Expires     time.Time
	Begun       time.Time
}
