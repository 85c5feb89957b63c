package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"reeve"
)

// Limits on the devices without an agent that agents may add to an account.
const (
	MaxDiscovered      = 100_000 // in all
	MaxFoundNeighbours = 1_000   // by one agent, on its network
	MaxFoundListed     = 50_000  // by one domain controller's agent
)

// fullEvery is how often an account's log says that there was no room.
const fullEvery = time.Hour

// Discover takes what agents saw of other machines. Those that no record stands
// for are added with standing Unknown, within limits; of records without an agent
// it is noted that they were seen, and what of it is new. A record that has or
// had an agent stays as it is, whatever others say of it. Of neighbours only
// agents are heard whose settings ask for them, and of a directory only those of
// domain controllers.
func (c *Control) Discover(ctx context.Context, batch []reeve.Found) error {
	devices := make([]int64, len(batch))
	for i, f := range batch {
		devices[i] = f.Device
	}
	finders, err := c.store.Finders(ctx, devices)
	if err != nil {
		return err
	}
	of, accounts := map[int64]reeve.Finder{}, map[int64]bool{}
	for _, f := range finders {
		of[f.Device], accounts[f.Account] = f, true
	}
	asked, err := c.askedForNeighbours(ctx, devices, accounts)
	if err != nil {
		return err
	}
	saw := map[int64][]seen{} // by account
	for _, f := range batch {
		finder, ok := of[f.Device]
		if !ok || finder.Class.Standing != reeve.Managed {
			continue
		}
		for _, s := range f.Sightings {
			if s.Origin == reeve.ByNeighbour && asked[f.Device] || s.Origin == reeve.ByDirectory && finder.Class.Kind == reeve.DomainController {
				saw[finder.Account] = append(saw[finder.Account], seen{s, finder})
			}
		}
	}
	for _, account := range slices.Sorted(maps.Keys(saw)) {
		if err := c.discover(ctx, account, saw[account]); err != nil {
			return err
		}
	}
	return nil
}

// askedForNeighbours returns which devices have settings that ask for neighbours.
func (c *Control) askedForNeighbours(ctx context.Context, devices []int64, accounts map[int64]bool) (map[int64]bool, error) {
	members, err := c.store.Memberships(ctx, devices)
	if err != nil {
		return nil, err
	}
	type group struct{ account, no int64 }
	settings := map[group]reeve.AgentSettings{}
	for account := range accounts {
		all, _, err := c.store.AgentSettings(ctx, account)
		if err != nil {
			return nil, err
		}
		for _, g := range all {
			settings[group{account, g.GroupNo}] = g.AgentSettings
		}
	}
	asked := map[int64]bool{}
	for _, m := range members {
		of, has := settings[group{m.Account, m.GroupNo}]
		if !has {
			of = settings[group{m.Account, 0}]
		}
		asked[m.Device] = of.ReportNeighbours
	}
	return asked, nil
}

// seen is a sighting, and who saw it.
type seen struct {
	reeve.Sighting
	finder reeve.Finder
}

// names are what a record of the machine may be called.
func (s seen) names() []string {
	whole := strings.ToLower(s.Hostname)
	label, _, _ := strings.Cut(whole, ".")
	if label == whole {
		return []string{whole}
	}
	return []string{whole, label}
}

func (c *Control) discover(ctx context.Context, account int64, all []seen) error {
	now := c.now()
	owner, err := c.store.Account(ctx, account)
	if err != nil {
		return err
	}
	return c.store.Discover(ctx, account, func(tx reeve.Discovering) error {
		d := discovery{tx: tx, now: now, randomMACs: owner.Settings.RandomMACs, finders: map[string]bool{}}
		for chunk := range slices.Chunk(all, importChunk) {
			if err := d.take(chunk); err != nil {
				return err
			}
		}
		if d.added == 0 && (d.leftOut == 0 || !c.mayComplain(account, now)) {
			return nil
		}
		facts := map[string]any{"devices": d.added, "by": slices.Sorted(maps.Keys(d.finders))}
		e := entry(system(account), now, "devices_discovered", "")
		e.Source = reeve.FromAgent
		if d.leftOut > 0 {
			facts["left_out"], e.Outcome = d.leftOut, "limit"
		}
		e.Detail = detail("", facts)
		return tx.Log(e)
	})
}

// mayComplain reports whether the log may say once more that there is no room.
func (c *Control) mayComplain(account int64, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.lastFull[account]) < fullEvery {
		return false
	}
	c.lastFull[account] = now
	return true
}

// A discovery is one transaction in which sightings become records.
type discovery struct {
	tx         reeve.Discovering
	now        time.Time
	randomMACs bool            // whether made-up ones stand for devices
	found      map[int64]int64 // what Discovering.CountFound counts; nil if it was not yet asked
	all        int64           // the sum of it

	added, leftOut int
	finders        map[string]bool // who added, by id
}

