package control

import (
	"context"
	"slices"

	"reeve"
	"reeve/internal/action"
)

// An Enrolment is an agent's wish to belong to an account. That the agent holds
// Key has been shown by a signature.
type Enrolment struct {
	Code       string
	Community  bool // by the community agent's protocol, which not every code allows
	Key        reeve.Key
	Kind       reeve.AgentKind
	System     reeve.System
	Version    reeve.Version
	Abilities  reeve.Abilities
	Hostname   string
	HardwareID string
	MACs       []reeve.MAC
	Facts      reeve.Facts
	Address    string // where it came from
}

// Enrol gives the agent a record in the account of its code. The same key
// always gets the same record. A MAC of exactly one unknown or ignored record
// takes that record over, and so does the hostname of the only one that a
// directory lists; a MAC or hardware id of a managed one never does, and is
// flagged in the log. Beyond the account's seats the device is OutOfLicense.
func (c *Control) Enrol(ctx context.Context, e Enrolment) (reeve.Device, reeve.Account, error) {
	if e.Key == (reeve.Key{}) || e.Kind == reeve.NoAgent {
		return reeve.Device{}, reeve.Account{}, reeve.Errorf(reeve.Invalid, "an enrolment needs the key and the kind of an agent")
	}
	var device reeve.Device
	var account reeve.Account
	err := c.store.Enrol(ctx, func(tx reeve.Enrolling) error {
		now := c.now()
		// Code locks the account, so what follows sees every enrolment before.
		code, acc, codeErr := tx.Code(hashSecret(e.Code), now)
		if codeErr != nil && reeve.KindOf(codeErr) != reeve.NotFound {
			return codeErr
		}
		known, owner, err := c.store.DeviceByKey(ctx, e.Key)
		switch {
		case err == nil && (known.Class.Standing == reeve.Archived || codeErr == nil && owner != acc.No):
			return reeve.Errorf(reeve.Denied, "this device's key was deleted or belongs elsewhere; remove the agent's state and enrol it again")
		case err == nil: // it has not heard the answer, and its code may be used up by now
			device = known
			account, err = c.store.Account(ctx, owner)
			return err
		case reeve.KindOf(err) != reeve.NotFound:
			return err
		case codeErr != nil:
			return reeve.Errorf(reeve.Denied, "the registration code is not valid; ask the administrator for another")
		case code.Kind != reeve.NoAgent && code.Kind != e.Kind:
			return reeve.Errorf(reeve.Denied, "the registration code is for agents of kind %s only", code.Kind)
		case e.Community && !code.Community:
			return reeve.Errorf(reeve.Denied, "the registration code is not for community agents; ask the administrator for one that is")
		}
		account = acc
		claimants, err := tx.Claimants(acc.No, e.MACs, e.HardwareID)
		if err != nil {
			return err
		}
		listed, err := tx.Listed(acc.No, e.Hostname)
		if err != nil {
			return err
		}
		free, err := tx.SeatIsFree(acc.No)
		if err != nil {
			return err
		}
		d, rivals := e.record(claimants, listed)
		d.Class.Standing = reeve.Managed
		if !free {
			d.Class.Standing = reeve.OutOfLicense
		}
		if code.GroupID != "" {
			d.GroupID = code.GroupID
		}
		d.EnrolledAt = now
		if d.No == 0 {
			d.ID, d.AddedAt = reeve.NewID(), now
		}
		if device, err = tx.Save(acc.No, d); err != nil {
			return err
		}
		if err := tx.Spend(code.Hash); err != nil {
			return err
		}
		return tx.Log(enrolled(acc.No, device, rivals, code.Hint, e.Address))
	})
	return device, account, err
}

