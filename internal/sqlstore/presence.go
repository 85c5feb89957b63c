package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"reeve"
)

// Meet stores the Hellos of a batch of devices. Most agents say what they said
// before, so only what differs is written. Of several Hellos of one device the
// last counts.
func (s *Store) Meet(ctx context.Context, now time.Time, batch []reeve.Meeting) error {
	latest := make(map[int64]reeve.Meeting, len(batch))
	for _, m := range batch {
		latest[m.Device] = m
	}
	batch = slices.SortedFunc(maps.Values(latest), func(a, b reeve.Meeting) int { return cmp.Compare(a.Device, b.Device) })
	return s.change(ctx, func(t *tx) error {
		known, err := t.known(batch)
		if err != nil || len(known) == 0 {
			return err
		}
		batch := slices.DeleteFunc(batch, func(m reeve.Meeting) bool { _, ok := known[m.Device]; return !ok })
		said := changes{}
		if err := t.meetClasses(known, batch, said); err != nil {
			return err
		}
		if err := t.meetWords(batch, said); err != nil {
			return err
		}
		if err := t.meetFacts(batch); err != nil {
			return err
		}
		if err := t.meetMACs(now, known, batch, said); err != nil {
			return err
		}
		if err := t.logChanges(now, known, batch, said); err != nil {
			return err
		}
		return t.meetPresence(now, batch)
	})
}

// known returns the records, as far as they matter here, of those that exist.
func (t *tx) known(batch []reeve.Meeting) (map[int64]record, error) {
	these, arg := t.among(1, numbers("no", meetingDevices(batch)))
	found, err := all(t.ctx, t, func(r rows) (v record, err error) { return v, r.Scan(&v.No, &v.ID, &v.account, &v.class) },
		"SELECT d.no, d.id, d.account, d.class FROM devices AS d WHERE d.no "+these+" AND "+kept, arg)
	known := make(map[int64]record, len(found))
	for _, v := range found {
		known[v.No] = v
	}
	if err == nil {
		err = t.store.classes.know(t.ctx, t, func(yield func(int64) bool) {
			for _, v := range found {
				if !yield(v.class) {
					return
				}
			}
		})
	}
	return known, err
}

func meetingDevices(batch []reeve.Meeting) []int64 {
	devices := make([]int64, len(batch))
	for i, m := range batch {
		devices[i] = m.Device
	}
	return devices
}

// meetClasses moves devices whose agent has another version or other abilities
// than before. A class that somebody else has changed meanwhile stays, until
// the agent says hello again.
func (t *tx) meetClasses(known map[int64]record, batch []reeve.Meeting, said changes) error {
	var devices, from, to, accounts []int64
	for _, m := range batch {
		old := known[m.Device]
		class, _ := t.store.classes.class(old.class)
		if class.Version == m.Version && class.Abilities == m.Abilities {
			continue
		}
		if class.Version != m.Version {
			said.note(m.Device, "version", class.Version.String(), m.Version.String())
		}
		class.Version, class.Abilities = m.Version, m.Abilities
		number, err := t.classNumber(class)
		if err != nil {
			return err
		}
		devices, from, to = append(devices, m.Device), append(from, old.class), append(to, number)
		accounts = append(accounts, old.account)
	}
	if len(devices) == 0 {
		return nil
	}
	if err := t.lockAccounts(accounts); err != nil {
		return err
	}
	list, args := t.list("r", 1, numbers("no", devices), numbers("old", from), numbers("new", to))
	return t.later("UPDATE devices SET class = r.new FROM "+list+" WHERE devices.no = r.no AND devices.class = r.old", args...)
}

// lockAccounts locks several accounts in the order that all follow.
func (t *tx) lockAccounts(accounts []int64) error {
	these, arg := t.among(1, numbers("no", accounts))
	_, err := all(t.ctx, t, number,
		t.locking("SELECT no FROM accounts WHERE no "+these+" ORDER BY no"), arg)
	return err
}

