package sqlstore

import (
	"context"
	"slices"
	"strings"

	"reeve"
)

// Finders returns what counts of devices that say what they saw.
func (s *Store) Finders(ctx context.Context, devices []int64) ([]reeve.Finder, error) {
	these, arg := s.db.among(1, numbers("no", devices))
	var classes []int64
	finders, err := all(ctx, s.db, func(r rows) (f reeve.Finder, err error) {
		var class int64
		err = r.Scan(&f.Device, &f.Account, &f.ID, &class)
		classes = append(classes, class)
		return f, err
	}, "SELECT d.no, d.account, d.id, d.class FROM devices AS d WHERE "+live+" AND d.no "+these+" ORDER BY d.no", arg)
	if err == nil {
		err = s.classes.know(ctx, s.db, slices.Values(classes))
	}
	for i := range finders {
		finders[i].Class, _ = s.classes.class(classes[i])
	}
	return finders, err
}

// Discover runs fn under the lock of the account.
func (s *Store) Discover(ctx context.Context, account int64, fn func(reeve.Discovering) error) error {
	err := s.change(ctx, func(t *tx) error {
		a, err := t.lockAccount(account)
		if err != nil {
			return err
		}
		return fn(&discovering{tx: t, account: a})
	})
	return conflict(err, deviceTaken)
}

type discovering struct {
	tx      *tx
	account reeve.Account
	added   []int64 // keys of the devices that were added
}

// Alike finds devices by MAC, by object and by hostname.
func (d *discovering) Alike(macs []reeve.MAC, objects, hostnames []string) ([]reeve.Device, error) {
	t := d.tx
	b := &binder{db: t, args: []any{d.account.No}}
	var ways []string
	if len(macs) > 0 {
		ways = append(ways, "SELECT device FROM macs WHERE account = $1 AND mac "+b.among(numbers("mac", macNumbers(macs))))
	}
	if len(objects) > 0 {
		ways = append(ways, "SELECT device FROM discoveries WHERE account = $1 AND object <> '' AND object "+b.among(texts("object", objects)))
	}
	if len(hostnames) > 0 {
		folded := make([]string, len(hostnames))
		for i, name := range hostnames {
			folded[i] = fold(clean(name))
		}
		ways = append(ways, "SELECT device FROM device_names WHERE account = $1 AND folded "+b.among(texts("folded", folded)))
	}
	if len(ways) == 0 {
		return nil, nil
	}
	return t.store.devices(t.ctx, t, "(SELECT * FROM devices AS d WHERE d.account = $1 AND "+live+
		" AND d.no IN ("+strings.Join(ways, " UNION ")+")) AS d", " ORDER BY d.no", b.args...)
}

// CountFound counts what agents found and is without an agent still.
func (d *discovering) CountFound() (map[int64]int64, error) {
	found := map[int64]int64{}
	_, err := all(d.tx.ctx, d.tx, func(r rows) (finder int64, err error) {
		var n int64
		err = r.Scan(&finder, &n)
		found[finder] = n
		return finder, err
	}, `SELECT y.finder, COUNT(*) FROM discoveries AS y CROSS JOIN devices AS d
		WHERE y.account = $1 AND y.finder > 0 AND d.no = y.device AND d.class & 7 IN (1, 2) GROUP BY y.finder`, d.account.No)
	return found, err
}

// Add adds devices that were found.
func (d *discovering) Add(devices []reeve.Device, finders []int64) error {
	t := d.tx
	nos, err := t.deviceNumbers(t.ctx, len(devices))
	if err != nil {
		return err
	}
	d.added = append(d.added, nos...)
	for i := range devices {
		devices[i].No, devices[i].Class.Standing = nos[i], reeve.Unknown
	}
	for chunk := range slices.Chunk(devices, t.chunk()) {
		if err := t.importChunk(d.account, nos[:len(chunk)], chunk); err != nil {
			return err
		}
		if err := t.describeFound(chunk); err != nil {
			return err
		}
		if err := t.meetDiscoveries(d.account.No, chunk, finders[:len(chunk)]); err != nil {
			return err
		}
		nos, finders = nos[len(chunk):], finders[len(chunk):]
	}
	return d.Saw(devices)
}

// Update stores what is new of devices that were found again.
func (d *discovering) Update(devices []reeve.Device) error {
	t := d.tx
	for chunk := range slices.Chunk(devices, t.chunk()) {
		nos, classes := make([]int64, len(chunk)), make([]int64, len(chunk))
		var macs, owners []int64
		for i, device := range chunk {
			var err error
			if classes[i], err = t.classNumber(device.Class); err != nil {
				return err
			}
			nos[i] = device.No
			for _, mac := range device.MACs {
				macs, owners = append(macs, int64(mac)), append(owners, device.No)
			}
		}
		list, args := t.list("r", 1, numbers("no", nos), numbers("class", classes))
		err := t.later("UPDATE devices SET class = r.class FROM "+list+" WHERE devices.no = r.no AND devices.class <> r.class", args...)
		if err == nil {
			err = t.addMACs(d.account.No, macs, owners)
		}
		if err == nil {
			err = t.describeFound(chunk)
		}
		if err == nil {
			err = t.meetDiscoveries(d.account.No, chunk, make([]int64, len(chunk)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// describeFound stores names and facts, as if the machine had told them itself.
func (t *tx) describeFound(devices []reeve.Device) error {
	told := make([]reeve.Meeting, len(devices))
	for i, d := range devices {
		told[i] = reeve.Meeting{Device: d.No, Hostname: d.Hostname, Facts: d.Facts}
	}
	if err := t.meetWords(told, changes{}); err != nil {
		return err
	}
	return t.meetFacts(told)
}

// meetDiscoveries stores discoveries; who found a device first stays.
func (t *tx) meetDiscoveries(account int64, devices []reeve.Device, finders []int64) error {
	n := len(devices)
	nos, origins, firsts := make([]int64, n), make([]int64, n), make([]int64, n)
	objects, seenBy := make([]string, n), make([]string, n)
	for i, d := range devices {
		nos[i], origins[i], firsts[i] = d.No, int64(d.Origin), micro(d.FirstSeen)
		objects[i], seenBy[i] = clean(d.Object), strings.Join(d.SeenBy, " ")
	}
	list, args := t.list("r", 2, numbers("device", nos), numbers("finder", finders), numbers("origin", origins),
		texts("object", objects), texts("seen_by", seenBy), numbers("first", firsts))
	return t.later(`INSERT INTO discoveries (device, account, finder, origin, object, seen_by, first)
		SELECT device, CAST($1 AS BIGINT), finder, origin, object, seen_by, first FROM `+list+` WHERE TRUE
		ON CONFLICT (device) DO UPDATE SET origin = excluded.origin, object = excluded.object, seen_by = excluded.seen_by`,
		append([]any{account}, args...)...)
}

// Saw stores when devices were last seen.
func (d *discovering) Saw(devices []reeve.Device) error {
	t := d.tx
	for chunk := range slices.Chunk(devices, t.chunk()) {
		nos, seen := make([]int64, len(chunk)), make([]int64, len(chunk))
		for i, device := range chunk {
			nos[i], seen[i] = device.No, micro(device.LastSeen)
		}
		list, args := t.list("r", 1, numbers("device", nos), numbers("seen", seen))
		err := t.later("UPDATE presence SET last_seen = r.seen FROM "+list+" WHERE presence.device = r.device AND presence.last_seen < r.seen", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Log appends an entry, about the devices that were added.
func (d *discovering) Log(entry reeve.AuditEntry) error { return d.tx.logNumbers(entry, d.added) }
