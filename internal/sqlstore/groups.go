package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"reeve"
)

var noGroup = reeve.Errorf(reeve.NotFound, "there is no such group in this account")

const (
	groupColumns = `g.no, g.id, g.name, g.description, CASE WHEN a.default_group = g.no THEN 1 ELSE 0 END, g.created, g.modified
		FROM device_groups AS g JOIN accounts AS a ON a.no = g.account`
	groupNameUsed = "a group with this name exists already; choose another name"
)

func scanGroup(r rows) (g reeve.Group, err error) {
	var isDefault, created, modified int64
	err = r.Scan(&g.No, &g.ID, &g.Name, &g.Description, &isDefault, &created, &modified)
	g.Default, g.Created, g.Modified = isDefault != 0, fromMicro(created), fromMicro(modified)
	return g, err
}

func findGroup(ctx context.Context, q querier, account int64, id string) (reeve.Group, error) {
	return must[reeve.Group](noGroup)(first(ctx, q, scanGroup,
		"SELECT "+groupColumns+" WHERE g.account = $1 AND g.id = $2", account, id))
}

func (t *tx) addGroup(account int64, g reeve.Group) (int64, error) {
	no, _, err := first(t.ctx, t, number, `INSERT INTO device_groups (account, id, name, description, created, modified)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING no`, account, g.ID, g.Name, g.Description, micro(g.Created), micro(g.Modified))
	return no, err
}

// AddGroup adds a group and sets its key.
func (s *Store) AddGroup(ctx context.Context, account int64, g reeve.Group, entry reeve.AuditEntry) (reeve.Group, error) {
	err := s.change(ctx, func(t *tx) (err error) {
		if _, err := t.lockAccount(account); err != nil {
			return err
		}
		t.log(entry)
		g.No, err = t.addGroup(account, g)
		return err
	})
	if err != nil {
		return reeve.Group{}, conflict(err, groupNameUsed)
	}
	g.Default, g.Devices = false, 0
	g.Created, g.Modified = fromMicro(micro(g.Created)), fromMicro(micro(g.Modified))
	return g, nil
}

// Group returns one group.
func (s *Store) Group(ctx context.Context, account int64, id string) (reeve.Group, error) {
	return findGroup(ctx, s.db, account, id)
}

// Groups returns one page. All groups are read, since they are few, and chosen
// here, where letters fold alike over every database.
func (s *Store) Groups(ctx context.Context, account int64, q reeve.GroupQuery) ([]reeve.Group, error) {
	groups, err := all(ctx, s.db, scanGroup, "SELECT "+groupColumns+" WHERE g.account = $1 ORDER BY g.no", account)
	if err != nil {
		return nil, err
	}
	if q.Within != nil {
		groups = slices.DeleteFunc(groups, func(g reeve.Group) bool { return !slices.Contains(q.Within, g.No) })
	}
	if wanted := fold(q.Search); wanted != "" {
		groups = slices.DeleteFunc(groups, func(g reeve.Group) bool { return !strings.Contains(fold(g.Name), wanted) })
	}
	if q.Sort == "devices" {
		if err := s.countInGroups(ctx, groups, q.Counted); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(groups, func(a, b reeve.Group) int {
		if q.Desc {
			a, b = b, a
		}
		switch q.Sort {
		case "devices":
			return cmp.Compare(a.Devices, b.Devices)
		case "modified":
			return a.Modified.Compare(b.Modified)
		default:
			return strings.Compare(fold(a.Name), fold(b.Name))
		}
	})
	from := min((q.Page-1)*q.Limit, len(groups))
	groups = groups[from:min(from+q.Limit, len(groups))]
	if q.Sort != "devices" && !q.Uncounted {
		err = s.countInGroups(ctx, groups, q.Counted)
	}
	return groups, err
}

// countInGroups sets how many live devices are in each of the groups, if nobody
// has counted them before.
func (s *Store) countInGroups(ctx context.Context, groups []reeve.Group, counted map[int64]int64) error {
	if counted != nil {
		for i, g := range groups {
			groups[i].Devices = counted[g.No]
		}
		return nil
	}
	nos := make([]int64, len(groups))
	for i, g := range groups {
		nos[i] = g.No
	}
	these, arg := s.db.among(1, numbers("no", nos))
	counts, err := all(ctx, s.db, func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) },
		"SELECT d.group_no, COUNT(*) FROM devices AS d WHERE "+live+" AND d.group_no "+these+" GROUP BY d.group_no", arg)
	for _, c := range counts {
		groups[slices.Index(nos, c[0])].Devices = c[1]
	}
	return err
}

// SetGroup stores name and description of the group with g's ID, and with
// g.Default makes it the account's default group.
func (s *Store) SetGroup(ctx context.Context, account int64, g reeve.Group, entry reeve.AuditEntry) error {
	err := s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(account); err != nil {
			return err
		}
		t.log(entry)
		n, err := t.exec("UPDATE device_groups SET name = $3, description = $4, modified = $5 WHERE account = $1 AND id = $2",
			account, g.ID, g.Name, g.Description, micro(g.Modified))
		if err == nil && n == 0 {
			err = noGroup
		}
		if err != nil || !g.Default {
			return err
		}
		return t.later("UPDATE accounts SET default_group = (SELECT g.no FROM device_groups AS g WHERE g.account = $1 AND g.id = $2) WHERE no = $1",
			account, g.ID)
	})
	return conflict(err, groupNameUsed)
}

// RemoveGroup moves the group's devices and codes to the default group and
// removes it, unless fn says no.
func (s *Store) RemoveGroup(ctx context.Context, account int64, id string, fn func(reeve.Account, reeve.Group) (reeve.AuditEntry, error)) error {
	return s.change(ctx, func(t *tx) error {
		a, err := t.lockAccount(account)
		if err != nil {
			return err
		}
		g, err := findGroup(ctx, t, account, id)
		if err != nil {
			return err
		}
		if g.Default {
			return reeve.Errorf(reeve.Invalid, "the default group takes the devices that are in no other and cannot be removed")
		}
		if g.Devices, _, err = first(t.ctx, t, number, "SELECT COUNT(*) FROM devices AS d WHERE "+live+" AND d.group_no = $1", g.No); err != nil {
			return err
		}
		entry, err := fn(a, g)
		if err != nil {
			return err
		}
		if err := t.logAbout(entry, "SELECT d.no FROM devices AS d WHERE d.group_no = $1 AND "+kept, g.No); err != nil {
			return err
		}
		if err := t.later("UPDATE devices SET group_no = $2 WHERE group_no = $1", g.No, a.DefaultGroup); err != nil {
			return err
		}
		if err := t.later("UPDATE codes SET group_no = 0 WHERE group_no = $1", g.No); err != nil {
			return err
		}
		if err := t.later("DELETE FROM agent_settings WHERE account = $1 AND group_no = $2", account, g.No); err != nil {
			return err
		}
		if err := t.later("DELETE FROM operator_roles WHERE group_no = $1", g.No); err != nil {
			return err
		}
		return t.later("DELETE FROM device_groups WHERE no = $1", g.No)
	})
}

// fold makes text comparable without regard to case.
func fold(s string) string { return strings.ToLower(s) }
