package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"reeve"
)

// Identify records a report that did not come through the device's agent.
func (s *Store) Identify(ctx context.Context, account int64, now time.Time, r reeve.Report, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		ids := []reeve.CommandID{r.ID}
		heads, err := t.lockJobs(ids)
		if err != nil {
			return err
		}
		moves, err := t.movesOf(ids)
		if err != nil {
			return err
		}
		if len(moves) == 0 || heads[r.ID.Job].account != account || moves[0].device != r.Device {
			return noCommand
		}
		if !moves[0].state.May(r.State) {
			return reeve.Errorf(reeve.Conflict, "the command has ended")
		}
		moves[0].take(&r)
		return t.record(now, moves, heads, func(int64) reeve.AuditEntry {
			entry.Job = r.ID.Job
			return entry
		})
	})
}

// writeIdentities keeps the answers to re-identify: each of them, and the
// latest of each device beside what else is known of it.
func (t *tx) writeIdentities(now time.Time, moves []*move) error {
	moves = slices.DeleteFunc(slices.Clone(moves), func(m *move) bool { return m.identity == nil })
	if len(moves) == 0 {
		return nil
	}
	n := len(moves)
	devices, jobs, leaves := make([]int64, n), make([]int64, n), make([]int64, n)
	doors, names, addresses, answers := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	latest := map[int64]string{}
	for i, m := range moves {
		text, err := encode(m.identity.Identity, len(m.identity.Identity) == 0)
		if err != nil {
			return err
		}
		devices[i], jobs[i], leaves[i] = m.device, int64(m.id.Job), int64(m.id.Leaf)
		doors[i], names[i] = string(cmp.Or(m.identity.Door, reeve.AgentDoor)), clean(m.identity.User)
		addresses[i], answers[i] = clean(m.identity.Address), text
		latest[m.device] = text
	}
	list, args := t.list("r", 2, numbers("device", devices), numbers("job", jobs), numbers("leaf", leaves),
		texts("door", doors), texts("name", names), texts("address", addresses), texts("answers", answers))
	err := t.later(`INSERT INTO identifications (device, job, leaf, at, door, name, address, answers)
		SELECT device, job, leaf, CAST($1 AS BIGINT), door, name, address, answers FROM `+list+` WHERE TRUE
		ON CONFLICT (device, job, leaf) DO NOTHING`, append([]any{micro(now)}, args...)...)
	if err != nil {
		return err
	}
	known := slices.Sorted(maps.Keys(latest))
	identities := make([]string, len(known))
	for i, d := range known {
		identities[i] = latest[d]
	}
	list, args = t.list("r", 1, numbers("device", known), texts("identity", identities))
	return t.later(`INSERT INTO device_facts (device, facts, identity) SELECT device, '', identity FROM `+list+` WHERE TRUE
		ON CONFLICT (device) DO UPDATE SET identity = excluded.identity`, args...)
}

const identificationColumns = `SELECT i.job, i.leaf, i.at, i.door, i.name, i.address, i.answers
	FROM identifications AS i JOIN devices AS d ON d.no = i.device`

func scanIdentification(r rows) (i reeve.Identification, err error) {
	var job, at int64
	var door, answers string
	if err = r.Scan(&job, &i.Command.Leaf, &at, &door, &i.User, &i.Address, &answers); err != nil {
		return i, err
	}
	i.Command.Job, i.At, i.Door = reeve.JobID(job), fromMicro(at), reeve.Door(door)
	return i, decode(answers, &i.Answers)
}

// Identifications returns when and how the device's user said who it is.
func (s *Store) Identifications(ctx context.Context, account, device int64, before reeve.JobID, limit int) ([]reeve.Identification, error) {
	return all(ctx, s.db, scanIdentification, identificationColumns+" WHERE i.device = $2 AND d.account = $1 AND "+kept+
		" AND i.job < $3 ORDER BY i.job DESC, i.leaf DESC LIMIT $4", account, device, orLast(before), limit)
}

// JobsByID returns those of these jobs that there are.
func (s *Store) JobsByID(ctx context.Context, ids []reeve.JobID) ([]reeve.Job, error) {
	jobs := make([]int64, len(ids))
	for i, id := range ids {
		jobs[i] = int64(id)
	}
	b := &binder{db: s.db}
	return all(ctx, s.db, scanJob, "SELECT "+jobColumns+" FROM jobs WHERE account > 0 AND id "+b.among(numbers("id", jobs)), b.args...)
}