// A draft is what becomes of the records that a chunk of sightings is about.
type draft struct {
	byMAC    map[reeve.MAC][]*reeve.Device
	byObject map[string]*reeve.Device
	byName   map[string][]*reeve.Device

	added        []*reeve.Device
	finders      []int64                // of those added
	changed, saw map[*reeve.Device]bool // of those that were there
}

func (d *discovery) take(chunk []seen) error {
	w, err := d.known(chunk)
	if err != nil {
		return err
	}
	for _, s := range chunk {
		record, isNew := w.match(s)
		switch {
		case record == nil: // it has an agent
			continue
		case isNew && s.MAC.IsMadeUp() && !d.randomMACs:
			continue
		case isNew:
			free, err := d.hasRoom(s.finder)
			if err != nil {
				return err
			}
			if !free {
				d.leftOut++
				continue
			}
			d.all++
			d.found[s.finder.Device]++
			d.finders[s.finder.ID] = true
			w.added, w.finders = append(w.added, record), append(w.finders, s.finder.Device)
		}
		if s.describe(record, d.now) {
			w.changed[record] = true
		}
		w.saw[record] = true
		w.know(record)
	}
	return d.store(w)
}

// known reads the records that a chunk may be about.
func (d *discovery) known(chunk []seen) (*draft, error) {
	w := &draft{
		byMAC: map[reeve.MAC][]*reeve.Device{}, byObject: map[string]*reeve.Device{}, byName: map[string][]*reeve.Device{},
		changed: map[*reeve.Device]bool{}, saw: map[*reeve.Device]bool{},
	}
	var macs []reeve.MAC
	var objects, names []string
	for _, s := range chunk {
		if s.Origin == reeve.ByNeighbour {
			macs = append(macs, s.MAC)
			continue
		}
		objects, names = append(objects, s.Object), append(names, s.names()...)
	}
	found, err := d.tx.Alike(macs, objects, names)
	for i := range found {
		w.know(&found[i])
	}
	return w, err
}

// know makes a record found by what it has.
func (w *draft) know(d *reeve.Device) {
	add := func(list []*reeve.Device) []*reeve.Device {
		if slices.Contains(list, d) {
			return list
		}
		return append(list, d)
	}
	for _, mac := range d.MACs {
		w.byMAC[mac] = add(w.byMAC[mac])
	}
	if d.Object != "" {
		w.byObject[d.Object] = d
	}
	if name := strings.ToLower(d.Hostname); name != "" {
		w.byName[name] = add(w.byName[name])
	}
}

// match returns the record of the machine that was seen, which may be a new one;
// nil if the machine has an agent.
func (w *draft) match(s seen) (record *reeve.Device, isNew bool) {
	alike := w.byMAC[s.MAC]
	if s.Origin == reeve.ByDirectory {
		if alike = nil; w.byObject[s.Object] != nil {
			alike = []*reeve.Device{w.byObject[s.Object]}
		}
		for _, name := range s.names() {
			for _, d := range w.byName[name] {
				if hasAgent(d) { // whatever record the object had before
					return nil, false
				}
				if d.Object == "" {
					alike = append(alike, d)
				}
			}
		}
	}
	if slices.ContainsFunc(alike, hasAgent) {
		return nil, false
	}
	if len(alike) > 0 {
		return alike[0], false
	}
	return &reeve.Device{ID: reeve.NewID(), Class: reeve.Class{Standing: reeve.Unknown}}, true
}

// hasRoom reports whether a finder may add a device.
func (d *discovery) hasRoom(f reeve.Finder) (bool, error) {
	if d.found == nil {
		var err error
		if d.found, err = d.tx.CountFound(); err != nil {
			return false, err
		}
		for _, n := range d.found {
			d.all += n
		}
	}
	most := int64(MaxFoundNeighbours)
	if f.Class.Kind == reeve.DomainController {
		most = MaxFoundListed
	}
	return d.found[f.Device] < most && d.all < MaxDiscovered, nil
}

func (d *discovery) store(w *draft) error {
	added := make([]reeve.Device, len(w.added))
	for i, record := range w.added {
		added[i] = *record
		delete(w.changed, record)
		delete(w.saw, record)
	}
	d.added += len(added)
	for _, step := range []struct {
		devices []reeve.Device
		store   func([]reeve.Device) error
	}{
		{added, func(devices []reeve.Device) error { return d.tx.Add(devices, w.finders) }},
		{inOrder(w.changed), d.tx.Update},
		{inOrder(w.saw), d.tx.Saw},
	} {
		if len(step.devices) == 0 {
			continue
		}
		if err := step.store(step.devices); err != nil {
			return err
		}
	}
	return nil
}

func inOrder(set map[*reeve.Device]bool) []reeve.Device {
	out := make([]reeve.Device, 0, len(set))
	for d := range set {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b reeve.Device) int { return cmp.Compare(a.No, b.No) })
	return out
}
