package console

import (
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/watch"
)

// A deviceCommands is what was last ordered of a device.
type deviceCommands struct {
	Device reeve.Device
	Rows   []deviceCommand
}

// A deviceCommand is a command with the job that it is of.
type deviceCommand struct {
	reeve.Command
	Job reeve.Job
}

// HasFile reports whether the device sent a file that is still kept.
func (c deviceCommand) HasFile() bool {
	def, _ := action.Lookup(c.Job.Action)
	return def.Uploads && c.State == reeve.Succeeded
}

// IsOpen reports whether any of the commands can still change.
func (d deviceCommands) IsOpen() bool {
	return slices.ContainsFunc(d.Rows, func(c deviceCommand) bool { return !c.State.IsFinal() })
}

func (v *visit) deviceCommands(d reeve.Device) (deviceCommands, error) {
	out := deviceCommands{Device: d}
	commands, err := v.view.DeviceCommands(v.Context(), d.No, 0, commandsShown)
	if err != nil {
		return out, err
	}
	jobs, err := v.view.JobsOf(v.Context(), commands)
	for _, command := range commands {
		if job, ok := jobs[command.ID.Job]; ok {
			out.Rows = append(out.Rows, deviceCommand{command, job})
		}
	}
	return out, err
}

// lookEvery is how often a device's commands are looked at while they are open
// and somebody watches.
const lookEvery = time.Second

// followDevice tells a device's page of its commands until all of them have ended.
func (c *console) followDevice(v *visit) (*page, error) {
	if err := sameOrigin(v.Request.Request); err != nil {
		return nil, err
	}
	d, err := v.findDevice()
	if err != nil {
		return nil, err
	}
	var shown []deviceCommand
	return nil, c.Jobs.Repeat(v.w, v.Request.Request, v.Caller.Account, lookEvery, func(s watch.Stream) bool {
		if !c.staysWith(v, d) {
			return false
		}
		now, err := v.deviceCommands(d)
		if err != nil {
			return false
		}
		if !slices.EqualFunc(shown, now.Rows, func(a, b deviceCommand) bool { return a.Command == b.Command && a.Job.Paused.Equal(b.Job.Paused) }) {
			shown = now.Rows
			if !v.put(s, "device-commands", "device", "device_commands", now) {
				return false
			}
		}
		return now.IsOpen() || s.Send("end", "", []byte("{}")) && false
	})
}

// staysWith reports whether the session is still good, and still for the device.
func (c *console) staysWith(v *visit, d reeve.Device) bool {
	caller, _, err := c.signedIn(v.Request)
	if err != nil || caller.Account != v.Caller.Account {
		return false
	}
	view, err := c.Rules.View(caller)
	if err != nil {
		return false
	}
	_, err = view.Device(v.Context(), d.ID)
	return err == nil
}
