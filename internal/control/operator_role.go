package control

import (
	"cmp"
	"context"
	"slices"

	"reeve"
)

// maxGroupRoles is in how many groups an operator can have roles of their own.
const maxGroupRoles = 100

// checkRoles returns the roles in groups that an operator of the caller's account
// is given, which name their groups by public id, or says what is wrong with
// these or with his role in the account.
func (c *Control) checkRoles(ctx context.Context, caller reeve.Caller, o reeve.Operator) ([]reeve.GroupRole, error) {
	if o.Role == reeve.NoRole && len(o.Groups) == 0 {
		return nil, reeve.Errorf(reeve.Invalid, "an operator needs a role: viewer, operator, administrator or auditor, in the account or in groups of it")
	}
	if len(o.Groups) > maxGroupRoles {
		return nil, reeve.Errorf(reeve.Invalid, "an operator has roles in at most %d groups; give a role in the account instead", maxGroupRoles)
	}
	var roles []reeve.GroupRole
	for _, given := range o.Groups {
		if given.Role == reeve.NoRole {
			return nil, reeve.Errorf(reeve.Invalid, "a role in a group is viewer, operator, administrator or auditor")
		}
		g, err := c.store.Group(ctx, caller.Account, given.GroupID)
		if reeve.KindOf(err) == reeve.NotFound {
			return nil, reeve.Errorf(reeve.Invalid, "there is no group %.40q in this account; list the groups to see their ids", given.GroupID)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(roles, func(r reeve.GroupRole) bool { return r.Group == g.No }) {
			return nil, reeve.Errorf(reeve.Invalid, "an operator has one role in a group; name the group %s once", g.ID)
		}
		roles = append(roles, reeve.GroupRole{Group: g.No, GroupID: g.ID, Role: given.Role})
	}
	slices.SortFunc(roles, func(a, b reeve.GroupRole) int { return cmp.Compare(a.Group, b.Group) })
	o.Groups = roles
	return roles, allowRoles(caller, o)
}

// allowRoles decides who may give an operator these roles, or change one who has
// them.
func allowRoles(caller reeve.Caller, o reeve.Operator) error {
	if err := allowAll(caller, o.Role.Scopes()); err != nil {
		return err
	}
	for _, g := range o.Groups {
		if err := allowAll(caller, g.Role.Scopes()); err != nil {
			return err
		}
	}
	return nil
}

// roleFacts are what a row of the log says of an operator.
func roleFacts(o reeve.Operator) map[string]any {
	facts := map[string]any{"operator": o.Name, "role": o.Role.String()}
	groups := map[string]string{}
	for _, g := range o.Groups {
		groups[g.GroupID] = g.Role.String()
	}
	if len(groups) > 0 {
		facts["groups"] = groups
	}
	return facts
}
