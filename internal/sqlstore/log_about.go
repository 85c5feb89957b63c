package sqlstore

import (
	"slices"
	"strings"

	"reeve"
)

// ofJob finds the rows about a job, and those of reports that moved commands of it
// if reports are asked for: they are many, and the others few.
func (r *logReading) ofJob(b *binder) string {
	of, job := b.put(r.account), b.put(int64(r.q.Job))
	rows := "SELECT a.seq FROM audit AS a" + r.store.db.along("audit_job") + " WHERE a.job <> 0 AND a.job = " + job + " AND +a.account = " + of
	if slices.Contains(r.q.Events, reeve.Reports) || r.q.Device != "" {
		rows += " UNION SELECT l.seq FROM log_jobs AS l WHERE l.job = " + job + " AND l.account = " + of
	}
	return "seq " + r.store.db.page(rows)
}

// ofDevice finds the rows about a device: about it alone, or about many; and,
// unless the reading leaves its commands out, those about their jobs as a whole,
// and of the reports that moved them last: a command says when that was, so that
// of reports taken in the same microsecond all are found.
func (r *logReading) ofDevice(b *binder) string {
	db := r.store.db
	of, id := b.put(r.account), b.put(r.q.Device)
	device := " FROM devices AS d CROSS JOIN %s WHERE d.account = " + of + " AND d.id = " + id + " AND "
	from := func(tables string) string { return strings.Replace(device, "%s", tables, 1) }
	ways := []string{
		"SELECT a.seq FROM audit AS a" + db.along("audit_device") + " WHERE +a.account = " + of + " AND a.device <> '' AND a.device = " + id,
		"SELECT l.seq" + from("log_devices AS m CROSS JOIN log_lists AS l") + "m.device = d.no AND l.no = m.list AND l.account = " + of,
	}
	if !r.alone {
		const its = "c.device = d.no AND c.device >> 10 = d.no >> 10 AND " // SQLite's index needs the shift
		ways = append(ways,
			"SELECT a.seq"+from("commands AS c CROSS JOIN audit AS a"+db.along("audit_job"))+its+"a.job <> 0 AND a.job = c.job AND +a.account = "+of+
				" AND a.device || '' = '' AND NOT EXISTS (SELECT 1 FROM log_lists AS l WHERE l.account = "+of+" AND l.seq = a.seq)",
			"SELECT l.seq"+from("commands AS c CROSS JOIN log_jobs AS l")+its+"l.job = c.job AND l.at = c.changed AND l.account = "+of)
	}
	where := "seq " + db.page(strings.Join(ways, " UNION "))
	if r.q.Job != 0 {
		where += " AND " + r.ofJob(b)
	}
	return where
}
