package reeve

import (
	"slices"
	"time"
)

// A Scope is a permission of an app or operator.
type Scope string

// The scopes. Write does not contain Read.
const (
	Read  Scope = "read"  // inventory, jobs, results, log
	Write Scope = "write" // actions, groups, import
	Admin Scope = "admin" // apps, codes, operators, settings
	Audit Scope = "audit" // the whole log, its export and verification
)

// Scopes is a set of permissions, in the order read, write, admin, audit.
type Scopes []Scope

// Has reports whether s contains scope.
func (s Scopes) Has(scope Scope) bool { return slices.Contains(s, scope) }

// HasAll reports whether s contains every one of these.
func (s Scopes) HasAll(scopes Scopes) bool {
	return !slices.ContainsFunc(scopes, func(one Scope) bool { return !s.Has(one) })
}

// And returns what is in both, in the order of s.
func (s Scopes) And(other Scopes) Scopes {
	var both Scopes
	for _, one := range s {
		if other.Has(one) {
			both = append(both, one)
		}
	}
	return both
}

// A Source is the door that a request came through, together with the kind of
// its credential. It is never taken from what the request says.
type Source int8

// The sources. The numbers are stored.
const (
	FromSystem   Source = iota // the server itself: deadlines, ended exemptions
	FromOAuthAPI               // the published API under /o/api
	FromAPI                    // Reeve's own API under /api/v1
	FromCLI                    // Reeve's own API with a credential made for the command line
	FromConsole                // the pages
	FromAgent                  // a device's agent
)

var sources = names[Source]{"system", "oauth_api", "api", "cli", "console", "agent"}

func (s Source) String() string { return sources.of(s) }

// Sources are all of them.
func Sources() []Source {
	every := make([]Source, len(sources))
	for i := range every {
		every[i] = Source(i)
	}
	return every
}

// ParseSource returns the source with the given name.
func ParseSource(name string) (Source, bool) { return sources.find(name) }

// A Caller is who asks, as the door found out from the credential.
type Caller struct {
	Account  int64
	Source   Source
	Actor    string // "app:KEY", "operator:NAME", "device:ID", "agents" for a batch of reports, or "system"
	Name     string // the app's or operator's name for people
	Operator string // who agreed to the app's token; empty for an app by itself
	Scopes   Scopes // for the whole account
	// Groups are what is allowed besides, for the devices of single groups, by
	// internal key.
	Groups    map[int64]Scopes
	Address   string // of the client, without port
	RequestID string
}

// An App is an OAuth client of an account.
type App struct {
	ClientID   string // 48 of A-Z and 0-9
	SecretHash string // hex SHA-256 of the secret, which has the same form
	Account    int64
	Name       string // unique in the account
	Scopes     Scopes
	CLI        bool // made for the command line: its calls on /api/v1 have source FromCLI
	// RequestsPerMinute overrides the account's limit: 0 inherits, negative is no limit.
	RequestsPerMinute int64
	Description       string
	RedirectURIs      []string // where operators' browsers may be sent with a code; without any there are no codes
	Operator          string   // who agreed to the token at hand; empty for an app by itself, and in lists
	CreatedBy         string   // the name of who made it
	Created           time.Time
	Modified          time.Time
	Revoked           time.Time // zero while valid
}

// A Token is an access token of an app.
type Token struct {
	Hash    string // hex SHA-256 of the token
	App     App
	Expires time.Time
	Grant   int64 // internal key of the Grant that it belongs to; 0 for an app by itself
	// Operator, Role and Scopes are set by looking it up: who agreed, empty for an
	// app by itself, his role for the account, and what the token is good for at
	// that moment.
	Operator string
	Role     Role
	Scopes   Scopes
}

// A Code is a registration code: who holds it may enrol devices.
type Code struct {
	Code      string // 8 of A-Z and 0-9; stored hashed, so empty in lists
	Hash      string // hex SHA-256
	Hint      string // the first two characters, to tell codes apart in lists
	Account   int64
	Note      string
	GroupID   string    // public id of the group for its devices; empty is the default group
	Kind      AgentKind // the only kind it enrols; NoAgent for any
	Uses      int64     // how many enrolments it allows in all; 0 is no limit
	Used      int64
	Community bool      // whether the community agent's protocol may use it
	Expires   time.Time // zero for never
	Created   time.Time
	Revoked   time.Time // zero while valid
}
