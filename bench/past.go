package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"reeve"
	"reeve/internal/control"
)

// What happened to the mixed fleet within a day: 10,000 jobs on five devices
// each, the first of which is always the same, three jobs on all, and between
// these 100,000 events of one device or none and 20,000 batches of reports. It
// is written as the server would have, but nothing is done to the devices.
const (
	smallJobs = 10_000
	logRows   = 13 * smallJobs // in turn ten events, two batches of reports and a small job
	logEvery  = 550 * time.Millisecond
	// greatReports are the batches of reports on a great job.
	greatReports = 5000
	infested     = 5000 // threats on the first device
)

// greatJobs are those on all devices, with how the command of device d stands.
var greatJobs = []struct{ action, state string }{
	{"exempt", "3"},
	{"ignore", "CASE WHEN d.no % 3 = 0 THEN 7 ELSE 3 END"},
	{"scan_threats", "CASE WHEN d.no % 250000 = 7 THEN 4 ELSE 3 END"},
}

// A past is a house with what figures have to know of its log.
type past struct {
	*house
	began time.Time
	great []reeve.JobID
	rows  []int64 // that tell of the great jobs
	last  int64   // row
	made  made
}

// What somebody has made in the console.
type made struct {
	app, export string // ids
	most        string // id of the group with most devices
	password    string // of the visitor
	proposal    reeve.JobID
}

// make makes it, once.
func (p *past) make(ctx context.Context) error {
	if p.made.password != "" {
		return nil
	}
	boss := reeve.Caller{Account: p.fleet.account.No, Source: reeve.FromConsole, Actor: "operator:bench", Scopes: reeve.RoleAdministrator.Scopes()}
	groups, err := p.store.Groups(ctx, boss.Account, reeve.GroupQuery{Limit: 1, Page: 1, Sort: "devices", Desc: true})
	if err != nil {
		return err
	}
	app, _, err := p.rules.CreateApp(ctx, boss, reeve.App{Name: "bench", Scopes: reeve.Scopes{reeve.Read}})
	if err != nil {
		return err
	}
	export, err := p.rules.CreateExport(ctx, boss, control.OutletSpec{Kind: reeve.SyslogOutlet, Name: "bench",
		Settings: reeve.OutletSettings{Network: "udp", Address: "127.0.0.1:514"}})
	if err != nil {
		return err
	}
	if _, err := p.rules.ChangeAccount(ctx, boss, func(a *reeve.Account) { a.Settings.ApproveAbove = 1000 }); err != nil {
		return err
	}
	proposed, err := p.rules.Place(ctx, boss, control.Order{Action: "ignore", All: true, Propose: true})
	if err != nil {
		return err
	}
	_, password, err := p.rules.CreateOperator(ctx, boss, reeve.Operator{Name: visitorName, Role: reeve.RoleAdministrator}, "")
	p.made = made{app.ClientID, export.ID, groups[0].ID, password, proposed.Proposal.ID}
	return err
}

var pasts = map[string]*past{}

// crowdWithPast is the mixed fleet after all that.
func crowdWithPast(ctx context.Context, kind string) (*past, error) {
	if p := pasts[kind]; p != nil {
		return p, nil
	}
	h, err := mixedCrowd(ctx, kind)
	if err != nil {
		return nil, err
	}
	p := &past{house: h, began: time.Now().Add(-logRows * logEvery).Truncate(time.Second)}
	began := time.Now()
	if err := p.write(ctx); err != nil {
		return nil, fmt.Errorf("writing the past: %w", err)
	}
	say("its past is there after %v", time.Since(began).Round(time.Second))
	pasts[kind] = p
	return p, nil
}

// write fills the tables and the log, and starts the server anew, as it is some
// time later: SQLite reads what it knows of its tables when they are opened.
func (p *past) write(ctx context.Context) error {
	if err := inTransaction(ctx, p.fleet.db, func(tx *sql.Tx) error {
		return p.fleet.bare(ctx, tx, []string{"commands"}, func() error { return p.writeJobs(ctx, tx) })
	}); err != nil {
		return err
	}
	if err := errors.Join(p.writeLog(ctx), p.placeReports(ctx)); err != nil {
		return err
	}
	settle := map[string][]string{sqlite: {"ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"}, postgres: {"VACUUM (ANALYZE)", "CHECKPOINT"}}
	if err := errors.Join(p.close(ctx), execAll(ctx, p.fleet.db, settle[p.fleet.kind]...)); err != nil {
		return err
	}
	anew, err := p.fleet.open(ctx)
	if err == nil {
		*p.house = *anew
	}
	return err
}

// at is when a row of the log was written, and small the job of the one that
// tells of a small job.
func (p *past) at(row int) time.Time { return p.began.Add(time.Duration(row) * logEvery) }

func (p *past) small(n int) reeve.JobID { return reeve.FirstJobID(p.at(13*n + 12)) }

