package control

import (
	"context"
	"errors"
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
// all of its MACs, or by hostname alone where neither has a MAC, is skipped, so
// that a file can be imported again. A dry run only counts.
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
	var out Imported
	err := c.store.Import(ctx, caller.Account, func(tx reeve.Importing) error {
		fresh, err := unknownYet(tx, devices)
		if err != nil {
			return err
		}
		out = Imported{Added: len(fresh), Skipped: len(devices) - len(fresh)}
		if dryRun || len(fresh) == 0 {
			return errDryRun
		}
		facts := map[string]any{"devices": out.Added}
		if out.Skipped > 0 {
			facts["skipped"] = out.Skipped
		}
		return tx.Add(fresh, entry(caller, now, "devices_imported", detail("", facts)))
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return Imported{}, err
	}
	return out, nil
}

// unknownYet returns the devices that no unknown record, and no device before
// them, describes.
func unknownYet(tx reeve.Importing, devices []reeve.Device) ([]reeve.Device, error) {
	known := map[string]bool{}
	var fresh []reeve.Device
	for chunk := range slices.Chunk(devices, importChunk) {
		var macs []reeve.MAC
		var hostnames []string
		for _, d := range chunk {
			macs = append(macs, d.MACs...)
			if len(d.MACs) == 0 {
				hostnames = append(hostnames, d.Hostname)
			}
		}
		found, err := tx.Alike(macs, hostnames)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			if d.Class.Standing == reeve.Unknown {
				known[likeness(d)] = true
			}
		}
		for _, d := range chunk {
			if !known[likeness(d)] {
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
