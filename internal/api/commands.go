package api

import (
	"encoding/json"
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

// shapeCommand returns what shapes commands for the account that asks.
func (a *api) shapeCommand(r *door.Request) func(reeve.Command) client.Command {
	return func(c reeve.Command) client.Command {
		out := client.Command{
			ID: c.ID.String(), Job: c.ID.Job.String(), Device: c.DeviceID, Hostname: c.Hostname,
			State: c.State.String(), Reason: c.Reason.String(), Why: c.Reason.Sentence(),
			Message: c.Message, Changed: c.Changed, Late: c.Late,
		}
		if c.State == reeve.Running && c.Percent >= 0 {
			percent := int(c.Percent)
			out.Percent = &percent
		}
		if c.State == reeve.Queued && c.Reason == reeve.AskedByLink {
			out.Link = a.Link(r.Account.LicenseKey, c.ID)
		}
		return out
	}
}

// jobCommands lists the commands of a job in the order of its leaves.
func (a *api) jobCommands(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	states, limit := words(p, "state", reeve.ParseState), p.limit()
	var from int64
	p.cursor("commands", &from)
	if err := p.done(); err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	if _, err := a.Store.Job(r.Context(), r.Caller.Account, id); err != nil {
		return named(err, "job")
	}
	commands, err := a.Store.Commands(r.Context(), r.Caller.Account, id, states, int32(from), limit+1)
	if err != nil {
		return err
	}
	return page(w, commands, limit, a.shapeCommand(r), func(last reeve.Command) string {
		return door.Cursor("commands", r.Caller.Account, int64(last.ID.Leaf)+1)
	})
}

// command returns one command with the result that its agent sent.
func (a *api) command(w http.ResponseWriter, r *door.Request) error {
	id, ok := reeve.ParseCommandID(r.PathValue("id"))
	if !ok {
		return named(reeve.Errorf(reeve.NotFound, "malformed command id"), "command")
	}
	command, result, err := a.Store.Command(r.Context(), r.Caller.Account, id)
	if err != nil {
		return named(err, "command")
	}
	out := a.shapeCommand(r)(command)
	if json.Valid(result) {
		out.Result = result
	}
	return door.Write(w, http.StatusOK, out)
}

// deviceCommands lists what was ordered of a device, newest first.
func (a *api) deviceCommands(w http.ResponseWriter, r *door.Request) error {
	var before int64
	device, limit, err := a.pageOfDevice(r, "device commands", &before)
	if err != nil {
		return err
	}
	commands, err := a.Store.DeviceCommands(r.Context(), r.Caller.Account, device.No, reeve.JobID(before), limit+1)
	if err != nil {
		return err
	}
	return page(w, commands, limit, a.shapeCommand(r), func(last reeve.Command) string {
		return door.Cursor("device commands", r.Caller.Account, int64(last.ID.Job))
	})
}
