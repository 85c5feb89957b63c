package control

import (
	"context"
	"errors"
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
	Skipped int // those that are there already
}

// Import adds devices that have no agent yet, with standing Unknown, in one
// transaction. One that is there already is skipped, so that a file can be
// imported again, and no import makes it doubtful which record a MAC means: it
// is there if a device of whatever standing has one of its MACs, or where it has
// none, if a device without agent and MACs has its hostname. A dry run only
// counts.
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

// unknownYet returns the devices that are not there, and not named before them.
func unknownYet(tx reeve.Importing, devices []reeve.Device) ([]reeve.Device, error) {
	taken, named := map[reeve.MAC]bool{}, map[string]bool{}
	isKnown := func(d reeve.Device) bool {
		if len(d.MACs) == 0 {
			return named[d.Hostname]
		}
		return slices.ContainsFunc(d.MACs, func(m reeve.MAC) bool { return taken[m] })
	}
	know := func(d reeve.Device) {
		if len(d.MACs) == 0 {
			named[d.Hostname] = true
		}
		for _, m := range d.MACs {
			taken[m] = true
		}
	}
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
			if len(d.MACs) > 0 || d.Class.Kind == reeve.NoAgent {
				know(d)
			}
		}
		for _, d := range chunk {
			if !isKnown(d) {
				know(d)
				fresh = append(fresh, d)
			}
		}
	}
	return fresh, nil
}
