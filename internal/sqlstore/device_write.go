package sqlstore

import (
	"context"
	"reflect"
	"slices"

	"reeve"
)

const deviceTaken = "a device with this id or key exists already"

// Import runs fn under the lock of the account.
func (s *Store) Import(ctx context.Context, account int64, fn func(reeve.Importing) error) error {
	err := s.change(ctx, func(t *tx) error {
		a, err := t.lockAccount(account)
		if err != nil {
			return err
		}
		return fn(importing{t, a})
	})
	return conflict(err, deviceTaken)
}

type importing struct {
	tx      *tx
	account reeve.Account
}

// Alike finds devices by MAC, and by hostname those without one.
func (i importing) Alike(macs []reeve.MAC, hostnames []string) ([]reeve.Device, error) {
	t := i.tx
	folded, asked := make([]string, len(hostnames)), map[string]bool{}
	for n, name := range hostnames {
		folded[n] = fold(clean(name))
		asked[clean(name)] = true
	}
	found, err := t.store.byMAC(t.ctx, t, i.account.No, macs)
	if err != nil || len(hostnames) == 0 {
		return found, err
	}
	these, arg := t.among(2, texts("folded", folded))
	named, err := t.store.devices(t.ctx, t, "(SELECT * FROM devices AS d WHERE "+live+
		" AND d.no IN (SELECT device FROM device_names WHERE account = $1 AND folded "+these+")"+
		" AND NOT EXISTS (SELECT 1 FROM macs AS m WHERE m.device = d.no)) AS d", "", i.account.No, arg)
	return append(found, slices.DeleteFunc(named, func(d reeve.Device) bool { return !asked[d.Hostname] })...), err
}

// Add adds devices that nobody enrolled. Of each it keeps id, class, names, MACs
// and when it was added.
func (i importing) Add(devices []reeve.Device, entry reeve.AuditEntry) error {
	t := i.tx
	nos, err := t.deviceNumbers(t.ctx, len(devices))
	if err == nil {
		err = t.logNumbers(entry, nos)
	}
	if err != nil {
		return err
	}
	rest := nos
	for chunk := range slices.Chunk(devices, t.chunk()) {
		if err := t.importChunk(i.account, rest[:len(chunk)], chunk); err != nil {
			return err
		}
		rest = rest[len(chunk):]
	}
	for n := range devices {
		devices[n].No = nos[n]
		devices[n].Class.Standing = reeve.Unknown
	}
	return nil
}

func (t *tx) importChunk(a reeve.Account, nos []int64, devices []reeve.Device) error {
	n := len(devices)
	classes, added := make([]int64, n), make([]int64, n)
	ids, hostnames, nicknames, hardware := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	folded, nicks := make([]string, n), make([]string, n)
	var macs, owners []int64
	for i, d := range devices {
		var err error
		d.Class.Standing = reeve.Unknown
		if classes[i], err = t.classNumber(d.Class); err != nil {
			return err
		}
		ids[i], added[i] = d.ID, micro(d.AddedAt)
		hostnames[i], nicknames[i], hardware[i] = clean(d.Hostname), clean(d.Nickname), clean(d.HardwareID)
		folded[i], nicks[i] = fold(hostnames[i]), fold(nicknames[i])
		for _, m := range d.MACs {
			macs, owners = append(macs, int64(m)), append(owners, nos[i])
		}
	}
	if err := t.refuseTaken(a.No, ids); err != nil {
		return err
	}
	list, args := t.list("r", 3, numbers("no", nos), texts("id", ids), numbers("class", classes), numbers("added", added), texts("folded", folded))
	err := t.later(`INSERT INTO devices (no, account, id, class, key, group_no, added, enrolled, archived, erase_at, folded)
		SELECT no, CAST($1 AS BIGINT), id, class, NULL, CAST($2 AS BIGINT), added, 0, 0, 0, folded FROM `+list,
		append([]any{a.No, a.DefaultGroup}, args...)...)
	if err != nil {
		return err
	}
	list, args = t.list("r", 2, numbers("no", nos), texts("hostname", hostnames), texts("folded", folded),
		texts("nickname", nicknames), texts("nick", nicks), texts("hardware_id", hardware))
	err = t.later(`INSERT INTO device_names (device, account, hostname, folded, nickname, nick, hardware_id)
		SELECT no, CAST($1 AS BIGINT), hostname, folded, nickname, nick, hardware_id FROM `+list, append([]any{a.No}, args...)...)
	if err != nil {
		return err
	}
	if err := t.session.index(t.ctx, nos); err != nil {
		return err
	}
	list, args = t.list("r", 2, numbers("no", nos))
	err = t.later(`INSERT INTO presence (device, account, online, last_seen, address)
		SELECT no, CAST($1 AS BIGINT), 0, 0, '' FROM `+list, append([]any{a.No}, args...)...)
	if err != nil {
		return err
	}
	return t.addMACs(a.No, macs, owners)
}