func (p *past) writeJobs(ctx context.Context, tx *sql.Tx) error {
	exec := func(text string, args ...any) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	}
	numbers := "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	addJobs := func(action string, targets int, from string) error {
		return exec(fmt.Sprintf(`INSERT INTO jobs (id, account, action, params, source, actor, name, address, request_id, comment, issued, deliver_by,
				finish_by, entries, unmatched, targets, succeeded, failed, expired, cancelled, not_applicable, refused, root, signature, seal_key,
				cancelled_at, retry_of)
			SELECT j.id, %d, '%s', '{}', 1, 'app:bench', 'bench', '192.0.2.1', '', '', j.id / 1048576 * 1000, j.id / 1048576 * 1000,
				j.id / 1048576 * 1000, 0, 0, %d, 0, 0, 0, 0, 0, 0, $1, $1, $1, 0, 0 FROM (%s) AS j`, p.fleet.account.No, action, targets, from),
			make([]byte, 32))
	}
	err := errors.Join(
		addJobs("dhcprenew", 5, fmt.Sprintf(numbers+"SELECT %d + i * %d AS id FROM n", smallJobs-1, p.small(0), p.small(1)-p.small(0))),
		exec(fmt.Sprintf(`INSERT INTO commands (job, leaf, device, state, reason, percent, changed)
			SELECT j.id, l.i, 1 + l.i * (j.id / 1048576 * 7919 + l.i * 104729) %% %d, 3, 0, 0, j.id / 1048576 * 1000
			FROM jobs AS j CROSS JOIN (`+numbers+`SELECT i FROM n) AS l`, listed, 4)),
	)
	for i, g := range greatJobs {
		row := 13 * smallJobs / 4 * (i + 1)
		p.rows = append(p.rows, int64(row))
		job := reeve.FirstJobID(p.at(row)) + 1
		p.great = append(p.great, job)
		err = errors.Join(err,
			addJobs(g.action, listed, fmt.Sprintf("SELECT %d AS id", job)),
			exec(fmt.Sprintf(`INSERT INTO commands (job, leaf, device, state, reason, percent, changed)
				SELECT %d, d.no - 1, d.no, %s, 0, 0, %d FROM devices AS d ORDER BY d.no`, job, g.state, p.at(row).UnixMicro())))
	}
	for state, column := range map[int]string{3: "succeeded", 4: "failed", 7: "not_applicable"} {
		err = errors.Join(err, exec(fmt.Sprintf("UPDATE jobs SET %s = (SELECT COUNT(*) FROM commands AS c WHERE c.job = jobs.id AND c.state = %d)", column, state)))
	}
	return errors.Join(err, exec(fmt.Sprintf(`INSERT INTO threats (device, finding, path, signature, engine, size, sha256, md5, found_first, found_last, scans, job)
		`+numbers+`SELECT 1, i, '/srv/' || i, 'Eicar', 'clamav', 68, '', '', i, i, 1, 1 FROM n
		UNION ALL SELECT no, 0, '/srv/0', 'Eicar', 'clamav', 68, '', '', no, no, 1, 1 FROM devices WHERE no %% 5000 = 7`, infested-1)),
		exec(`INSERT INTO infested (device, account, threats, last)
			SELECT t.device, d.account, COUNT(*), MAX(t.found_last) FROM threats AS t CROSS JOIN devices AS d WHERE d.no = t.device GROUP BY t.device, d.account`))
}

func (p *past) writeLog(ctx context.Context) error {
	head, _, err := p.store.Head(ctx, p.fleet.account.No)
	if err != nil {
		return err
	}
	var batch []reeve.AuditEntry
	for row := range logRows {
		batch = append(batch, p.entry(row))
		if len(batch) == 2000 || row == logRows-1 {
			if err := p.store.Append(ctx, batch...); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	for i := range p.rows {
		p.rows[i] += head.Seq + 1
	}
	p.last = head.Seq + logRows
	return nil
}

// placeReports has each small job found in its two rows of reports, and the great
// one of agents in greatReports.
func (p *past) placeReports(ctx context.Context) error {
	const numbers = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO log_jobs (job, at, account, seq) "
	first := p.last - logRows + 1
	step := p.small(1) - p.small(0)
	return execAll(ctx, p.fleet.db,
		fmt.Sprintf(numbers+"SELECT %d + i * %d, (%d + i * %d) / 1048576 * 1000, %d, %d + 13 * i + r.at FROM n CROSS JOIN (SELECT 10 AS at UNION ALL SELECT 11) AS r",
			smallJobs-1, p.small(0), step, p.small(0), step, p.fleet.account.No, first),
		fmt.Sprintf(numbers+"SELECT %d, i, %d, %d + 13 * i + 10 FROM n", greatReports-1, p.great[2], p.fleet.account.No, first))
}

// entry is a row of the log.
func (p *past) entry(row int) reeve.AuditEntry {
	e := reeve.AuditEntry{Account: p.fleet.account.No, At: p.at(row), Event: "device_enrolled", Source: reeve.FromAgent, Actor: "agents", Outcome: "ok"}
	placed := func(job reeve.JobID, action string, targets, passed int) {
		e.Event, e.Source, e.Job = reeve.JobPlaced, reeve.FromOAuthAPI, job
		e.Detail = fmt.Sprintf(`{"action":"%s","targets":%d,"not_applicable":%d}`, action, targets, passed)
	}
	for i, great := range p.rows {
		if great == int64(row) {
			placed(p.great[i], greatJobs[i].action, listed, i%2*(listed/3))
			return e
		}
	}
	switch n := row % 13; {
	case n == 12:
		placed(p.small(row/13), "dhcprenew", 5, 0)
	case n > 9:
		e.Event, e.Detail = reeve.Reports, fmt.Sprintf(`{"commands":"%s:0-4"}`, p.small(row/13))
	case n > 7:
		e.Event, e.Source = "group_changed", reeve.FromConsole
	case row%5000 == 3:
		e.Event, e.Source = "webhook_failed", reeve.FromSystem
	default:
		e.Device = p.fleet.ids[rand.IntN(listed)]
	}
	return e
}
