package reeve

import (
	"slices"
	"time"
)

// A Role is what an operator may do, in an account or with the devices of a group.
type Role int8

// The roles. The numbers are stored.
const (
	NoRole            Role = iota
	RoleViewer             // sees
	RoleOperator           // sees and acts
	RoleAdministrator      // everything
	RoleAuditor            // sees, and reads the log
)

var (
	roles = names[Role]{"", "viewer", "operator", "administrator", "auditor"}

	roleScopes = [...]Scopes{
		RoleViewer:        {Read},
		RoleOperator:      {Read, Write},
		RoleAdministrator: {Read, Write, Admin, Audit},
		RoleAuditor:       {Read, Audit},
	}
)

func (r Role) String() string { return roles.of(r) }

// ParseRole returns the role with the given name.
func ParseRole(name string) (Role, bool) {
	role, ok := roles.find(name)
	return role, ok && role != NoRole
}

// Scopes returns what the role allows.
func (r Role) Scopes() Scopes {
	if r < NoRole || int(r) >= len(roleScopes) {
		return nil
	}
	return slices.Clone(roleScopes[r])
}

// RoleWith returns the role that allows exactly these scopes. Read, write and
// admin, which are all that an app can have, stand for the administrator's.
func RoleWith(scopes Scopes) (Role, bool) {
	for role := RoleViewer; role <= RoleAuditor; role++ {
		if of := role.Scopes(); of.HasAll(scopes) && scopes.HasAll(of) {
			return role, true
		}
	}
	apps := Scopes{Read, Write, Admin}
	return RoleAdministrator, apps.HasAll(scopes) && scopes.HasAll(apps)
}

// An Operator is a person who signs in to the console.
type Operator struct {
	Name         string // unique on the server
	Account      int64
	PasswordHash string      // argon2id in PHC form; empty for one who has none yet
	Role         Role        // in the whole account; NoRole for one with roles in groups only
	Groups       []GroupRole // by Group
	Created      time.Time
	Expected     string    // by what OpenID providers name him as long as he has no link there; empty if by his own name
	SignedIn     time.Time // when he signed in to the console last; zero if never
}

// A GroupRole is what an operator may do with the devices of one group, besides
// what his role in the account allows.
type GroupRole struct {
	Group   int64  // internal key
	GroupID string // public id, filled in by the store
	Role    Role
}

// GroupScopes returns what the operator's roles allow in single groups, by
// internal key; nil if there are none.
func (o Operator) GroupScopes() map[int64]Scopes {
	if len(o.Groups) == 0 {
		return nil
	}
	scopes := make(map[int64]Scopes, len(o.Groups))
	for _, g := range o.Groups {
		scopes[g.Group] = g.Role.Scopes()
	}
	return scopes
}
