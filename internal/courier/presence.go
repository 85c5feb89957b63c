package courier

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"reeve"
)

// A connection is one on the bus.
type connection struct {
	server string // id of the bus's node
	number uint64 // on that node
}

// A station is what is known of a device that may be connected.
type station struct {
	connection
	address  string // where it connected from
	archived bool
	present  bool // said Hello, so it listens
	heard    time.Time
}

// presence knows which devices are connected, and tells the store in bulk.
//
// A device's latest admission is its station: when an older connection of the
// same device ends, which may be noticed long after it came back, nothing
// changes.
type presence struct {
	store   reeve.PresenceStore
	silence time.Duration // after which a device without beats has left

	mu       sync.RWMutex
	stations map[int64]*station
	beats    map[int64]struct{} // heard since the last flush
	left     map[int64]struct{} // gone since the last flush

	storing sync.Mutex // held while the store is told who came and who left
}

func newPresence(store reeve.PresenceStore, silence time.Duration) *presence {
	return &presence{
		store: store, silence: silence, stations: map[int64]*station{},
		beats: map[int64]struct{}{}, left: map[int64]struct{}{},
	}
}

// admit notes that a device was let in by a connection. It is not present
// before it speaks.
func (p *presence) admit(device int64, from connection, address string, archived bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stations[device] = &station{connection: from, address: address, archived: archived, heard: now}
}

// arrive notes that a device said Hello, and returns its station.
func (p *presence) arrive(device int64, now time.Time) station {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.hear(device, now)
}

// beat notes that a device is still there.
func (p *presence) beat(device int64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hear(device, now)
	p.beats[device] = struct{}{}
}

func (p *presence) hear(device int64, now time.Time) *station {
	s := p.stations[device]
	if s == nil { // admitted before this process was there
		s = &station{}
		p.stations[device] = s
	}
	s.present, s.heard = true, now
	return s
}

// leave notes that a device said goodbye.
func (p *presence) leave(device int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(device)
}

// end notes that a connection of a device ended.
func (p *presence) end(device int64, c connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.stations[device]; s != nil && s.connection == c {
		p.remove(device)
	}
}

func (p *presence) remove(device int64) {
	delete(p.stations, device)
	delete(p.beats, device)
	p.left[device] = struct{}{}
}

// has reports whether a device listens.
func (p *presence) has(device int64) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := p.stations[device]
	return s != nil && s.present
}

// orders returns the orders of a job for the devices that listen. The index of
// a command is its leaf.
func (p *presence) orders(job reeve.JobID, placed []reeve.Placed) []reeve.Order {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []reeve.Order
	for i, one := range placed {
		if one.State != reeve.Queued || one.Reason == reeve.AskedByLink {
			continue
		}
		if s := p.stations[one.Device]; s != nil && s.present {
			out = append(out, reeve.Order{ID: reeve.CommandID{Job: job, Leaf: int32(i)}, Device: one.Device})
		}
	}
	return out
}

// connectionOf returns the connection of a device, if it is known.
func (p *presence) connectionOf(device int64) (connection, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := p.stations[device]
	if s == nil || s.server == "" {
		return connection{}, false
	}
	return s.connection, true
}

// count returns how many devices are connected.
func (p *presence) count() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.stations)
}

// listening returns the devices that listen, in order.
func (p *presence) listening() []int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	devices := make([]int64, 0, len(p.stations))
	for device, s := range p.stations {
		if s.present {
			devices = append(devices, device)
		}
	}
	slices.Sort(devices)
	return devices
}

// meet stores what devices said of themselves. Those that left in the meantime
// are noted once more, since the store now has them online.
func (p *presence) meet(ctx context.Context, now time.Time, batch []reeve.Meeting) error {
	if len(batch) == 0 {
		return nil
	}
	p.storing.Lock()
	defer p.storing.Unlock()
	if err := p.store.Meet(ctx, now, batch); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range batch {
		if s := p.stations[m.Device]; s == nil || !s.present {
			p.left[m.Device] = struct{}{}
		}
	}
	return nil
}

// flush tells the store who was heard and who left.
func (p *presence) flush(ctx context.Context, now time.Time) error {
	p.storing.Lock()
	defer p.storing.Unlock()
	heard, gone := p.collect(now)
	if len(heard) > 0 {
		if err := p.store.Seen(ctx, now, heard, true); err != nil {
			p.again(gone)
			return err // the next beat says it again
		}
	}
	if len(gone) > 0 {
		if err := p.store.Seen(ctx, now, gone, false); err != nil {
			p.again(gone)
			return err
		}
	}
	return nil
}

// collect empties the notes. A device that has come back since it left is said
// to be online by its Hello.
func (p *presence) collect(now time.Time) (heard, gone []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for device, s := range p.stations {
		if !s.archived && now.Sub(s.heard) > p.silence {
			p.remove(device)
		}
	}
	for device := range p.left {
		if s := p.stations[device]; s == nil || !s.present {
			gone = append(gone, device)
		}
	}
	heard = slices.Sorted(maps.Keys(p.beats))
	slices.Sort(gone)
	clear(p.beats)
	clear(p.left)
	return heard, gone
}

// again keeps for the next flush what could not be stored.
func (p *presence) again(gone []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, device := range gone {
		p.left[device] = struct{}{}
	}
}
