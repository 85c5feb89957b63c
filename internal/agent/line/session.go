package line

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"reeve/internal/link"
)

// ErrAway says that there is no connection to send on now.
var ErrAway = errors.New("the server is not connected")

// A Handler is told what the server says. The methods are called one at a
// time, from the goroutine that reads the connection, so nothing else arrives
// until they return; they may send on the session.
type Handler interface {
	// Welcomed says that the connection is up and the server's time known:
	// what is not acknowledged yet can be sent.
	Welcomed()
	// Ordered brings an order, also a faulty one and also one that came before.
	Ordered(Order)
	// Acked says that the last reports on these commands are stored.
	Acked(commands []string)
	// Cancelled calls off every command of a job.
	Cancelled(job int64)
	// Settled says which settings the server has for the device: a hint, also
	// where they are those that it has.
	Settled(n link.Notice)
	// Paused has the commands of a job hold back, or go on, since at. What was
	// said before Welcomed counts no more.
	Paused(job int64, paused bool, at time.Time)
	// Lost says that there is no connection, and how long the next attempt waits.
	Lost(err error, wait time.Duration)
	// Dropped says that a message was not used, and why.
	Dropped(verb string, err error)
}

// A Session keeps a device connected to the message bus.
type Session struct {
	Key     Key
	Trust   *Trust
	Place   link.Enrolled
	Hello   func() link.Hello // what the agent says on each connection
	Handler Handler
	Known   time.Time // the server's time as an earlier process last heard it; zero if unknown

	current atomic.Pointer[visit] // nil unless welcomed
	clock   atomic.Pointer[clock]
}

// A clock tells the server's time from what it once signed and our own
// monotonic clock since then.
type clock struct{ server, since time.Time }

func (c *clock) now() time.Time { return c.server.Add(time.Since(c.since)) }

// Now returns the server's time; false as long as it never told it.
func (s *Session) Now() (time.Time, bool) {
	c := s.clock.Load()
	if c == nil {
		return time.Time{}, false
	}
	return c.now(), true
}

// Moved says that the addresses of this machine may have changed. A connection
// from one that is gone is given up at once, and not when its silence is
// noticed.
func (s *Session) Moved() {
	if c := s.current.Load(); c != nil && c.stranded() {
		c.Close()
	}
}

// The subscriptions, by their numbers less one.
var topics = []string{link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbPause, link.VerbWelcome, link.VerbSettle}

const (
	welcomeWait  = 15 * time.Second // until Hello is said again, and twice that the next time
	silenceLimit = 150 * time.Second
	steady       = time.Minute // after which a connection is no failure
	// Orders that come before the Welcome wait for it, since without the time
	// they cannot be judged. Further ones are dropped; the server sends again.
	maxWaiting      = 64
	maxWaitingBytes = 1 << 20 // of all of them
)

// Connected reports whether there is a connection to send on.
func (s *Session) Connected() bool { return s.current.Load() != nil }

// Run connects, and connects again whenever the connection is lost, until ctx
// ends. It returns nothing, since nothing but ctx ends it.
func (s *Session) Run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		began := time.Now()
		welcomed, err := s.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		// A server that welcomes and then drops everybody is not to be stormed.
		if welcomed && time.Since(began) > steady {
			failures = 0
		}
		failures++
		wait := Backoff(failures)
		if errors.Is(err, ErrRefused) && failures > 3 {
			wait = refusedWait/2 + Within(refusedWait/2)
		}
		s.Handler.Lost(err, wait)
		Pause(ctx, wait)
	}
}

// A visit is one connection, from Hello to its end.
type visit struct {
	*Session
	*conn
	nonce    []byte
	beat     time.Duration // 0 until welcomed
	hellos   int
	welcomed bool

	waiting      [][]byte
	waitingBytes int
}

func (s *Session) connect(ctx context.Context) (welcomed bool, err error) {
	known, ok := s.Now()
	if !ok {
		known = s.Place.At
		if s.Known.After(known) {
			known = s.Known
		}
	}
	c, err := dial(ctx, busDoor{s.Place.Agents, s.Trust, s.Place.TLS, known}, s.Key)
	if err != nil {
		return false, fmt.Errorf("connecting to %s: %w", s.Place.Agents, err)
	}
	defer c.Close()
	v := &visit{Session: s, conn: c, nonce: make([]byte, 16)}
	rand.Read(v.nonce)
	stop := context.AfterFunc(ctx, v.leave)
	defer stop()
	defer s.current.CompareAndSwap(v, nil)

	subjects := make([]string, len(topics))
	for i, verb := range topics {
		subjects[i] = s.subject(verb)
	}
	c.idle = v.idle
	if err := c.subscribe(subjects...); err != nil {
		return false, err
	}
	if err := v.sayHello(); err != nil {
		return false, err
	}
	for {
		f, err := c.next()
		if err != nil {
			return v.welcomed, err
		}
		if f.topic < 1 || f.topic > len(topics) {
			return v.welcomed, errProtocol
		}
		v.take(topics[f.topic-1], f.payload)
	}
}

func (s *Session) subject(verb string) string { return link.Subject(s.Place.Address, verb) }

func (v *visit) sayHello() error {
	v.wake(time.Now().Add(welcomeWait << v.hellos))
	v.hellos++
	return v.introduce()
}

