package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// agentsSettings tell the second process which agents to be, and of which
// server.
type agentsSettings struct {
	Address string // HOST:PORT of the message bus
	Root    []byte // public key that the agents have pinned
	Cert    []byte // the same as a certificate
	Account int64
	Count   int // the devices 1 to Count
	Round   int // how many acknowledged commands make a round
}

// gatherAgents connects the first count devices of the fleet.
func (h *house) gatherAgents(ctx context.Context, count, round int) (*crowd, error) {
	return h.fleet.bench.gather(ctx, "-agents", agentsSettings{
		Address: h.bus.Addr().String(), Root: h.fleet.keys.Root(), Cert: h.fleet.keys.RootCert(),
		Account: h.fleet.account.No, Count: count, Round: round,
	}, count)
}

// serveAgents is the second process. Its agents are connections of the real
// agent: they prove their keys and check every seal. What they are told they have
// done at once, and they keep nothing.
func serveAgents(ctx context.Context, encoded string) error {
	var settings agentsSettings
	if err := json.Unmarshal([]byte(encoded), &settings); err != nil {
		return err
	}
	trust, err := line.NewTrust(settings.Root, settings.Cert)
	if err != nil {
		return err
	}
	failed := make(chan error)
	connected := newCounter(settings.Count)
	round := newCounter(settings.Round)
	room := make(chan struct{}, 64) // dials at a time
	for device := int64(1); device <= int64(settings.Count); device++ {
		key, err := line.KeyOf(seedOf(device))
		if err != nil {
			return err
		}
		a := &agent{connected: connected, round: round, room: room, failed: failed, done: map[string]bool{}}
		a.session = line.Session{
			Key: key, Trust: trust, Handler: a,
			Place: link.Enrolled{Account: settings.Account, Address: link.Address(device), Agents: settings.Address, TLS: true},
			Hello: func() link.Hello { return helloOf(device) },
		}
		room <- struct{}{}
		go a.session.Run(ctx)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// helloOf says what the fleet's tables hold already.
func helloOf(device int64) link.Hello {
	facts, _ := json.Marshal(deviceFacts) // plain data, which cannot fail
	return link.Hello{
		Protocol: link.Protocol, Nonce: seedOf(-device)[:16], Version: reeve.Version{26, 11}.String(), Kind: reeve.Persistent.String(), System: reeve.Linux.String(), Actions: everyAbility.Names(),
		Hostname: hostname(device), MACs: []string{reeve.MAC(firstMAC + device).String()},
		Facts: facts,
	}
}

// An agent is one connection.
type agent struct {
	session          line.Session
	connected, round *counter
	room             chan struct{}
	done             map[string]bool
	failed           chan<- error // the first error ends the process
}

func (a *agent) Welcomed() {
	<-a.room
	a.connected.add(1)
}

func (a *agent) Ordered(o line.Order) {
	if o.Fault != line.NoFault {
		a.failed <- fmt.Errorf("an order has the fault %s", o.Fault)
	}
	if err := a.session.Report(link.Report{Command: o.Command, State: reeve.Succeeded.String()}); err != nil {
		a.failed <- err
	}
}

// Acked counts commands, each once: an order may come again.
func (a *agent) Acked(commands []string) {
	more := 0
	for _, c := range commands {
		if !a.done[c] {
			a.done[c] = true
			more++
		}
	}
	a.round.add(more)
}

func (a *agent) Cancelled(int64)               {}
func (a *agent) Paused(int64, bool, time.Time) {}

func (a *agent) Lost(err error, _ time.Duration) {
	a.failed <- fmt.Errorf("a connection was lost: %w", err)
}

func (a *agent) Settled(link.Notice) {}

func (a *agent) Dropped(verb string, err error) {
	a.failed <- fmt.Errorf("a message of the verb %s was dropped: %w", verb, err)
}

// A counter prints the time whenever it passes a multiple of each.
type counter struct {
	each int64
	n    atomic.Int64
}

func newCounter(each int) *counter { return &counter{each: int64(each)} }

func (c *counter) add(more int) {
	if after := c.n.Add(int64(more)); after/c.each > (after-int64(more))/c.each {
		fmt.Println(time.Now().UnixNano())
	}
}
