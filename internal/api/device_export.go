package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reeve/client"
	"reeve/internal/door"
)

// Devices of an export are read and sent by exportPage; a reader that takes
// longer than exportPatience for one page is cut off.
const (
	exportPage     = 1000
	exportPatience = time.Minute
)

// exportDevices sends the selected devices, in the order of their records, as a
// table or as JSON lines. It never holds more than a page.
func (a *api) exportDevices(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	query := selection(p, r.Account)
	query.Limit = exportPage
	format := p.text("format")
	encode, ok := map[string]func(*bytes.Buffer, client.Device) error{"": csvRow, "csv": csvRow, "jsonl": jsonRow}[format]
	if !ok {
		p.fail("format must be csv or jsonl")
	}
	if err := p.done(); err != nil {
		return err
	}
	devices, err := a.Store.Devices(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if format == "jsonl" {
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Content-Disposition", `attachment; filename="devices.jsonl"`)
	} else {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="devices.csv"`)
		if err := csvLine(&body, deviceTable, func(c deviceColumn) string { return c.name }); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusOK)
	wire := http.NewResponseController(w)
	for {
		for _, d := range devices {
			if err := encode(&body, shapeDevice(d)); err != nil {
				return err
			}
		}
		_ = wire.SetWriteDeadline(time.Now().Add(exportPatience)) // tests have no connection
		if _, err := w.Write(body.Bytes()); err != nil || len(devices) < exportPage || r.Method == http.MethodHead {
			return nil // the reader has gone, or has it all
		}
		body.Reset()
		query.After = devices[len(devices)-1].No
		if devices, err = a.Store.Devices(r.Context(), r.Caller.Account, query); err != nil {
			return err
		}
	}
}

// A deviceColumn is one of the table of devices.
type deviceColumn struct {
	name string
	of   func(client.Device) string
}

var deviceTable = []deviceColumn{
	{"id", func(d client.Device) string { return d.ID }},
	{"hostname", func(d client.Device) string { return d.Hostname }},
	{"nickname", func(d client.Device) string { return d.Nickname }},
	{"custom_id", func(d client.Device) string { return d.CustomID }},
	{"standing", func(d client.Device) string { return d.Standing }},
	{"agent_kind", func(d client.Device) string { return d.AgentKind }},
	{"agent_version", func(d client.Device) string { return d.AgentVersion }},
	{"system", func(d client.Device) string { return d.System }},
	{"os", func(d client.Device) string { return d.OS }},
	{"type", func(d client.Device) string { return d.Type }},
	{"macs", func(d client.Device) string { return strings.Join(d.MACs, " ") }},
	{"group", func(d client.Device) string { return d.GroupName }},
	{"online", func(d client.Device) string { return strconv.FormatBool(d.Online) }},
	{"address", func(d client.Device) string { return d.Address }},
	{"user", func(d client.Device) string { return d.User }},
	{"linked_user", func(d client.Device) string { return d.LinkedUser }},
	{"linked_team", func(d client.Device) string { return d.LinkedTeam }},
	{"exempt", func(d client.Device) string { return d.Exempt }},
	{"exempt_until", func(d client.Device) string {
		if d.ExemptUntil == nil {
			return ""
		}
		return instant(*d.ExemptUntil)
	}},
	{"source", func(d client.Device) string { return d.Source }},
	{"first_seen", func(d client.Device) string { return instant(d.FirstSeen) }},
	{"added_at", func(d client.Device) string { return instant(d.AddedAt) }},
	{"enrolled_at", func(d client.Device) string { return instant(d.EnrolledAt) }},
	{"last_seen", func(d client.Device) string { return instant(d.LastSeen) }},
	{"last_reboot", func(d client.Device) string { return instant(d.LastReboot) }},
	{"archived_at", func(d client.Device) string { return instant(d.ArchivedAt) }},
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func csvRow(b *bytes.Buffer, d client.Device) error {
	return csvLine(b, deviceTable, func(c deviceColumn) string { return c.of(d) })
}

func csvLine(b *bytes.Buffer, columns []deviceColumn, cell func(deviceColumn) string) error {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = door.Cell(cell(c))
	}
	table := csv.NewWriter(b)
	if err := table.Write(row); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

func jsonRow(b *bytes.Buffer, d client.Device) error {
	return json.NewEncoder(b).Encode(d)
}
