package sqlstore

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve"
)

// historyPlans says along which index each list of the log and of jobs goes, in
// SQLite and PostgreSQL. A table's own order is the index of its primary key.
var historyPlans = map[string]struct {
	ask     func(ctx context.Context, s *Store, account, device int64, job reeve.JobID) error
	indexes [2]string
}{
	"rows":                                  {logOf(reeve.LogQuery{After: 500}), [2]string{"audit USING PRIMARY KEY", "audit_pkey"}},
	"newest rows":                           {logOf(reeve.LogQuery{Before: 500, Newest: true}), [2]string{"audit USING PRIMARY KEY", "audit_pkey"}},
	"rows since":                            {logOf(reeve.LogQuery{Since: time.Unix(1_500_000, 0)}), [2]string{"audit_at", "audit_at"}},
	"rows of events":                        {logOf(reeve.LogQuery{Events: []string{"rare", "other"}}), [2]string{"log_sums USING PRIMARY KEY", "log_sums_pkey"}},
	"rows of a device":                      {logOf(reeve.LogQuery{Device: "d77"}), [2]string{"audit_device", "audit_device"}},
	"rows of a device that tell of reports": {logOf(reeve.LogQuery{Device: "d77", Newest: true}), [2]string{"l USING PRIMARY KEY (job=? AND at=?)", "log_jobs_pkey"}},
	"rows of a job that tell of reports":    {logOf(reeve.LogQuery{Job: 5, Events: []string{reeve.Reports}}), [2]string{"l USING PRIMARY KEY (job=?)", "log_jobs_pkey"}},
	"rows of a job":                         {logOf(reeve.LogQuery{Job: 77}), [2]string{"audit_job", "audit_job"}},
	"placings":                              {logOf(reeve.LogQuery{Events: []string{reeve.JobPlaced}, Sources: []reeve.Source{reeve.FromConsole}, Newest: true}), [2]string{"audit_uncounted", "audit_uncounted"}},
	"rows of events that agents reported": {logOf(reeve.LogQuery{Events: []string{"rare", reeve.Reports}, Outcomes: []string{"ok"}, Newest: true}),
		[2]string{"audit_uncounted", "audit_uncounted"}},
	"rows that went well": {logOf(reeve.LogQuery{Outcomes: []string{"ok"}, Newest: true}), [2]string{"audit USING PRIMARY KEY", "audit_pkey"}},
	"jobs":                {jobsOf(reeve.JobQuery{Before: 1 << 60}), [2]string{"jobs USING", "jobs"}},
	"jobs of actions":     {jobsOf(reeve.JobQuery{Actions: []string{"exempt", "ignore"}}), [2]string{"jobs_action", "jobs_action"}},
	"jobs of sources":     {jobsOf(reeve.JobQuery{Sources: []reeve.Source{reeve.FromCLI, reeve.FromConsole}}), [2]string{"jobs_source", "jobs_source"}},
	"rows of actors":      {logOf(reeve.LogQuery{Actors: []string{"ann", "bob"}, Newest: true}), [2]string{"audit_actor", "audit_actor"}},
	"rows of a source":    {logOf(reeve.LogQuery{Sources: []reeve.Source{reeve.FromConsole}, Newest: true}), [2]string{"audit_source", "audit_source"}},
	"rows that failed":    {logOf(reeve.LogQuery{Outcomes: []string{"forbidden"}, Newest: true}), [2]string{"audit_outcome", "audit_outcome"}},
	"jobs of actors":      {jobsOf(reeve.JobQuery{Actors: []string{"app:A", "app:B"}}), [2]string{"jobs_actor", "jobs_actor"}},
	"jobs by somebody":    {jobsOf(reeve.JobQuery{By: "ann"}), [2]string{"jobs_name", "jobs_name"}},
	"commands": {func(ctx context.Context, s *Store, account, _ int64, job reeve.JobID) error {
		_, err := s.Commands(ctx, account, job, nil, 500, 50)
		return err
	}, [2]string{"commands USING PRIMARY KEY", "commands_pkey"}},
	"devices that rows are about": {func(ctx context.Context, s *Store, account, _ int64, _ reeve.JobID) error {
		_, err := s.DevicesEver(ctx, account, []string{reeve.NewID(), reeve.NewID()})
		return err
	}, [2]string{"devices_id", "devices_id"}},
	"commands of a device": {func(ctx context.Context, s *Store, account, device int64, _ reeve.JobID) error {
		_, err := s.DeviceCommands(ctx, account, device, 0, 50)
		return err
	}, [2]string{"commands_device", "commands_device"}},
}

func logOf(q reeve.LogQuery) func(context.Context, *Store, int64, int64, reeve.JobID) error {
	return func(ctx context.Context, s *Store, account, _ int64, _ reeve.JobID) error {
		q.Limit = 50
		_, err := s.Log(ctx, account, q)
		return err
	}
}

