package console

import (
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// exportedAtOnce is how many devices of an export are read and sent at a time.
const exportedAtOnce = 1000

// exported are the columns of the file, by the names that Reeve's own API gives
// them: they stay the same in every language.
var exported = []struct {
	name string
	cell func(d deviceRow) string
}{
	{"id", func(d deviceRow) string { return d.ID }},
	{"hostname", func(d deviceRow) string { return d.Hostname }},
	{"nickname", func(d deviceRow) string { return d.Nickname }},
	{"custom_id", func(d deviceRow) string { return d.CustomID }},
	{"standing", func(d deviceRow) string { return d.Class.Standing.String() }},
	{"agent_kind", func(d deviceRow) string { return d.Class.Kind.String() }},
	{"agent_version", func(d deviceRow) string { return d.Class.Version.String() }},
	{"system", func(d deviceRow) string { return d.Class.System.String() }},
	{"os", deviceRow.OS},
	{"type", func(d deviceRow) string { return d.Facts.Type }},
	{"macs", func(d deviceRow) string {
		macs := make([]string, len(d.MACs))
		for i, m := range d.MACs {
			macs[i] = m.String()
		}
		return strings.Join(macs, " ")
	}},
	{"group", func(d deviceRow) string { return d.GroupName }},
	{"online", func(d deviceRow) string { return strconv.FormatBool(d.Online) }},
	{"address", func(d deviceRow) string { return d.PublicIP }},
	{"user", func(d deviceRow) string { return d.Facts.User }},
	{"linked_user", func(d deviceRow) string { return d.LinkedUser }},
	{"linked_team", func(d deviceRow) string { return d.LinkedTeam }},
	{"exempt_until", func(d deviceRow) string {
		if !d.IsExempt {
			return ""
		}
		return moment(d.ExemptUntil)
	}},
	{"added_at", func(d deviceRow) string { return moment(d.AddedAt) }},
	{"enrolled_at", func(d deviceRow) string { return moment(d.EnrolledAt) }},
	{"last_seen", func(d deviceRow) string { return moment(d.LastSeen) }},
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// exportDevices sends every device that matches as a table, in the order of their
// records, and holds no more than a page of them.
func (c *console) exportDevices(v *visit) (*page, error) {
	f, err := parseFilter(v.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	q := f.query(v.Account)
	q.Limit = exportedAtOnce
	heads := make([]string, len(exported))
	for i, column := range exported {
		heads[i] = column.name
	}
	sheet := door.NewSheet(v.w, "devices.csv", heads...)
	sheet.Send() // the first devices may be far away
	for {
		found, err := v.view.Devices(v.Context(), q)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			v.addTo(sheet, d)
		}
		if sheet.Send() || len(found) < exportedAtOnce {
			return nil, nil
		}
		q.After = found[len(found)-1].No
	}
}

func (v *visit) addTo(sheet *door.Sheet, d reeve.Device) {
	row, cells := shown(d, time.Now(), v.Account), make([]string, len(exported))
	for i, column := range exported {
		cells[i] = column.cell(row)
	}
	sheet.Row(cells...)
}
