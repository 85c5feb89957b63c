package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"reeve"
)

const ofDevice = " FROM threats AS t JOIN devices AS d ON d.no = t.device WHERE t.device = $2 AND d.account = $1 AND " + live

const threatColumns = "SELECT t.path, t.signature, t.engine, t.size, t.sha256, t.md5, t.found_first, t.found_last, t.scans, t.quarantine, t.finding"

func scanThreat(r rows) (t reeve.Threat, err error) {
	var first, last int64
	err = r.Scan(&t.Path, &t.Signature, &t.Engine, &t.Size, &t.SHA256, &t.MD5, &first, &last, &t.Scans, &t.Quarantine, &t.Key)
	t.First, t.Last = fromMicro(first), fromMicro(last)
	return t, err
}

// Threats returns one page of a device's threats, last found first.
func (s *Store) Threats(ctx context.Context, account, device int64, limit, page int) ([]reeve.Threat, error) {
	return all(ctx, s.db, scanThreat, threatColumns+ofDevice+
		" ORDER BY t.found_last DESC, t.finding LIMIT $3 OFFSET $4", account, device, limit, (page-1)*limit)
}

// ThreatsAfter returns the threats behind one of them.
func (s *Store) ThreatsAfter(ctx context.Context, account, device int64, last time.Time, key int64, limit int) ([]reeve.Threat, error) {
	if last.IsZero() {
		return s.Threats(ctx, account, device, limit, 1)
	}
	return all(ctx, s.db, scanThreat, threatColumns+ofDevice+` AND (t.found_last < $3 OR (t.found_last = $3 AND t.finding > $4))
		ORDER BY t.found_last DESC, t.finding LIMIT $5`, account, device, micro(last), key, limit)
}

// CountThreats returns how many threats of a device are known.
func (s *Store) CountThreats(ctx context.Context, account, device int64) (int64, error) {
	n, _, err := first(ctx, s.db, number, "SELECT COUNT(*)"+ofDevice, account, device)
	return n, err
}

// A finding is a threat of a report, under the key that it has on its device.
type finding struct {
	move   *move
	threat *reeve.Threat
	key    int64
}

// writeThreats keeps what scans found. A scan counts once, also if its report
// comes again late.
func (t *tx) writeThreats(now time.Time, moves []*move) error {
	var found []finding
	type place struct{ device, key int64 }
	seen := map[place]int{}
	for _, m := range moves {
		for i := range m.threats {
			f := finding{m, &m.threats[i], keyOf(&m.threats[i])}
			at := place{m.device, f.key}
			if n, twice := seen[at]; twice { // by two scans of one batch, or two areas of one scan
				found[n] = f
				continue
			}
			seen[at] = len(found)
			found = append(found, f)
		}
	}
	for chunk := range slices.Chunk(found, t.chunk()) {
		if err := t.writeFindings(now, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) writeFindings(now time.Time, found []finding) error {
	n := len(found)
	devices, jobs, keys, sizes := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	paths, signatures, engines := make([]string, n), make([]string, n), make([]string, n)
	sha256s, md5s, away := make([]string, n), make([]string, n), make([]string, n)
	for i, f := range found {
		devices[i], jobs[i], keys[i], sizes[i] = f.move.device, int64(f.move.id.Job), f.key, f.threat.Size
		paths[i], signatures[i], engines[i] = clean(f.threat.Path), clean(f.threat.Signature), clean(f.threat.Engine)
		sha256s[i], md5s[i], away[i] = clean(f.threat.SHA256), clean(f.threat.MD5), clean(f.threat.Quarantine)
	}
	list, args := t.list("r", 2, numbers("device", devices), numbers("job", jobs), numbers("finding", keys), numbers("size", sizes),
		texts("path", paths), texts("signature", signatures), texts("engine", engines), texts("sha256", sha256s), texts("md5", md5s), texts("away", away))
	err := t.later(`INSERT INTO threats (device, finding, path, signature, engine, size, sha256, md5, found_first, found_last, scans, job, quarantine)
		SELECT r.device, r.finding, r.path, r.signature, r.engine, r.size, r.sha256, r.md5,
			CAST($1 AS BIGINT), CAST($1 AS BIGINT), 1, r.job, r.away
		FROM `+list+` WHERE TRUE
		ON CONFLICT (device, finding) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, md5 = excluded.md5,
			found_last = excluded.found_last,
			scans = threats.scans + CASE WHEN excluded.job > threats.job THEN 1 ELSE 0 END,
			job = CASE WHEN excluded.job > threats.job THEN excluded.job ELSE threats.job END,
			quarantine = excluded.quarantine`, append([]any{micro(now)}, args...)...)
	if err != nil {
		return err
	}
	these, arg := t.among(1, numbers("device", devices))
	return t.later(`INSERT INTO infested (device, account, threats, last)
		SELECT t.device, d.account, COUNT(*), MAX(t.found_last) FROM threats AS t CROSS JOIN devices AS d
		WHERE t.device `+these+` AND d.no = t.device GROUP BY t.device, d.account
		ON CONFLICT (device) DO UPDATE SET threats = excluded.threats, last = excluded.last`, arg)
}

// writeRestored notes what came back from quarantine. The device's key in the
// condition keeps an agent from speaking of another's.
func (t *tx) writeRestored(moves []*move) error {
	var devices []int64
	var names []string
	for _, m := range moves {
		for _, name := range m.restored {
			devices, names = append(devices, m.device), append(names, clean(name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	list, args := t.list("r", 1, numbers("device", devices), texts("name", names))
	return t.later(`UPDATE threats SET quarantine = '' FROM `+list+`
		WHERE threats.device = r.device AND threats.quarantine = r.name`, args...)
}

// PutAway returns the devices that have one of these files in quarantine.
func (p *placing) PutAway(which reeve.Quarantined) ([]int64, error) {
	b := &binder{db: p.tx}
	where := "i.account = " + b.put(p.account.No)
	if which.SHA256 != "" {
		where += " AND t.sha256 = " + b.put(which.SHA256)
	}
	if which.Signature != "" {
		where += " AND t.signature = " + b.put(clean(which.Signature))
	}
	return all(p.tx.ctx, p.tx, number, `SELECT DISTINCT t.device FROM infested AS i CROSS JOIN threats AS t
		WHERE t.device = i.device AND t.quarantine <> '' AND `+where+" ORDER BY t.device", b.args...)
}

// detections are, by account, the commands of a batch that found threats.
type detections map[int64]*detection

// A detection is what the log says of them. Which threats they are is in the
// threats of their devices.
type detection struct {
	Threats  int        `json:"threats"`
	Commands reeve.Runs `json:"commands"`

	found []reeve.CommandID // as Commands
}

func (d detections) add(account int64, m *move) {
	if d[account] == nil {
		d[account] = &detection{}
	}
	d[account].Threats += len(m.threats)
	d[account].found = append(d[account].found, m.id)
}

// logDetections tells of found threats in one row for each account.
func (t *tx) logDetections(now time.Time, found detections) error {
	for account, d := range found {
		d.Commands = reeve.RunsOf(d.found)
		detail, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encoding the entry of found threats: %w", err)
		}
		e := system(account, now, reeve.ThreatsFound)
		e.Source, e.Actor, e.Detail = reeve.FromAgent, "agents", string(detail)
		t.log(e)
	}
	return nil
}

// keyOf tells one finding on a device from another. Two that met would be told
// as one, and they do so once in 2^64.
func keyOf(t *reeve.Threat) int64 {
	sum := sha256.Sum256([]byte(t.Path + "\x00" + t.Signature + "\x00" + t.Engine))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
