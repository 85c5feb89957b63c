package storetest

import (
	"cmp"
	"slices"
	"strings"

	"reeve"
)

// listed is what a store should list of these devices.
func listed(all []reeve.Device, q reeve.DeviceQuery) []reeve.Device {
	has := func(n int, is bool) bool { return n == 0 || is }
	var out []reeve.Device
	type agent struct {
		kind   reeve.AgentKind
		system reeve.System
	}
	newest := map[agent]reeve.Version{}
	for _, d := range all {
		if c := d.Class; c.Standing < reeve.Archived && c.Version.Compare(newest[agent{c.Kind, c.System}]) > 0 {
			newest[agent{c.Kind, c.System}] = c.Version
		}
	}
	for _, d := range all {
		exempt := d.IsExempt(q.Now) && d.Exempt == reeve.ExemptAll
		after := q.After == 0 || (d.No > q.After) != q.Desc && d.No != q.After
		if (len(q.Standings) > 0 || d.Class.Standing != reeve.Archived) &&
			has(len(q.Standings), slices.Contains(q.Standings, d.Class.Standing)) &&
			has(len(q.GroupIDs), slices.Contains(q.GroupIDs, d.GroupID)) &&
			has(len(q.Kinds), slices.Contains(q.Kinds, d.Class.Kind)) &&
			has(len(q.Systems), slices.Contains(q.Systems, d.Class.System)) &&
			has(len(q.Types), slices.Contains(q.Types, d.Facts.Type)) &&
			(q.Exempt == nil || d.Class.Standing != reeve.Managed || exempt == *q.Exempt) &&
			has(len(q.Presence), d.Class.Kind != reeve.NoAgent && slices.Contains(q.Presence, presenceOf(d, q))) &&
			has(len(q.Versions), slices.Contains(q.Versions, d.Class.Version)) &&
			(q.Online == nil || d.Online == *q.Online) && (!q.NeverSeen || !d.Online && d.LastSeen.IsZero()) &&
			(q.Seen.IsZero() || d.Online && q.Seen.Has(q.Now) || !d.Online && !d.LastSeen.IsZero() && q.Seen.Has(d.LastSeen)) &&
			(q.Added.IsZero() || q.Added.Has(d.AddedAt)) && (q.Enrolled.IsZero() || !d.EnrolledAt.IsZero() && q.Enrolled.Has(d.EnrolledAt)) &&
			(q.ExemptBefore.IsZero() || d.Class.Standing == reeve.Managed && exempt && d.ExemptUntil.Before(q.ExemptBefore)) &&
			(!q.Infested || isInfested(d)) &&
			(!q.Outdated || d.Class.Version.Compare(newest[agent{d.Class.Kind, d.Class.System}]) < 0) &&
			(q.Search == "" || areNamed(d, q)) && after {
			out = append(out, d)
		}
	}
	compare := func(a, b reeve.DeviceRow) int {
		c := 0
		switch q.Sort {
		case reeve.ByHostname:
			c = strings.Compare(strings.ToLower(a.Hostname), strings.ToLower(b.Hostname))
		case reeve.ByLastSeen:
			c = a.LastSeen.Compare(b.LastSeen)
		}
		if c = cmp.Or(c, cmp.Compare(a.No, b.No)); q.Desc {
			c = -c
		}
		return c
	}
	slices.SortStableFunc(out, func(a, b reeve.Device) int { return compare(a.Row(), b.Row()) })
	if q.AfterRow != nil {
		out = slices.DeleteFunc(out, func(d reeve.Device) bool { return compare(d.Row(), *q.AfterRow) <= 0 })
	}
	if q.BeforeRow != nil {
		out = slices.DeleteFunc(out, func(d reeve.Device) bool { return compare(d.Row(), *q.BeforeRow) >= 0 })
		return out[max(0, len(out)-q.Limit):]
	}
	from := min(max(q.Page-1, 0)*q.Limit, len(out))
	return out[from:min(from+q.Limit, len(out))]
}

func presenceOf(d reeve.Device, q reeve.DeviceQuery) reeve.Presence {
	switch {
	case d.Online:
		return reeve.Connected
	case d.LastSeen.Before(q.Now.Add(-q.UnseenAfter)):
		return reeve.Unseen
	}
	return reeve.Disconnected
}

// areNamed reports whether every part that is searched for is in a name.
func areNamed(d reeve.Device, q reeve.DeviceQuery) bool {
	for _, part := range append([]string{q.Search}, q.And...) {
		if q.Search = part; !isNamed(d, q) {
			return false
		}
	}
	return true
}

func isNamed(d reeve.Device, q reeve.DeviceQuery) bool {
	in, wanted := q.In, strings.ToLower(q.Search)
	if len(in) == 0 {
		in = []reeve.DeviceName{reeve.InHostname}
	}
	part := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(word), wanted) })
	}
	return slices.ContainsFunc(in, func(name reeve.DeviceName) bool {
		switch name {
		case reeve.InHostname:
			return part(d.Hostname)
		case reeve.InNickname:
			return part(d.Nickname)
		case reeve.InUser:
			return part(d.Facts.User, d.LinkedUser)
		case reeve.InAddress:
			own := []string{d.PublicIP}
			for _, n := range d.Facts.Networks {
				own = append(own, n.IPv4...)
			}
			return part(own...)
		case reeve.InID:
			return strings.HasPrefix(d.ID, wanted) || d.CustomID == q.Search
		default:
			digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(wanted)
			return digits != "" && slices.ContainsFunc(d.MACs, func(m reeve.MAC) bool {
				return strings.HasPrefix(strings.ReplaceAll(m.String(), ":", ""), digits)
			})
		}
	})
}
