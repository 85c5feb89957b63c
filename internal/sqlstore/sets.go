package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"reeve"
)

var noSet = reeve.Errorf(reeve.NotFound, "there is no such version of a signature set in this account")

const setColumns = "account, name, version, description, files, created, created_by FROM signature_sets WHERE removed = 0"

func scanSet(r rows) (s reeve.SignatureSet, err error) {
	var files string
	var created int64
	err = r.Scan(&s.Account, &s.Name, &s.Version, &s.Description, &files, &created, &s.By)
	if err != nil {
		return s, err
	}
	s.Created = fromMicro(created)
	return s, decode(files, &s.Files)
}

// AddSet adds the next version of a set.
func (s *Store) AddSet(ctx context.Context, set reeve.SignatureSet, entry reeve.AuditEntry) (reeve.SignatureSet, error) {
	set.Name, set.Description = clean(set.Name), clean(set.Description)
	files, err := encode(set.Files, len(set.Files) == 0)
	if err != nil {
		return set, err
	}
	err = s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(set.Account); err != nil {
			return err
		}
		last, err := must[int64](noSet)(first(ctx, t, number,
			"SELECT COALESCE(MAX(version), 0) FROM signature_sets WHERE account = $1 AND name = $2", set.Account, set.Name))
		if err != nil {
			return err
		}
		set.Version = last + 1
		entry.Detail = withVersion(entry.Detail, set.Version)
		t.log(entry)
		if err := t.raiseRevision(set.Account, entry); err != nil {
			return err
		}
		return t.later(`INSERT INTO signature_sets (account, name, version, removed, description, files, created, created_by)
			VALUES ($1, $2, $3, 0, $4, $5, $6, $7)`,
			set.Account, set.Name, set.Version, set.Description, files, micro(set.Created), clean(set.By))
	})
	set.Created = fromMicro(micro(set.Created))
	return set, err
}

// withVersion adds to an entry's facts the version that the store gave.
func withVersion(detail string, version int64) string {
	facts := map[string]any{}
	_ = json.Unmarshal([]byte(detail), &facts) // none is as good as unreadable ones
	facts["version"] = version
	text, _ := json.Marshal(facts) // what was JSON can be again
	return string(text)
}

// raiseRevision notes that the account's agents may have other settings. The
// account is locked.
func (t *tx) raiseRevision(account int64, entry reeve.AuditEntry) error {
	return t.later(`UPDATE accounts SET agents_revision = CASE WHEN agents_revision >= $2 THEN agents_revision + 1 ELSE $2 END
		WHERE no = $1`, account, entry.At.Unix())
}

// Sets returns the versions of all sets.
func (s *Store) Sets(ctx context.Context, account int64) ([]reeve.SignatureSet, error) {
	return all(ctx, s.db, scanSet, "SELECT "+setColumns+" AND account = $1 ORDER BY name, version DESC", account)
}

// SetFiles returns the digests of the files of all sets.
func (s *Store) SetFiles(ctx context.Context, account int64) (map[string]bool, error) {
	sets, err := s.Sets(ctx, account)
	digests := map[string]bool{}
	for _, set := range sets {
		for _, f := range set.Files {
			digests[f.SHA256] = true
		}
	}
	return digests, err
}

// RemoveSet removes a version that is in force nowhere.
func (s *Store) RemoveSet(ctx context.Context, account int64, name string, version int64, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(account); err != nil {
			return err
		}
		settings, err := agentSettings(ctx, t, account)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(settings, func(g reeve.GroupSettings) bool { return g.InForce.Name == name && g.InForce.Version == version }) {
			return reeve.Errorf(reeve.Conflict, "this version is in force for some agents; assign another one first")
		}
		n, err := t.exec("UPDATE signature_sets SET removed = 1, files = '' WHERE account = $1 AND name = $2 AND version = $3 AND removed = 0", account, name, version)
		if err == nil && n == 0 {
			err = noSet
		}
		if err != nil {
			return err
		}
		t.log(entry)
		return t.raiseRevision(account, entry)
	})
}

