package main

import (
	"context"
	"sync"
	"time"
)

// idled is how long an agent is looked at that has nothing to do.
const idled = 5 * time.Minute

// idle keeps what one run of the bench has found, for both figures.
var idle struct {
	once sync.Once
	took guest
	err  error
}

func init() {
	for _, f := range []struct {
		name, about string
		goal        goal
		of          func(guest) float64
	}{
		{"agent-idle-cpu-percent", "processor time of the connected and idle agent in five minutes, of one core", atMost(0.1),
			func(g guest) float64 { return 100 * g.processor / idled.Seconds() }},
		{"agent-traffic-bytes-a-minute", "bytes on the wire of the same, both ways, with the headers of TLS, TCP and IPv4", atMost(1000),
			func(g guest) float64 { return g.traffic / idled.Minutes() }},
	} {
		define(figure{name: f.name, goal: f.goal, about: f.about, run: func(ctx context.Context, b *bench) (float64, error) {
			idle.once.Do(func() { idle.took, idle.err = b.watchIdle(ctx) })
			return f.of(idle.took), idle.err
		}})
	}
}

// watchIdle returns what the agent takes while it has nothing to do.
func (b *bench) watchIdle(ctx context.Context) (took guest, err error) {
	if err := buildAgent(ctx); err != nil {
		return took, err
	}
	agent, err := b.startIdleAgent(ctx)
	if err != nil {
		return took, err
	}
	if err := rest(ctx, 30*time.Second); err != nil { // what comes after a start is over
		return took, err
	}
	before, err := look(ctx, agent.Process.Pid)
	if err != nil {
		return took, err
	}
	if err := rest(ctx, idled); err != nil {
		return took, err
	}
	after, err := look(ctx, agent.Process.Pid)
	after.processor -= before.processor
	after.traffic -= before.traffic
	return after, err
}