// refuseTaken makes sure that no id is used twice. SQLite has no unique index
// over ids, since the one that lookups read has more columns.
func (t *tx) refuseTaken(account int64, ids []string) error {
	sorted := slices.Sorted(slices.Values(ids))
	these, arg := t.among(2, texts("id", ids))
	used, _, err := first(t.ctx, t, number, "SELECT COUNT(*) FROM devices WHERE account = $1 AND id "+these, account, arg)
	if err == nil && (used > 0 || len(slices.Compact(sorted)) < len(ids)) {
		err = reeve.Errorf(reeve.Conflict, deviceTaken)
	}
	return err
}

// addMACs gives owners[i] the address macs[i].
func (t *tx) addMACs(account int64, macs, owners []int64) error {
	if len(macs) == 0 {
		return nil
	}
	list, args := t.list("r", 2, numbers("mac", macs), numbers("device", owners))
	return t.later(`INSERT INTO macs (account, mac, device) SELECT CAST($1 AS BIGINT), mac, device FROM `+list+
		` WHERE TRUE ON CONFLICT DO NOTHING`, append([]any{account}, args...)...)
}

// setMACs makes these the only addresses of a device.
func (t *tx) setMACs(account, device int64, macs []reeve.MAC) error {
	these, arg := t.among(2, numbers("mac", macNumbers(macs)))
	err := t.later("DELETE FROM macs WHERE device = $1 AND NOT mac "+these, device, arg)
	if err != nil {
		return err
	}
	return t.addMACs(account, macNumbers(macs), slices.Repeat([]int64{device}, len(macs)))
}

// insertDevice writes the row of a new device.
func (t *tx) insertDevice(account int64, d *reeve.Device, class, group int64) error {
	if err := t.refuseTaken(account, []string{d.ID}); err != nil {
		return err
	}
	nos, err := t.deviceNumbers(t.ctx, 1)
	if err != nil {
		return err
	}
	d.No = nos[0]
	return t.later(`INSERT INTO devices (no, account, id, class, key, group_no, added, enrolled, archived, erase_at, folded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)`, d.No, account, d.ID, class, keyColumn(d.Key), group,
		micro(d.AddedAt), micro(d.EnrolledAt), micro(d.ArchivedAt), fold(clean(d.Hostname)))
}

// updateDevice writes the row of a device that exists. A device that is not
// archived is not to be erased either.
func (t *tx) updateDevice(d reeve.Device, class, group int64) error {
	return t.later(`UPDATE devices SET class = $2, key = $3, group_no = $4, enrolled = $5, archived = $6, folded = $7,
		erase_at = CASE WHEN CAST($6 AS BIGINT) = 0 THEN 0 ELSE erase_at END WHERE no = $1`, d.No, class, keyColumn(d.Key), group,
		micro(d.EnrolledAt), micro(d.ArchivedAt), fold(clean(d.Hostname)))
}

// describe writes what stands beside the row.
func (t *tx) describe(account int64, d reeve.Device) error {
	if err := t.exempt([]int64{d.No}, d.Exempt, d.ExemptUntil); err != nil {
		return err
	}
	if err := t.session.forget(t.ctx, []int64{d.No}); err != nil {
		return err
	}
	w := wordsOf(d)
	err := t.later(`INSERT INTO device_names (device, account, hostname, folded, nickname, nick, users, addresses, type, hardware_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (device) DO UPDATE SET hostname = excluded.hostname, folded = excluded.folded, nickname = excluded.nickname,
			nick = excluded.nick, users = excluded.users, addresses = excluded.addresses, type = excluded.type, hardware_id = excluded.hardware_id`,
		d.No, account, w.hostname, w.folded, clean(d.Nickname), fold(clean(d.Nickname)), w.users, w.addresses, w.kind, clean(d.HardwareID))
	if err == nil {
		err = t.session.index(t.ctx, []int64{d.No})
	}
	if err != nil {
		return err
	}
	facts, err := encode(d.Facts, isZero(d.Facts))
	if err != nil {
		return err
	}
	identity, err := encode(d.Identity, len(d.Identity) == 0)
	if err != nil {
		return err
	}
	err = t.later(`INSERT INTO device_facts (device, facts, identity) VALUES ($1, $2, $3)
		ON CONFLICT (device) DO UPDATE SET facts = excluded.facts, identity = excluded.identity`, d.No, facts, identity)
	if err != nil {
		return err
	}
	if err := t.setMACs(account, d.No, d.MACs); err != nil {
		return err
	}
	return t.later(`INSERT INTO presence (device, account, online, last_seen, address) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (device) DO UPDATE SET online = excluded.online, last_seen = excluded.last_seen, address = excluded.address`,
		d.No, account, flag(d.Online), micro(d.LastSeen), clean(d.PublicIP))
}

func isZero(f reeve.Facts) bool { return reflect.ValueOf(f).IsZero() }