func (v *visit) introduce() error {
	hello := v.Hello()
	hello.Protocol, hello.Nonce = link.Protocol, v.nonce
	message, err := json.Marshal(hello)
	if err != nil {
		return fmt.Errorf("writing Hello: %w", err)
	}
	return v.publish(v.subject(link.VerbHello), message, "")
}

// Introduce says Hello once more on a connection that is up, as when something
// in it has changed.
func (s *Session) Introduce() error {
	v := s.current.Load()
	if v == nil {
		return ErrAway
	}
	return v.introduce()
}

// idle is called while nothing comes. Each beat asks for a sign of life too,
// since the bus sends none to a client that it hears.
func (v *visit) idle() error {
	if quiet := time.Since(v.heard); quiet > max(silenceLimit, 2*v.beat) {
		return fmt.Errorf("no sign of life from the server for %s", quiet.Round(time.Second))
	}
	if !v.welcomed {
		if v.hellos > 3 {
			return errors.New("the server does not answer Hello")
		}
		return v.sayHello()
	}
	v.wakeForBeat()
	return v.publish(v.subject(link.VerbBeat), nil, "PING\r\n")
}

// wakeForBeat spreads the beats of a fleet that connected together.
func (v *visit) wakeForBeat() { v.wake(time.Now().Add(v.beat*9/10 + Within(v.beat/5))) }

// leave says goodbye and ends the connection.
func (v *visit) leave() {
	if v.current.Load() == v {
		v.publish(v.subject(link.VerbBye), nil, "")
	}
	v.Close()
}

// take acts on one message. What it cannot use it drops: a bad message must
// not cost the connection, and the next one may be good.
func (v *visit) take(verb string, message []byte) {
	var err error
	switch verb {
	case link.VerbWelcome:
		err = v.welcome(message)
	case link.VerbOrder:
		err = v.order(message)
	case link.VerbAck:
		var ack link.Ack
		if err = json.Unmarshal(message, &ack); err == nil {
			v.Handler.Acked(ack.Commands)
		}
	case link.VerbSettle:
		var n link.Notice
		if err = json.Unmarshal(message, &n); err == nil {
			v.Handler.Settled(n)
		}
	case link.VerbPause:
		err = v.pause(message)
	case link.VerbCancel:
		var c link.Cancel
		if err = json.Unmarshal(message, &c); err == nil {
			if err = v.Trust.seals.CheckCancel(c.Job, c.At, c.Signature, c.SealKey); err == nil {
				v.Handler.Cancelled(c.Job)
			}
		}
	}
	if err != nil {
		v.Handler.Dropped(verb, err)
	}
}

func (v *visit) pause(message []byte) error {
	var p link.Pause
	if err := json.Unmarshal(message, &p); err != nil {
		return err
	}
	if err := v.Trust.seals.CheckPause(p.Job, p.Paused, p.At, p.Signature, p.SealKey); err != nil {
		return err
	}
	v.Handler.Paused(p.Job, p.Paused, p.At)
	return nil
}

func (v *visit) welcome(message []byte) error {
	var w link.Welcome
	if err := json.Unmarshal(message, &w); err != nil {
		return err
	}
	if err := v.Trust.seals.CheckNow(w.At, v.nonce, w.Signature, w.SealKey); err != nil {
		return err
	}
	if w.Settings != nil {
		defer v.Handler.Settled(*w.Settings)
	}
	if v.welcomed { // the answer to a Hello that was said twice
		return nil
	}
	v.welcomed = true
	v.clock.Store(&clock{server: w.At, since: time.Now()})
	v.beat = time.Duration(min(max(w.BeatSeconds, 5), 3600)) * time.Second
	v.wakeForBeat()
	v.current.Store(v)
	v.Handler.Welcomed()
	for _, m := range v.waiting {
		v.take(link.VerbOrder, m)
	}
	v.waiting = nil
	return nil
}

func (v *visit) order(message []byte) error {
	if !v.welcomed {
		if v.waitingBytes += len(message); len(v.waiting) == maxWaiting || v.waitingBytes > maxWaitingBytes {
			v.waitingBytes -= len(message)
			return errors.New("too many orders before the server told its time")
		}
		v.waiting = append(v.waiting, append([]byte(nil), message...))
		return nil
	}
	now, _ := v.Now()
	o, err := v.Trust.judge(message, v.Key.Public(), v.Place.Account, now)
	if err == nil {
		v.Handler.Ordered(o)
	}
	return err
}

// Saw tells of machines that the agent sees. That it was sent says nothing about
// its arrival.
func (s *Session) Saw(sightings link.Sightings) error {
	message, err := json.Marshal(sightings)
	if err != nil {
		return fmt.Errorf("writing sightings: %w", err)
	}
	v := s.current.Load()
	if v == nil {
		return ErrAway
	}
	return v.publish(s.subject(link.VerbSaw), message, "")
}

// Report sends a report. That it was sent says nothing about its arrival:
// until Acked names the command the last report has to be kept, and sent again.
func (s *Session) Report(r link.Report) error {
	message, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	if len(message) > link.MaxReport {
		return fmt.Errorf("a report of %d bytes is larger than the server takes", len(message))
	}
	v := s.current.Load()
	if v == nil {
		return ErrAway
	}
	return v.publish(s.subject(link.VerbReport), message, "")
}
