package trail

import (
	"encoding/json"

	"reeve"
)

// Entry tells what a row about many devices means for one of them: the row,
// with the device, how its command stands now, and the command.
func (e Event) Entry() reeve.AuditEntry {
	row := e.Row.AuditEntry
	row.Device, row.Detail = e.Device, ""
	if c := e.Command; c.DeviceID != "" {
		row.Job, row.Outcome, row.Detail = c.ID.Job, c.State.String(), detail(e)
	}
	return row
}

func detail(e Event) string {
	text, _ := json.Marshal(struct { // of plain values, which always can be written
		Command  string `json:"command"`
		Action   string `json:"action"`
		Hostname string `json:"hostname,omitempty"`
		Reason   string `json:"reason,omitempty"`
		Message  string `json:"message,omitempty"`
	}{e.Command.ID.String(), e.Action, e.Hostname, e.Command.Reason.String(), e.Command.Message})
	return string(text)
}
