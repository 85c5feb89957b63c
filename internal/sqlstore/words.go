package sqlstore

import (
	"context"
	"slices"
	"strings"

	"reeve"
)

// A row of words is what device_names keeps of what an agent says, so that it
// can be searched and filtered by.
type words struct{ hostname, folded, users, addresses, kind string }

// wordsOf returns the words of a device: several users or addresses are in lines
// of their own.
func wordsOf(d reeve.Device) words {
	w := words{hostname: clean(d.Hostname), users: lines(append([]string{d.Facts.User, d.LinkedUser}, d.Facts.Users...)...), kind: clean(d.Facts.Type)}
	w.folded = fold(w.hostname)
	addresses := []string{d.PublicIP}
	for _, n := range d.Facts.Networks {
		addresses = append(append(addresses, n.IPv4...), n.IPv6...)
	}
	w.addresses = lines(addresses...)
	return w
}

func lines(words ...string) string {
	var out []string
	for _, word := range words {
		if word = fold(clean(word)); word != "" && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, "\n")
}

// meetWords writes the words of those agents that say something new.
func (t *tx) meetWords(batch []reeve.Meeting, said changes) error {
	type row struct {
		device int64
		linked string
		words
	}
	these, arg := t.among(1, numbers("device", meetingDevices(batch)))
	found, err := all(t.ctx, t, func(r rows) (v row, err error) {
		return v, r.Scan(&v.device, &v.linked, &v.hostname, &v.folded, &v.users, &v.addresses, &v.kind)
	}, "SELECT device, linked_user, hostname, folded, users, addresses, type FROM device_names WHERE device "+these, arg)
	if err != nil {
		return err
	}
	had := make(map[int64]row, len(found))
	for _, v := range found {
		had[v.device] = v
	}
	var devices []int64
	var hostnames, folded, users, addresses, kinds []string
	for _, m := range batch {
		old := had[m.Device]
		w := wordsOf(reeve.Device{Hostname: m.Hostname, LinkedUser: old.linked, Facts: m.Facts, PublicIP: m.Address})
		if w == old.words {
			continue
		}
		if w.hostname != old.hostname {
			said.note(m.Device, "hostname", old.hostname, w.hostname)
		}
		devices = append(devices, m.Device)
		hostnames, folded, users = append(hostnames, w.hostname), append(folded, w.folded), append(users, w.users)
		addresses, kinds = append(addresses, w.addresses), append(kinds, w.kind)
	}
	if len(devices) == 0 {
		return nil
	}
	if err := t.session.forget(t.ctx, devices); err != nil {
		return err
	}
	list, args := t.list("r", 1, numbers("device", devices), texts("hostname", hostnames), texts("folded", folded),
		texts("users", users), texts("addresses", addresses), texts("type", kinds))
	err = t.later(`UPDATE device_names SET hostname = r.hostname, folded = r.folded, users = r.users, addresses = r.addresses, type = r.type
		FROM `+list+` WHERE device_names.device = r.device`, args...)
	if err != nil {
		return err
	}
	list, args = t.list("r", 1, numbers("device", devices), texts("folded", folded))
	err = t.later("UPDATE devices SET folded = r.folded FROM "+list+" WHERE devices.no = r.device AND devices.folded <> r.folded", args...)
	if err != nil {
		return err
	}
	return t.session.index(t.ctx, devices)
}

// rename changes names of one device, and what is found by them.
func (t *tx) rename(ctx context.Context, device int64, d reeve.Description) error {
	if err := t.session.forget(ctx, []int64{device}); err != nil {
		return err
	}
	for column, value := range map[string]*string{
		"nickname": d.Nickname, "custom_id": d.CustomID, "linked_user": d.LinkedUser, "linked_team": d.LinkedTeam,
	} {
		if value == nil {
			continue
		}
		if err := t.later("UPDATE device_names SET "+column+" = $2 WHERE device = $1", device, clean(*value)); err != nil {
			return err
		}
	}
	found, err := t.store.devices(ctx, t, "devices AS d", " WHERE d.no = $1", device)
	if err != nil || len(found) == 0 {
		return err
	}
	err = t.later("UPDATE device_names SET nick = $2, users = $3 WHERE device = $1", device,
		fold(found[0].Nickname), wordsOf(found[0]).users)
	if err != nil {
		return err
	}
	return t.session.index(ctx, []int64{device})
}
