package sqlstore

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"reeve"
)

var (
	yes, no = true, false
	someRow = reeve.DeviceRow{No: 7, Hostname: "host-7.example", LastSeen: time.UnixMicro(-1)}
)

// plans says along which index each list goes, in SQLite and PostgreSQL.
var plans = map[string]struct {
	query   reeve.DeviceQuery
	indexes [2]string
}{
	// In a database of one account, PostgreSQL may as well take the table's own order.
	"by record":           {reeve.DeviceQuery{}, [2]string{"devices_live", "Index"}},
	"standing":            {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Ignored}}, [2]string{"devices_class", "devices_class"}},
	"several standings":   {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Ignored, reeve.Archived}}, [2]string{"devices_class", "devices_class"}},
	"system":              {reeve.DeviceQuery{Systems: []reeve.System{reeve.Linux}}, [2]string{"devices_class", "devices_class"}},
	"agent kind":          {reeve.DeviceQuery{Kinds: []reeve.AgentKind{reeve.Mobile}}, [2]string{"devices_class", "devices_class"}},
	"group":               {reeve.DeviceQuery{GroupIDs: []string{"{group}"}}, [2]string{"devices_group_class", "devices_group_class"}},
	"type":                {reeve.DeviceQuery{Types: []string{"laptop"}}, [2]string{"device_names_type", "device_names_type"}},
	"connected":           {reeve.DeviceQuery{Presence: []reeve.Presence{reeve.Connected}}, [2]string{"presence_day", "presence_day"}},
	"unseen":              {reeve.DeviceQuery{Presence: []reeve.Presence{reeve.Unseen}}, [2]string{"presence_day", "presence_day"}},
	"search":              {reeve.DeviceQuery{Search: "st-77.ex"}, [2]string{"VIRTUAL TABLE", "device_names_words"}},
	"search of MAC":       {reeve.DeviceQuery{Search: "02:00:00:00:10", In: []reeve.DeviceName{reeve.InMAC}}, [2]string{"macs", "macs_pkey"}},
	"search of id":        {reeve.DeviceQuery{Search: "0123456", In: []reeve.DeviceName{reeve.InID}}, [2]string{"devices_id", "devices_id"}},
	"online":              {reeve.DeviceQuery{Online: &yes}, [2]string{"presence_day", "presence_day"}},
	"seen in a week":      {reeve.DeviceQuery{Online: &no, Seen: reeve.Span{Until: time.Unix(1, 1)}}, [2]string{"presence_day", "presence_day"}},
	"added":               {reeve.DeviceQuery{Added: reeve.Span{Since: time.Unix(1, 0)}}, [2]string{"devices_added", "devices_added"}},
	"enrolled":            {reeve.DeviceQuery{Enrolled: reeve.Span{Until: time.Now()}}, [2]string{"devices_enrolled", "devices_enrolled"}},
	"infested":            {reeve.DeviceQuery{Infested: true}, [2]string{"infested", "infested"}},
	"version":             {reeve.DeviceQuery{Versions: []reeve.Version{{26, 11}}}, [2]string{"devices_class", "devices_class"}},
	"behind a hostname":   {reeve.DeviceQuery{Sort: reeve.ByHostname, AfterRow: &someRow}, [2]string{"device_names_folded", "device_names_folded"}},
	"before one":          {reeve.DeviceQuery{Sort: reeve.ByHostname, BeforeRow: &someRow, Systems: []reeve.System{reeve.Linux}}, [2]string{"device_names_folded", "device_names_folded"}},
	"behind a last seen":  {reeve.DeviceQuery{Sort: reeve.ByLastSeen, AfterRow: &someRow}, [2]string{"presence_away", "presence_away"}},
	"of those away":       {reeve.DeviceQuery{Sort: reeve.ByLastSeen, AfterRow: &someRow, Online: &no}, [2]string{"presence_away", "presence_away"}},
	"group by hostname":   {reeve.DeviceQuery{Sort: reeve.ByHostname, GroupIDs: []string{"{group}"}, AfterRow: &someRow}, [2]string{"devices_group_folded", "devices_group_folded"}},
	"page by hostname":    {reeve.DeviceQuery{Page: 3, Sort: reeve.ByHostname}, [2]string{"device_names_folded", "device_names_folded"}},
	"page by last seen":   {reeve.DeviceQuery{Page: 3, Sort: reeve.ByLastSeen, Desc: true}, [2]string{"presence_away", "presence_away"}},
	"page by record":      {reeve.DeviceQuery{Page: 3}, [2]string{"devices_live", "Index"}},
	"page of a narrow":    {reeve.DeviceQuery{Page: 3, Sort: reeve.ByHostname, Systems: []reeve.System{reeve.Linux}}, [2]string{"devices_class", "devices_class"}},
	"page of few, sought": {reeve.DeviceQuery{Page: 1, Sort: reeve.ByHostname, Search: "st-77.ex"}, [2]string{"VIRTUAL TABLE", "device_names_words"}},
}