// record returns what to save: the one unknown record that the MACs point to,
// or a new one; and the managed devices that have the same MAC or hardware id.
// A record that once had a key, of a device that was deleted and restored, is
// not taken over: the trees of old jobs were built over that key.
func (e Enrolment) record(claimants, listed []reeve.Device) (reeve.Device, []string) {
	var unknown []reeve.Device
	var rivals []string
	for _, d := range claimants {
		switch d.Class.Standing {
		case reeve.Unknown, reeve.Ignored:
			if !hadKey(d) {
				unknown = append(unknown, d)
			}
		default:
			rivals = append(rivals, d.ID)
		}
	}
	var d reeve.Device
	if len(unknown) == 0 {
		unknown = slices.DeleteFunc(listed, hadKey)
	}
	if len(unknown) == 1 && len(rivals) == 0 {
		d = unknown[0]
	}
	d.Origin = reeve.ByAgent
	d.Class = reeve.Class{Kind: e.Kind, System: e.System, Version: e.Version, Abilities: e.Abilities}
	d.Key, d.Hostname, d.HardwareID = e.Key, e.Hostname, e.HardwareID
	d.MACs, d.Facts, d.PublicIP = e.MACs, e.Facts, e.Address
	return d, rivals
}

func hadKey(d reeve.Device) bool { return d.Key != (reeve.Key{}) }

func enrolled(account int64, d reeve.Device, rivals []string, hint, address string) reeve.AuditEntry {
	event, facts := "device_enrolled", map[string]any{
		"code": hint + "…", "hostname": d.Hostname, "kind": d.Class.Kind.String(),
		"system": d.Class.System.String(), "standing": d.Class.Standing.String(),
	}
	if len(rivals) > 0 {
		event = "device_enrolled_duplicate_mac"
		facts["same_mac_or_hardware_as"] = rivals
	}
	e := entry(deviceCaller(account, d.ID, address), d.EnrolledAt, event, detail("", facts))
	e.Device = d.ID
	return e
}

func deviceCaller(account int64, id, address string) reeve.Caller {
	return reeve.Caller{
		Account: account, Source: reeve.FromAgent, Actor: "device:" + id,
		Scopes: reeve.Scopes{reeve.Write}, Address: address,
	}
}

// Recognise returns the device and the account that a key stands for, Archived
// devices too: these may only be told to retire.
func (c *Control) Recognise(ctx context.Context, key reeve.Key) (reeve.Device, int64, error) {
	device, account, err := c.store.DeviceByKey(ctx, key)
	if reeve.KindOf(err) == reeve.NotFound {
		return device, 0, reeve.Errorf(reeve.Denied, "no device has this key; enrol the agent again")
	}
	return device, account, err
}

// Account returns the account of a device that was recognised.
func (c *Control) Account(ctx context.Context, no int64) (reeve.Account, error) {
	return c.store.Account(ctx, no)
}

// Leave deletes the record of a device whose agent goes by its own wish, and is
// therefore not ordered to.
func (c *Control) Leave(ctx context.Context, key reeve.Key, address string) error {
	device, account, err := c.Recognise(ctx, key)
	if err != nil {
		return err
	}
	if device.Class.Standing == reeve.Archived {
		return nil
	}
	order := Order{Action: "delete", IDs: []string{device.ID}, Comment: "the agent was retired on the device"}
	def, macs, err := c.check(&order)
	if err != nil {
		return err
	}
	caller := deviceCaller(account, device.ID, address)
	_, err = c.place(ctx, placing{c: c, caller: caller, writes: Reach{All: true}, order: order, def: def, macs: macs})
	return err
}

// MayUpload decides whether a device may send the file of a command: the
// command is its own, still open, and of an action that uploads.
func (c *Control) MayUpload(ctx context.Context, device, account int64, id reeve.CommandID) error {
	refused := reeve.Errorf(reeve.NotFound, "no open command of this device takes an upload under this id")
	job, err := c.store.Job(ctx, account, id.Job)
	if reeve.KindOf(err) == reeve.NotFound {
		return refused
	}
	if err != nil {
		return err
	}
	command, _, err := c.store.Command(ctx, account, id)
	if reeve.KindOf(err) == reeve.NotFound {
		return refused
	}
	if err != nil {
		return err
	}
	if command.DeviceNo != device || command.State.IsFinal() || !uploads(job.Action) {
		return refused
	}
	return nil
}

func uploads(name string) bool {
	def, ok := action.Lookup(name)
	return ok && def.Uploads
}
