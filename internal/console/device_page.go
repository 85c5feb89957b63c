package console

import (
	"maps"
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// A devicePage is all that is known of one device.
type devicePage struct {
	deviceRow
	Restorable time.Time           // until when, if it was deleted
	MayWrite   bool                // whether the person may change it
	Said       filled              // what people say of it, as the form shows it
	Wrong      bool                // whether that was sent, and had a fault
	Actions    []action.Definition // those that apply to it now, if so
	Answers    []answer            // to re-identify
	Commands   deviceCommands
	Threats    threats
	Timeline   timeline
}

// An answer is one that the device's user gave to a question of re-identify.
type answer struct{ Label, Text string }

// How many of each a device's page has; the rest is behind a link.
const (
	commandsShown = 8
	threatsShown  = 20
	eventsShown   = 25
)

func (c *console) device(v *visit) (*page, error) { return c.showDevice(v, nil) }

// showDevice shows a device, with what was typed of it if that had a fault.
func (c *console) showDevice(v *visit, typed filled) (*page, error) {
	d, err := v.findDevice()
	if err != nil {
		return nil, err
	}
	p := devicePage{deviceRow: shown(d, time.Now(), v.Account), Answers: answers(d, v.Account)}
	if d.Class.Standing == reeve.Archived {
		p.Restorable = restorable(d, v.Account)
	} else {
		p.MayWrite = v.mayChange(d)
	}
	if p.Said, p.Wrong = typed, typed != nil; !p.Wrong {
		p.Said = filled{"nickname": d.Nickname, "custom_id": d.CustomID, "linked_user": d.LinkedUser, "linked_team": d.LinkedTeam}
	}
	if p.MayWrite {
		p.Actions = actionsOn(d)
	}
	if p.Commands, err = v.deviceCommands(d); err != nil {
		return nil, err
	}
	if p.Threats, err = v.deviceThreats(d, p.MayWrite); err != nil {
		return nil, err
	}
	if p.Timeline, err = v.timeline(d); err != nil {
		return nil, err
	}
	return &page{name: "device", title: "devices.one", args: []any{p.Name()}, data: p}, nil
}

// findDevice reads the device that the address names, which may be deleted.
func (v *visit) findDevice() (reeve.Device, error) {
	d, err := v.view.DeviceEver(v.Context(), v.PathValue("id"))
	if reeve.KindOf(err) == reeve.NotFound {
		err = reeve.Errorf(reeve.NotFound, "there is no such device; look for it in the list, or among the deleted ones").Because(err)
	}
	return d, err
}

// mayChange reports whether the person may change the device.
func (v *visit) mayChange(d reeve.Device) bool {
	reach, err := control.AllowSome(v.Caller, reeve.Write)
	if err != nil || reach.All {
		return err == nil
	}
	group, err := v.view.Group(v.Context(), d.GroupID)
	return err == nil && reach.Has(group.No)
}

// actionsOn are the actions that apply to the device now.
func actionsOn(d reeve.Device) []action.Definition {
	return slices.DeleteFunc(orderable(), func(def action.Definition) bool {
		return def.Away != nil || def.Decide(action.Own, d.Class, nil) != reeve.NoReason || def.Name == "unexempt" && !d.IsExempt(time.Now())
	})
}

// answers are those of the device's user, under the questions that the account
// asks today.
func answers(d reeve.Device, a reeve.Account) (out []answer) {
	labels := map[string]string{}
	for _, f := range a.IdentityFields {
		labels[f.Name] = f.Fill().Label
	}
	for _, name := range slices.Sorted(maps.Keys(d.Identity)) {
		label, ok := labels[name]
		if !ok {
			label = name
		}
		out = append(out, answer{label, d.Identity[name]})
	}
	return out
}

// describeDevice stores what the person says of a device.
func (c *console) describeDevice(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	said := func(name string) *string {
		text := v.PostForm.Get(name)
		return &text
	}
	id := v.PathValue("id")
	err := c.Rules.Describe(v.Context(), v.Caller, id, reeve.Description{
		Nickname: said("nickname"), CustomID: said("custom_id"), LinkedUser: said("linked_user"), LinkedTeam: said("linked_team"),
	})
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.showDevice(v, v.filled()) })
	}
	return v.done("devices/"+id, "devices.described")
}