// spy remembers what a database is asked.
type spy struct {
	database
	texts []string
	args  [][]any
}

func (s *spy) query(ctx context.Context, text string, args ...any) (rows, error) {
	s.texts, s.args = append(s.texts, text), append(s.args, slices.Clone(args))
	return s.database.query(ctx, text, args...)
}

func (s *spy) queryAsIs(ctx context.Context, text string, args ...any) (rows, error) {
	s.texts, s.args = append(s.texts, text), append(s.args, slices.Clone(args))
	return s.database.queryAsIs(ctx, text, args...)
}

func TestListsGoAlongIndexes(t *testing.T) {
	for i, url := range []string{filepath.Join(t.TempDir(), "reeve.db"), freshSchema(t)} {
		s := openIn(t, url)
		account, group := someFleet(t, s)
		explain := explainSQLite
		if i == 1 {
			explain = explainPostgres
			if _, _, err := first(t.Context(), s.db, number, "SELECT gin_clean_pending_list('device_names_words')"); err != nil {
				t.Fatal(err)
			}
		}
		real := s.db
		for name, p := range plans {
			q := p.query
			q.Limit, q.Now, q.UnseenAfter = 50, time.Now(), 30*24*time.Hour
			if q.GroupIDs != nil {
				q.GroupIDs = []string{group}
			}
			watched := &spy{database: real}
			s.db = watched
			if _, err := s.Devices(t.Context(), account, q); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, err := s.LookForDevices(t.Context(), account, q, 1); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, err := s.CountUpTo(t.Context(), account, q, 10_000, 1); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.db = real
			var all []string
			for i, text := range watched.texts {
				plan := explain(t, real, text, watched.args[i])
				all = append(all, plan)
				for _, table := range []string{"devices", "device_names", "presence", "macs", "device_facts"} {
					if strings.Contains(plan, "Seq Scan on "+table) || strings.Contains(plan+"\n", "SCAN "+table+"\n") {
						t.Errorf("%s reads a whole table:\n%s\n%s", name, text, plan)
					}
				}
			}
			if plan := strings.Join(all, "\n"); !strings.Contains(plan, p.indexes[i]) {
				t.Errorf("%s does not go along %s:\n%s", name, p.indexes[i], plan)
			}
		}
	}
}

// someFleet is large enough for statistics to tell good ways from bad ones.
func someFleet(t *testing.T, s *Store) (account int64, group string) {
	t.Helper()
	a := addAccount(t, s, "acme")
	g, err := s.AddGroup(t.Context(), a.No, reeve.Group{ID: reeve.NewID(), Name: "Lab"}, reeve.AuditEntry{Account: a.No})
	if err != nil {
		t.Fatal(err)
	}
	devices := make([]reeve.Device, 20_000)
	for i := range devices {
		devices[i] = reeve.Device{ID: reeve.NewID(), Hostname: fmt.Sprintf("host-%d.example", i), MACs: []reeve.MAC{0x020000000000 + reeve.MAC(i)},
			Class: reeve.Class{System: reeve.System(1 + i%3)}}
	}
	if err := s.Import(t.Context(), a.No, func(tx reeve.Importing) error { return tx.Add(devices, reeve.AuditEntry{Account: a.No}) }); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"UPDATE device_names SET type = 'laptop' WHERE device % 9 = 0", "UPDATE presence SET online = 1, last_seen = 1 WHERE device % 7 = 0",
		fmt.Sprintf("UPDATE devices SET group_no = %d WHERE no %% 5 = 0", g.No), "UPDATE devices SET class = class + 1 WHERE no % 5000 = 0",
		"UPDATE devices SET class = class + 3 WHERE no % 400 = 3 AND class & 7 = 1",
		"INSERT INTO classes (kind, system, version, abilities) VALUES (1, 3, '26.11', 0), (3, 4, '26.11', 0)",
		"UPDATE devices SET class = (SELECT MAX(no) FROM classes) * 8 WHERE no % 11 = 0", "ANALYZE",
	} {
		err := s.change(t.Context(), func(tx *tx) error {
			_, err := tx.exec(statement)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s.classes = classes{}
	return a.No, g.ID
}

func explainSQLite(t *testing.T, db database, text string, args []any) string {
	t.Helper()
	lines, err := all(t.Context(), db, func(r rows) (detail string, err error) {
		var id, parent, unused int64
		return detail, r.Scan(&id, &parent, &unused, &detail)
	}, "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Join(lines, "\n")
}

// explainPostgres shows the plan for these arguments.
func explainPostgres(t *testing.T, db database, text string, args []any) string {
	t.Helper()
	conn, err := db.(*postgresDB).pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	rows, err := conn.Query(t.Context(), "EXPLAIN "+text, append([]any{pgx.QueryExecModeSimpleProtocol}, args...)...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Join(lines, "\n")
}
