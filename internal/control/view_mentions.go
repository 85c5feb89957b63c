package control

import (
	"context"
	"slices"

	"reeve"
)

// Mentions are the devices that a row of the log is about, as far as they are named.
type Mentions struct {
	First []Mention // a few of them
	N     int64     // in all, those too that the person does not see or that are erased
}

// A Mention is a device that a row of the log names.
type Mention struct{ ID, Hostname string }

// mentioned is how many devices are named of each row.
const mentioned = 3

// Mentioned returns for each row the devices that it is about.
func (v *View) Mentioned(ctx context.Context, rows []reeve.AuditEntry) ([]Mentions, error) {
	all, ran := make([]Mentions, len(rows)), make([][]reeve.CommandID, len(rows))
	var ids []string
	for i, row := range rows {
		about := row.About()
		named := about.Devices
		if row.Device != "" {
			named = []string{row.Device}
		} else {
			ran[i] = about.Commands.From(0, mentioned)
		}
		all[i].N = max(int64(len(named)), about.Commands.Len(), about.Targets)
		for _, id := range named[:min(len(named), mentioned)] {
			all[i].First = append(all[i].First, Mention{ID: id})
			ids = append(ids, id)
		}
	}
	on, err := v.ranOn(ctx, slices.Concat(ran...))
	if err != nil {
		return nil, err
	}
	devices, err := v.c.store.DevicesEver(ctx, v.caller.Account, ids)
	if err == nil {
		devices, err = v.seen(ctx, devices)
	}
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(devices))
	for _, d := range devices {
		names[d.ID] = d.Hostname
	}
	for i := range all {
		for j, m := range all[i].First {
			all[i].First[j].Hostname = names[m.ID]
		}
		for _, id := range ran[i] {
			if m, ok := on[id]; ok {
				all[i].First = append(all[i].First, m)
			}
		}
	}
	return all, nil
}

// ranOn returns the devices of those of the commands that the person sees.
func (v *View) ranOn(ctx context.Context, ids []reeve.CommandID) (map[reeve.CommandID]Mention, error) {
	commands, err := v.c.store.CommandsByID(ctx, v.caller.Account, ids)
	if err == nil {
		commands, err = v.onSeen(ctx, commands)
	}
	on := make(map[reeve.CommandID]Mention, len(commands))
	for _, c := range commands {
		on[c.ID] = Mention{c.DeviceID, c.Hostname}
	}
	return on, err
}
