package control

import (
	"context"
	"fmt"
	"slices"

	"reeve"
)

// maxHostname is the longest host name in bytes, that of the DNS.
const maxHostname = 253

// importChunk is how many devices of an import are looked up at once.
const importChunk = 1000

// Imported is what became of an import.
type Imported struct {
	Added   int
	Skipped int // those that are there already: unknown records with the same hostname and MACs
}

// Import adds devices that have no agent yet, with standing Unknown, in one
// transaction. One that an unknown record describes already, by hostname and
// all of its MACs, is skipped, so that a file can be imported again. A dry run
// only counts.
func (c *Control) Import(ctx context.Context, caller reeve.Caller, devices []reeve.Device, dryRun bool) (Imported, error) {
	if err := Allow(caller, reeve.Write); err != nil {
		return Imported{}, err
	}
	if len(devices) == 0 || len(devices) > c.opts.MaxEntries {
		return Imported{}, reeve.Errorf(reeve.Invalid, "an import must have 1 to %d devices; split the file", c.opts.MaxEntries)
	}
	now := c.now()
	for i := range devices {
		d := &devices[i]
		if d.Hostname == "" || len(d.Hostname) > maxHostname {
			return Imported{}, reeve.Errorf(reeve.Invalid, "device %d: the hostname must have 1 to %d bytes", i+1, maxHostname)
		}
		*d = reeve.Device{ID: reeve.NewID(), Hostname: d.Hostname, MACs: slices.Compact(slices.Sorted(slices.Values(d.MACs))), AddedAt: now,
			Class: reeve.Class{Standing: reeve.Unknown}}
	}
	fresh, err := c.unknownYet(ctx, caller.Account, devices)
	if err != nil {
		return Imported{}, err
	}
	out := Imported{Added: len(fresh), Skipped: len(devices) - len(fresh)}
	if dryRun || len(fresh) == 0 {
		return out, nil
	}
	facts := map[string]any{"devices": out.Added}
	if out.Skipped > 0 {
		facts["skipped"] = out.Skipped
	}
	return out, c.store.Import(ctx, caller.Account, fresh, entry(caller, now, "devices_imported", detail("", facts)))
}

// unknownYet returns the devices that no unknown record, and no device before
// them, describes. Those without a MAC cannot be recognised.
func (c *Control) unknownYet(ctx context.Context, account int64, devices []reeve.Device) ([]reeve.Device, error) {
	known := map[string]bool{}
	var fresh []reeve.Device
	for chunk := range slices.Chunk(devices, importChunk) {
		var macs []reeve.MAC
		for _, d := range chunk {
			macs = append(macs, d.MACs...)
		}
		if len(macs) > 0 {
			found, err := c.store.DevicesByMAC(ctx, account, macs)
			if err != nil {
				return nil, err
			}
			for _, d := range found {
				if d.Class.Standing == reeve.Unknown {
					known[likeness(d)] = true
				}
			}
		}
		for _, d := range chunk {
			if len(d.MACs) == 0 || !known[likeness(d)] {
				known[likeness(d)] = true
				fresh = append(fresh, d)
			}
		}
	}
	return fresh, nil
}

// likeness is what makes two imported devices the same.
func likeness(d reeve.Device) string {
	return fmt.Sprint(d.Hostname, "\n", slices.Sorted(slices.Values(d.MACs)))
}
