package courier

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/link"
)

// Limits on the parts of a Hello.
const (
	maxNonce    = 64
	maxHostname = 253
	maxMACs     = 64
	maxText     = 256 // bytes of one fact
	maxNetworks = 64
	maxIPs      = 32 // of one network, in each version
)

// A greeting is a Hello that waits for its Welcome.
type greeting struct {
	meeting  reeve.Meeting
	nonce    []byte
	archived bool
}

func (c *Courier) onHello(m *nats.Msg) {
	device, _, err := link.ParseSubject(m.Subject)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	meeting, nonce, err := readHello(m.Data)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	at := c.presence.arrive(device, c.now())
	meeting.Device, meeting.Address = device, at.address
	c.greetings.put(greeting{meeting, nonce, at.archived}, len(m.Data))
}

// readHello reads what an agent says of itself. It trusts nothing in it.
func readHello(data []byte) (reeve.Meeting, []byte, error) {
	var h link.Hello
	if len(data) > link.MaxHello {
		return reeve.Meeting{}, nil, errors.New("a Hello is too long")
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return reeve.Meeting{}, nil, errors.New("a Hello is not the JSON it should be")
	}
	meeting := reeve.Meeting{
		Abilities: reeve.AbilitiesOf(h.Actions),
		Hostname:  line(h.Hostname, maxHostname),
	}
	version, ok := reeve.ParseVersion(h.Version)
	switch {
	case h.Protocol < 1:
		return meeting, nil, errors.New("a Hello names no protocol")
	case len(h.Nonce) == 0 || len(h.Nonce) > maxNonce:
		return meeting, nil, errors.New("a Hello has no proper nonce")
	case !ok:
		return meeting, nil, errors.New("a Hello has no proper version")
	case len(h.MACs) > maxMACs:
		return meeting, nil, errors.New("a Hello has too many MACs")
	}
	meeting.Version = version
	for _, text := range h.MACs {
		mac, ok := reeve.ParseMAC(text)
		if !ok || mac == 0 {
			return meeting, nil, errors.New("a Hello has a malformed MAC")
		}
		meeting.MACs = append(meeting.MACs, mac)
	}
	slices.Sort(meeting.MACs)
	meeting.MACs = slices.Compact(meeting.MACs)
	if len(h.Facts) > 0 {
		if err := json.Unmarshal(h.Facts, &meeting.Facts); err != nil {
			return meeting, nil, errors.New("a Hello has malformed facts")
		}
	}
	if len(meeting.Facts.Networks) > maxNetworks {
		return meeting, nil, errors.New("a Hello has too many networks")
	}
	tidy(&meeting.Facts)
	return meeting, h.Nonce, nil
}

func tidy(f *reeve.Facts) {
	for _, s := range []*string{&f.OSName, &f.OSVersion, &f.Architecture, &f.User, &f.Type} {
		*s = line(*s, maxText)
	}
	for i := range f.Networks {
		n := &f.Networks[i]
		n.Name, n.MAC = line(n.Name, maxText), line(n.MAC, maxText)
		n.IPv4, n.IPv6 = tidyAll(n.IPv4), tidyAll(n.IPv6)
	}
}

func tidyAll(texts []string) []string {
	texts = texts[:min(len(texts), maxIPs)]
	for i := range texts {
		texts[i] = line(texts[i], maxText)
	}
	return texts
}

// line returns text from an agent as one line of at most n bytes that any
// database and any page can take.
func line(s string, n int) string {
	clean := true
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || (r >= 0x80 && r < 0xa0) {
			clean = false
			break
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\t' || r == '\r':
				return ' '
			case r < ' ' || (r >= 0x7f && r < 0xa0):
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, "\uFFFD"))
	}
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return s
}

// greet answers Hellos until none come any more.
func (c *Courier) greet() {
	var spare []greeting
	for {
		batch, ok := c.greetings.take(spare)
		if !ok {
			return
		}
		insist(c.ctx, c.opts.Log, latest(batch), c.welcome)
		spare = batch
	}
}

// latest leaves the last Hello of each device, in order of devices.
func latest(batch []greeting) []greeting {
	last := make(map[int64]int, len(batch))
	for i, g := range batch {
		last[g.meeting.Device] = i
	}
	out := make([]greeting, 0, len(last))
	for i, g := range batch {
		if last[g.meeting.Device] == i {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b greeting) int { return int(a.meeting.Device - b.meeting.Device) })
	return out
}

// welcome stores what the devices said, tells each the time, and gives it what
// waited for it. The time comes first, for an agent judges orders by it.
func (c *Courier) welcome(batch []greeting) error {
	meetings := make([]reeve.Meeting, 0, len(batch))
	devices := make([]int64, 0, len(batch))
	for _, g := range batch {
		devices = append(devices, g.meeting.Device)
		if !g.archived {
			meetings = append(meetings, g.meeting)
		}
	}
	if err := c.presence.meet(c.ctx, c.now(), meetings); err != nil {
		return err
	}
	// Whatever is committed from here on is brought by Placed, for the devices
	// are present; whatever was before is found here.
	waiting, err := c.opts.Orders.Pending(c.ctx, c.now(), devices)
	if err != nil {
		return err
	}
	key := c.opts.Key()
	for _, g := range batch {
		at := c.now()
		w := link.Welcome{
			At: at, BeatSeconds: int(c.opts.BeatEvery / time.Second),
			Signature: key.Now(at, g.nonce), SealKey: key.Certificate(),
		}
		if g.archived {
			w.BeatSeconds = archivedBeat
		}
		c.publish(g.meeting.Device, link.VerbWelcome, w)
	}
	c.send(waiting, func(o reeve.Order) bool { return o.State < reeve.Running })
	return nil
}

// archivedBeat is the longest that an agent takes: it may not beat.
const archivedBeat = 3600