// agentSettings returns the account's settings and then those of the groups that
// have their own, with the sets that they mean.
func agentSettings(ctx context.Context, q querier, account int64) ([]reeve.GroupSettings, error) {
	found, err := all(ctx, q, func(r rows) (g reeve.GroupSettings, err error) {
		var settings string
		if err = r.Scan(&g.GroupNo, &g.Group, &settings); err != nil {
			return g, err
		}
		return g, decode(settings, &g.AgentSettings)
	}, `SELECT s.group_no, COALESCE(g.id, ''), s.settings FROM agent_settings AS s LEFT JOIN device_groups AS g ON g.no = s.group_no
		WHERE s.account = $1 ORDER BY s.group_no`, account)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].GroupNo != 0 {
		found = slices.Insert(found, 0, reeve.GroupSettings{})
	}
	sets := map[setVersion]reeve.SignatureSet{}
	for i := range found {
		want := setVersion{found[i].Set, found[i].SetVersion}
		set, known := sets[want]
		if !known && want.name != "" {
			if set, err = findSet(ctx, q, account, want); err != nil {
				return nil, err
			}
			sets[want] = set
		}
		found[i].InForce = set
	}
	return found, nil
}

// A setVersion is what settings say of a set: version 0 is the newest.
type setVersion struct {
	name    string
	version int64
}

// findSet returns the version that is meant. A set without any is noSet.
func findSet(ctx context.Context, q querier, account int64, want setVersion) (reeve.SignatureSet, error) {
	return must[reeve.SignatureSet](noSet)(first(ctx, q, scanSet, "SELECT "+setColumns+
		" AND account = $1 AND name = $2 AND (version = $3 OR $3 = 0) ORDER BY version DESC LIMIT 1", account, want.name, want.version))
}

// AgentSettings returns the settings of the account and its groups, and the
// revision. That is read first: so what is told under it is never older.
func (s *Store) AgentSettings(ctx context.Context, account int64) ([]reeve.GroupSettings, int64, error) {
	revision, err := must[int64](noAccount)(first(ctx, s.db, number, "SELECT agents_revision FROM accounts WHERE no = $1", account))
	if err != nil {
		return nil, 0, err
	}
	settings, err := agentSettings(ctx, s.db, account)
	return settings, revision, err
}

// SetAgentSettings changes the settings of a group, or of the account.
func (s *Store) SetAgentSettings(ctx context.Context, account int64, group string, fn func(*reeve.AgentSettings) (reeve.AuditEntry, error)) error {
	return s.change(ctx, func(t *tx) error {
		no, err := t.settledGroup(account, group)
		if err != nil {
			return err
		}
		all, err := agentSettings(ctx, t, account)
		if err != nil {
			return err
		}
		now := all[0].AgentSettings
		if i := slices.IndexFunc(all, func(g reeve.GroupSettings) bool { return g.GroupNo == no }); i > 0 {
			now = all[i].AgentSettings
		}
		entry, err := fn(&now)
		if err != nil {
			return err
		}
		if now.Set != "" {
			if _, err := findSet(ctx, t, account, setVersion{now.Set, now.SetVersion}); err != nil {
				return err
			}
		}
		text, err := encode(now, false)
		if err != nil {
			return err
		}
		t.log(entry)
		if err := t.raiseRevision(account, entry); err != nil {
			return err
		}
		return t.later(`INSERT INTO agent_settings (account, group_no, settings) VALUES ($1, $2, $3)
			ON CONFLICT (account, group_no) DO UPDATE SET settings = excluded.settings`, account, no, text)
	})
}

// settledGroup locks the account and returns the group's key, 0 for the account
// itself.
func (t *tx) settledGroup(account int64, group string) (int64, error) {
	if _, err := t.lockAccount(account); err != nil || group == "" {
		return 0, err
	}
	g, err := findGroup(t.ctx, t, account, group)
	return g.No, err
}

// RemoveAgentSettings takes away a group's own settings, or clears the account's.
func (s *Store) RemoveAgentSettings(ctx context.Context, account int64, group string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		no, err := t.settledGroup(account, group)
		if err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM agent_settings WHERE account = $1 AND group_no = $2", account, no)
		if err == nil && n == 0 {
			err = reeve.Errorf(reeve.NotFound, "there are no settings of its own")
		}
		if err != nil {
			return err
		}
		t.log(entry)
		return t.raiseRevision(account, entry)
	})
}

// Memberships returns which settings these devices have.
func (s *Store) Memberships(ctx context.Context, devices []int64) ([]reeve.Membership, error) {
	these, arg := s.db.among(1, numbers("no", devices))
	return all(ctx, s.db, func(r rows) (m reeve.Membership, err error) {
		return m, r.Scan(&m.Device, &m.Account, &m.GroupNo, &m.Revision)
	}, "SELECT d.no, d.account, d.group_no, a.agents_revision FROM devices AS d JOIN accounts AS a ON a.no = d.account WHERE d.no "+
		these+" AND "+live+" AND a.agents_revision > 0", arg)
}