func (t *tx) meetFacts(batch []reeve.Meeting) error {
	facts := make([]string, len(batch))
	for i, m := range batch {
		var err error
		if facts[i], err = encode(m.Facts, isZero(m.Facts)); err != nil {
			return err
		}
	}
	list, args := t.list("r", 1, numbers("device", meetingDevices(batch)), texts("facts", facts))
	return t.later(`INSERT INTO device_facts (device, facts, identity) SELECT device, facts, '' FROM `+list+` WHERE TRUE
		ON CONFLICT (device) DO UPDATE SET facts = excluded.facts WHERE device_facts.facts <> excluded.facts`, args...)
}

// meetMACs makes what the agents said the only addresses of their devices.
func (t *tx) meetMACs(now time.Time, known map[int64]record, batch []reeve.Meeting, said changes) error {
	these, arg := t.among(1, numbers("device", meetingDevices(batch)))
	had, err := all(t.ctx, t, func(r rows) (v owned, err error) { return v, r.Scan(&v.mac, &v.device) },
		"SELECT mac, device FROM macs WHERE device "+these, arg)
	if err != nil {
		return err
	}
	gone := make(map[owned]bool, len(had))
	for _, v := range had {
		gone[v] = true
	}
	added := map[int64][]owned{} // by account
	for _, m := range batch {
		for _, mac := range m.MACs {
			v := owned{int64(mac), m.Device}
			if !gone[v] {
				account := known[m.Device].account
				added[account] = append(added[account], v)
				said.list(m.Device, "macs_added", mac)
			}
			delete(gone, v)
		}
	}
	var macs, devices []int64
	for v := range gone {
		macs, devices = append(macs, v.mac), append(devices, v.device)
		said.list(v.device, "macs_removed", reeve.MAC(v.mac))
	}
	if len(macs) > 0 {
		list, args := t.list("r", 1, numbers("mac", macs), numbers("device", devices))
		err := t.later("DELETE FROM macs WHERE (device, mac) IN (SELECT device, mac FROM "+list+")", args...)
		if err != nil {
			return err
		}
	}
	for _, account := range slices.Sorted(maps.Keys(added)) {
		macs, devices = nil, nil
		for _, v := range added[account] {
			macs, devices = append(macs, v.mac), append(devices, v.device)
		}
		if err := t.addMACs(account, macs, devices); err != nil {
			return err
		}
		if err := t.noteDuplicates(now, account, macs, devices); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) meetPresence(now time.Time, batch []reeve.Meeting) error {
	addresses := make([]string, len(batch))
	for i, m := range batch {
		addresses[i] = clean(m.Address)
	}
	list, args := t.list("r", 2, numbers("device", meetingDevices(batch)), texts("address", addresses))
	return t.later(`INSERT INTO presence (device, account, online, last_seen, address)
		SELECT r.device, d.account, 1, CAST($1 AS BIGINT), r.address FROM `+list+` CROSS JOIN devices AS d WHERE d.no = r.device
		ON CONFLICT (device) DO UPDATE SET online = 1, last_seen = excluded.last_seen, address = excluded.address`,
		append([]any{micro(now)}, args...)...)
}

// Seen stores that these devices were heard at now and are online, or left.
func (s *Store) Seen(ctx context.Context, now time.Time, devices []int64, online bool) error {
	devices = slices.Compact(slices.Sorted(slices.Values(devices)))
	return s.change(ctx, func(t *tx) error {
		list, args := t.list("r", 3, numbers("device", devices))
		return t.later(`INSERT INTO presence (device, account, online, last_seen, address)
			SELECT r.device, d.account, CAST($1 AS BIGINT), CAST($2 AS BIGINT), '' FROM `+list+`
			CROSS JOIN devices AS d WHERE d.no = r.device AND `+kept+`
			ON CONFLICT (device) DO UPDATE SET online = excluded.online, last_seen = excluded.last_seen`,
			append([]any{flag(online), micro(now)}, args...)...)
	})
}

// NobodyOnline marks every device as away.
func (s *Store) NobodyOnline(ctx context.Context) error {
	return s.change(ctx, func(t *tx) error {
		return t.later("UPDATE presence SET online = 0 WHERE device IN (" +
			t.locking("SELECT device FROM presence WHERE online = 1 ORDER BY device") + ")")
	})
}
