package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reeve"
)

var noDevice = reeve.Errorf(reeve.NotFound, "there is no such device in this account")

// A device is put together from six tables, of which each device has a row in
// the first two.
const (
	deviceColumns = `SELECT d.no, d.id, d.class, d.key, COALESCE(e.kind, 0), COALESCE(e.until, 0), d.added, d.enrolled, d.archived, d.account,
		g.id, g.name, n.hostname, n.nickname, n.custom_id, n.linked_user, n.linked_team, n.hardware_id, COALESCE(f.facts, ''), COALESCE(f.identity, ''),
		COALESCE(p.online, 0), COALESCE(p.last_seen, 0), COALESCE(p.address, ''),
		COALESCE(y.origin, 1), COALESCE(y.object, ''), COALESCE(y.seen_by, ''), COALESCE(y.first, 0),
		COALESCE((SELECT string_agg(CAST(m.mac AS TEXT), ' ') FROM macs AS m WHERE m.device = d.no), '') FROM `
	deviceJoins = ` JOIN device_names AS n ON n.device = d.no JOIN device_groups AS g ON g.no = d.group_no
		LEFT JOIN exemptions AS e ON e.device = d.no LEFT JOIN device_facts AS f ON f.device = d.no LEFT JOIN presence AS p ON p.device = d.no
		LEFT JOIN discoveries AS y ON y.device = d.no`
)

// record is a device as it is read: its class is still a number.
type record struct {
	reeve.Device
	class, account int64
}

func scanRecord(r rows) (v record, err error) {
	d := &v.Device
	var exempt, exemptUntil, added, enrolled, archived, online, lastSeen, origin, firstSeen int64
	var key []byte
	var facts, identity, seenBy, macs string
	err = r.Scan(&d.No, &d.ID, &v.class, &key, &exempt, &exemptUntil, &added, &enrolled, &archived, &v.account,
		&d.GroupID, &d.GroupName, &d.Hostname, &d.Nickname, &d.CustomID, &d.LinkedUser, &d.LinkedTeam, &d.HardwareID, &facts, &identity,
		&online, &lastSeen, &d.PublicIP, &origin, &d.Object, &seenBy, &firstSeen, &macs)
	if err != nil {
		return v, err
	}
	d.Key, d.Exempt, d.ExemptUntil = toKey(key), reeve.Exemption(exempt), fromMicro(exemptUntil)
	d.AddedAt, d.EnrolledAt, d.ArchivedAt = fromMicro(added), fromMicro(enrolled), fromMicro(archived)
	d.Online, d.LastSeen = online != 0, fromMicro(lastSeen)
	d.FirstSeen = fromMicro(firstSeen)
	if seenBy != "" {
		d.SeenBy = strings.Fields(seenBy)
	}
	if d.EnrolledAt.IsZero() {
		d.Origin = reeve.Origin(origin)
	}
	for word := range strings.FieldsSeq(macs) {
		mac, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return v, fmt.Errorf("reading a MAC address of device %d: %w", d.No, err)
		}
		d.MACs = append(d.MACs, reeve.MAC(mac))
	}
	slices.Sort(d.MACs)
	if err := decode(facts, &d.Facts); err != nil {
		return v, err
	}
	return v, decode(identity, &d.Identity)
}

// records reads devices: from is a table of devices named d, rest follows the joins.
func (s *Store) records(ctx context.Context, q querier, from, rest string, args ...any) ([]record, error) {
	found, err := all(ctx, q, scanRecord, deviceColumns+from+deviceJoins+rest, args...)
	if err != nil {
		return nil, err
	}
	err = s.classes.know(ctx, q, func(yield func(int64) bool) {
		for i := range found {
			if !yield(found[i].class) {
				return
			}
		}
	})
	for i := range found {
		found[i].Class, _ = s.classes.class(found[i].class)
	}
	return found, err
}

func (s *Store) devices(ctx context.Context, q querier, from, rest string, args ...any) ([]reeve.Device, error) {
	found, err := s.records(ctx, q, from, rest, args...)
	devices := make([]reeve.Device, len(found))
	for i := range found {
		devices[i] = found[i].Device
	}
	return devices, err
}

// Device finds one device that is not archived.
func (s *Store) Device(ctx context.Context, account int64, id string) (reeve.Device, error) {
	found, err := s.devices(ctx, s.db, "devices AS d", " WHERE d.account = $1 AND d.id = $2 AND "+live, account, id)
	if err == nil && len(found) == 0 {
		err = noDevice
	}
	if err != nil {
		return reeve.Device{}, err
	}
	return found[0], nil
}

// DevicesByID returns the devices with these ids.
func (s *Store) DevicesByID(ctx context.Context, account int64, ids []string) ([]reeve.Device, error) {
	return s.byID(ctx, account, ids, live)
}

// DevicesEver returns the devices with these ids, archived ones too.
func (s *Store) DevicesEver(ctx context.Context, account int64, ids []string) ([]reeve.Device, error) {
	return s.byID(ctx, account, ids, kept)
}

func (s *Store) byID(ctx context.Context, account int64, ids []string, which string) ([]reeve.Device, error) {
	these, arg := s.db.among(2, texts("id", ids))
	return s.devices(ctx, s.db, "(SELECT * FROM devices AS d"+s.db.along("devices_id")+" WHERE d.account = $1 AND "+which+
		" AND d.id "+these+") AS d", "", account, arg)
}

// DevicesByMAC returns every device that claims one of these MACs.
func (s *Store) DevicesByMAC(ctx context.Context, account int64, macs []reeve.MAC) ([]reeve.Device, error) {
	return s.byMAC(ctx, s.db, account, macs)
}

// DevicesByNo returns those of the devices with these keys that are not archived.
func (s *Store) DevicesByNo(ctx context.Context, account int64, nos []int64) ([]reeve.Device, error) {
	these, arg := s.db.among(2, numbers("no", nos))
	return s.devices(ctx, s.db, "(SELECT * FROM devices AS d WHERE d.account = $1 AND "+live+" AND d.no "+these+") AS d", " ORDER BY d.no", account, arg)
}

// DevicesByCustomID returns the devices with these third-party ids.
func (s *Store) DevicesByCustomID(ctx context.Context, account int64, ids []string) ([]reeve.Device, error) {
	these, arg := s.db.among(2, texts("id", ids))
	return s.devices(ctx, s.db, "(SELECT * FROM devices AS d WHERE d.account = $1 AND "+live+
		" AND d.no IN (SELECT device FROM device_names WHERE account = $1 AND custom_id <> '' AND custom_id "+these+")) AS d", "", account, arg)
}

func (s *Store) byMAC(ctx context.Context, q querier, account int64, macs []reeve.MAC) ([]reeve.Device, error) {
	these, arg := q.among(2, numbers("mac", macNumbers(macs)))
	return s.devices(ctx, q, "(SELECT * FROM devices AS d WHERE "+live+
		" AND d.no IN (SELECT device FROM macs WHERE account = $1 AND mac "+these+")) AS d", "", account, arg)
}

func macNumbers(macs []reeve.MAC) []int64 {
	numbers := make([]int64, len(macs))
	for i, m := range macs {
		numbers[i] = int64(m)
	}
	return numbers
}