func jobsOf(q reeve.JobQuery) func(context.Context, *Store, int64, int64, reeve.JobID) error {
	return func(ctx context.Context, s *Store, account, _ int64, _ reeve.JobID) error {
		q.Limit = 50
		_, err := s.Jobs(ctx, account, q)
		return err
	}
}

// SQLite has statistics of its tables only if somebody has said ANALYZE; the ways
// have to be the same without.
func TestHistoriesGoAlongIndexes(t *testing.T) {
	for _, where := range []struct {
		name, url string
		index     int
		explain   func(*testing.T, database, string, []any) string
		forgets   bool
	}{
		{"SQLite", filepath.Join(t.TempDir(), "reeve.db"), 0, explainSQLite, false},
		{"SQLite without statistics", filepath.Join(t.TempDir(), "reeve.db"), 0, explainSQLite, true},
		{"PostgreSQL", freshSchema(t), 1, explainPostgres, false},
	} {
		t.Run(where.name, func(t *testing.T) {
			s, err := Open(t.Context(), where.url, headKey)
			if err != nil {
				t.Fatal(err)
			}
			account, device, job := someHistory(t, s)
			if where.forgets {
				err = s.change(t.Context(), func(tx *tx) error { return tx.later("DELETE FROM sqlite_stat1") })
			}
			if err := errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			s = openIn(t, where.url) // SQLite reads what it knows of its tables when they are opened
			real := s.db
			for name, p := range historyPlans {
				watched := &spy{database: real}
				s.db = watched
				if err := p.ask(t.Context(), s, account, device, job); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				s.db = real
				var all []string
				for i, text := range watched.texts {
					plan := where.explain(t, real, text, watched.args[i])
					all = append(all, plan)
					for _, table := range []string{"audit", "jobs", "commands", "log_sums", "log_jobs", "log_lists", "log_devices", "devices"} {
						if strings.Contains(plan, "Seq Scan on "+table) || strings.Contains(plan+"\n", "SCAN "+table+"\n") {
							t.Errorf("%s reads a whole table:\n%s\n%s", name, text, plan)
						}
					}
				}
				if plan := strings.Join(all, "\n"); !strings.Contains(plan, p.indexes[where.index]) {
					t.Errorf("%s does not go along %s:\n%s", name, p.indexes[where.index], plan)
				}
			}
		})
	}
}

// someHistory is long enough for statistics to tell good ways from bad ones.
func someHistory(t *testing.T, s *Store) (account, device int64, job reeve.JobID) {
	t.Helper()
	account, _ = someFleet(t, s)
	for _, statement := range []string{
		`INSERT INTO audit (account, seq, at, event, source, actor, name, address, request_id, device, job, outcome, detail, prev, hash)
			SELECT $1, 10 + no, no * 1000000000, CASE WHEN no % 1000 = 1 THEN 'rare' WHEN no % 1000 = 2 THEN 'reports' ELSE 'usual' END, 1, '', '', '', '', 'd' || no, no, '', '', $2, $2 FROM devices`,
		"INSERT INTO log_kinds (account, event, source, action, events) VALUES ($1, 'rare', 1, '', 20), ($1, 'other', 1, '', 20), ($1, 'usual', 1, '', 19980)",
		`INSERT INTO log_sums (kind, seq, sum) SELECT k.no, a.seq, a.seq FROM audit AS a JOIN log_kinds AS k ON k.event = a.event AND k.account = $1 WHERE a.account = $1 AND a.seq > 10`,
		`INSERT INTO jobs (id, account, action, params, source, actor, name, address, request_id, comment, issued, deliver_by, finish_by, entries, unmatched,
				targets, succeeded, failed, expired, cancelled, not_applicable, refused, root, signature, seal_key, cancelled_at, retry_of)
			SELECT no, $1, CASE no % 9 WHEN 0 THEN 'exempt' ELSE 'scan_threats' END, '{}', no % 5, '', '', '', '', '', 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, $2, $2, $2, 0, 0 FROM devices`,
		"INSERT INTO commands (job, leaf, device, state, reason, percent, changed) SELECT no % 7 + 1, no, no, 3, 0, 0, 0 FROM devices WHERE account = $1",
		"INSERT INTO log_jobs (job, at, account, seq) SELECT no % 700, no, $1, 10 + no FROM devices WHERE account = $1",
		"ANALYZE",
	} {
		err := s.change(t.Context(), func(tx *tx) error {
			_, err := tx.exec(statement, argsOf(statement, account)...)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	device, _, err := first(t.Context(), s.db, number, "SELECT MIN(no) FROM devices WHERE account = $1", account)
	if err != nil {
		t.Fatal(err)
	}
	return account, device, 1
}

// argsOf are as many arguments as a statement has.
func argsOf(statement string, account int64) (args []any) {
	if strings.Contains(statement, "$1") {
		args = append(args, account)
	}
	if strings.Contains(statement, "$2") {
		args = append(args, make([]byte, 32))
	}
	return args
}
