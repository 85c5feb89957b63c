package swarm

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// retire is the order to leave.
const retire = "retire"

// The states that an agent reports.
const (
	running   = "running"
	succeeded = "succeeded"
	failed    = "failed"
	refused   = "refused"
)

// A device is one simulated agent.
type device struct {
	swarm   *Swarm
	number  int
	place   place
	session line.Session
	ctx     context.Context // of its session and its work
	stop    context.CancelFunc

	mu     sync.Mutex
	up     bool
	joined chan struct{}       // closed when it is connected for the first time
	open   map[string]*effort  // commands of which the server does not know the end
	closed map[string]struct{} // the others; both together are the journal
	paused map[string]bool     // by job, for one connection
}

func newDevice(s *Swarm, number int, p place) (*device, error) {
	d := &device{swarm: s, number: number, place: p}
	seed := d.derive("key")
	key, err := line.KeyOf(seed[:])
	if err != nil {
		return nil, err
	}
	d.session = line.Session{Key: key, Hello: d.hello, Handler: d}
	return d, nil
}

// derive returns bytes that follow from the seed, the device and a word.
func (d *device) derive(word string) [32]byte {
	b := append(make([]byte, 0, 64), "reeve swarm 1\n"...)
	b = binary.BigEndian.AppendUint64(b, uint64(d.swarm.opts.Seed))
	b = binary.BigEndian.AppendUint64(b, uint64(d.number))
	return sha256.Sum256(append(b, word...))
}

// chance returns a number from 0 to 1 that follows from the device and a word.
func (d *device) chance(word string) float64 {
	b := d.derive(word)
	return float64(binary.BigEndian.Uint64(b[:8])>>11) / (1 << 53)
}

// named fills the device's number into a pattern.
func (d *device) named(pattern string) string {
	return strings.ReplaceAll(pattern, "{n}", fmt.Sprintf("%05d", d.number+1))
}

// mac returns the i-th hardware address, one of those that no maker uses.
func (d *device) mac(i int) string {
	b := d.derive("mac " + string(rune('0'+i)))
	b[0] = b[0]&^1 | 2
	mac := reeve.MAC(0)
	for _, c := range b[:6] {
		mac = mac<<8 | reeve.MAC(c)
	}
	return mac.String()
}

func (d *device) hello() link.Hello {
	k := d.place.kind
	hardware := d.derive("hardware")
	h := link.Hello{
		Version: k.Version, Kind: k.Agent, System: k.System, Actions: k.Actions,
		Hostname: d.named(k.Hostname), Hardware: hex.EncodeToString(hardware[:16]),
	}
	facts := reeve.Facts{
		OSName: k.Facts.OSName, OSVersion: k.Facts.OSVersion, Architecture: k.Facts.Architecture,
		Type: k.Facts.Type, User: d.named(k.Facts.User),
	}
	for i := range k.MACs {
		h.MACs = append(h.MACs, d.mac(i))
		facts.Networks = append(facts.Networks, reeve.Network{Name: fmt.Sprintf("eth%d", i), MAC: h.MACs[i]})
	}
	h.Facts, _ = json.Marshal(facts) // plain data, which cannot fail
	return h
}

// join enrols the device and, unless it is away, starts its session in the
// group and waits until it is connected.
func (d *device) join(ctx context.Context, sessions *sync.WaitGroup) error {
	for failures := 1; ; failures++ {
		m, err := d.swarm.door.Enrol(ctx, d.session.Key, d.swarm.opts.Code, d.hello())
		if err == nil {
			d.session.Place = m.Place
			d.session.Trust, err = d.swarm.trustIn(m)
		}
		if err == nil {
			break
		}
		_, final := errors.AsType[*line.Refusal](err)
		if final || errors.Is(err, line.ErrNotPinned) {
			d.swarm.rejected.Add(1)
			d.swarm.opts.Log.Warn("device not taken", "number", d.number, "err", err)
			return err
		}
		if !line.Pause(ctx, line.Backoff(failures)) {
			return err
		}
	}
	d.swarm.enrolled.Add(1)
	if d.place.away && d.place.kind.BackAfter == 0 {
		return nil
	}
	d.ctx, d.stop = context.WithCancel(ctx)
	joined := make(chan struct{})
	d.joined = joined
	sessions.Go(func() {
		defer d.stop()
		if !d.place.away || line.Pause(d.ctx, d.place.kind.BackAfter) {
			d.session.Run(d.ctx)
		}
		d.down()
	})
	if !d.place.away {
		select {
		case <-joined:
		case <-d.ctx.Done():
		}
	}
	return nil
}

// Welcomed counts the connection and sends what the server may have missed.
func (d *device) Welcomed() {
	d.swarm.welcomes.Add(1)
	d.mu.Lock()
	if !d.up {
		d.up = true
		d.swarm.connected.Add(1)
	}
	first := d.joined
	d.joined = nil
	clear(d.paused)
	d.release()
	d.mu.Unlock()
	if first != nil {
		close(first)
	}
	d.resend(time.Now())
}

// Lost counts.
func (d *device) Lost(err error, wait time.Duration) {
	d.swarm.lost.Add(1)
	d.down()
	d.swarm.opts.Log.Debug("device not connected", "number", d.number, "err", err, "next_try", wait)
}

func (d *device) down() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up {
		d.up = false
		d.swarm.connected.Add(-1)
	}
}

// Settled leaves settings alone: a simulated agent has no use for them.
func (d *device) Settled(link.Notice) {}

// Dropped notes a message that could not be used.
func (d *device) Dropped(verb string, err error) {
	d.swarm.opts.Log.Warn("message dropped", "number", d.number, "verb", verb, "err", err)
}
