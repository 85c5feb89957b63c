package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"reeve"
	"reeve/internal/agent/line"
)

// Options are what a swarm runs with.
type Options struct {
	Server string // such as https://host:8443
	Pin    string // of the server's root key; may be empty on loopback without TLS
	Code   string // registration code
	Count  int    // devices
	Fleet  Fleet  // DefaultFleet if it has no kinds
	Seed   int64  // the same devices for the same seed

	// Hold keeps the devices connected until the context ends. Without it the
	// swarm ends as soon as all of them have enrolled and connected once.
	Hold bool

	// Ready is called once when all devices have enrolled and those that are
	// not away have been connected. May be nil.
	Ready func(Stats)

	// Ordered is called for every order that a device takes for the first time,
	// from the goroutine that read it. May be nil.
	Ordered func(device int, at time.Time)

	// Effects names a file to which every effect adds a line with its command:
	// so that they can be counted outside the journals that keep them from
	// happening twice. Empty for none.
	Effects string

	Log *slog.Logger // discards if nil
}

const (
	enrolling = 64 // devices that enrol or connect for the first time at once
	uploading = 16 // files at once

	resendEvery = 30 * time.Second
)

// A Swarm is a number of simulated devices.
type Swarm struct {
	opts    Options
	door    *line.Server
	devices []*device
	effects *os.File
	uploads chan struct{} // a slot for each
	counts

	// Set once the first device has enrolled; all belong to one server.
	trust     *line.Trust
	trustOnce sync.Once
	trustErr  error
}

// New prepares a swarm; nothing is sent before Run.
func New(o Options) (*Swarm, error) {
	if o.Count < 1 {
		return nil, errors.New("a swarm needs at least one device")
	}
	if len(o.Fleet.Kinds) == 0 {
		o.Fleet = DefaultFleet()
	}
	if err := o.Fleet.check(); err != nil {
		return nil, fmt.Errorf("the fleet is not usable: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	door, err := line.Open(o.Server, o.Pin)
	if err != nil { // nothing was asked yet: it is what was given
		return nil, reeve.Errorf(reeve.Invalid, "%v", err)
	}
	s := &Swarm{opts: o, door: door, uploads: make(chan struct{}, uploading)}
	if o.Effects != "" {
		if s.effects, err = os.OpenFile(o.Effects, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return nil, fmt.Errorf("opening the file of effects: %w", err)
		}
	}
	for i, p := range o.Fleet.places(o.Count) {
		d, err := newDevice(s, i, p)
		if err != nil {
			return nil, err
		}
		s.devices = append(s.devices, d)
	}
	return s, nil
}

// Run runs a swarm to its end and returns what it counted.
func Run(ctx context.Context, o Options) (Stats, error) {
	s, err := New(o)
	if err != nil {
		return Stats{}, err
	}
	err = s.Run(ctx)
	return s.Stats(), err
}

// Run lets all devices enrol and connect, and serves the server's orders as
// long as Options.Hold says. A device that the server does not take is counted
// and left out; if it takes none, that is the error. The end of ctx is none.
func (s *Swarm) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	if s.effects != nil {
		defer s.effects.Close()
	}
	sessions.Go(func() { s.resend(ctx) })

	var crowd errgroup.Group
	crowd.SetLimit(enrolling)
	for _, d := range s.devices {
		if ctx.Err() != nil {
			break
		}
		crowd.Go(func() error { return d.join(ctx, &sessions) })
	}
	err := crowd.Wait()
	s.door.CloseIdle()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil && s.Stats().Enrolled == 0 {
		return err
	}
	if s.opts.Ready != nil {
		s.opts.Ready(s.Stats())
	}
	if s.opts.Hold {
		<-ctx.Done()
	}
	return nil
}

// trustIn returns the trust in the server that the first device enrolled at.
func (s *Swarm) trustIn(m line.Member) (*line.Trust, error) {
	s.trustOnce.Do(func() { s.trust, s.trustErr = line.NewTrust(m.Root, m.RootCert) })
	return s.trust, s.trustErr
}

// resend sends reports again that stay without an acknowledgement.
func (s *Swarm) resend(ctx context.Context) {
	tick := time.NewTicker(resendEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, d := range s.devices {
				d.resend(now.Add(-resendEvery))
			}
		}
	}
}

// note adds an effect to the file.
func (s *Swarm) note(command string) {
	if s.effects == nil {
		return
	}
	// One write, so that lines of different devices do not mix.
	if _, err := s.effects.WriteString(command + "\n"); err != nil {
		s.opts.Log.Error("effect not noted", "err", err)
	}
}
