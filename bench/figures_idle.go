package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watch is how long idle agents are looked at: five beats of ours.
const watch = 5 * time.Minute

// A guest is what an idle agent took of its machine in that time.
type guest struct {
	resident  float64 // megabytes
	processor float64 // seconds
	traffic   float64 // bytes on the wire, both ways
}

// A watched figure is one of several that are read from the same guests.
type watched struct {
	name, about string
	goal        goal
	of          func([]guest) float64
}

// defineWatched defines figures of idle agents. All that a run asks for come of
// one watch, since it takes minutes.
func defineWatched(start func(context.Context, *bench) ([]*exec.Cmd, error), figures ...watched) {
	var once sync.Once
	var guests []guest
	var err error
	for _, f := range figures {
		define(figure{name: f.name, goal: f.goal, about: f.about, run: func(ctx context.Context, b *bench) (float64, error) {
			once.Do(func() { guests, err = watchIdle(ctx, b, start) })
			if err != nil {
				return 0, err
			}
			return f.of(guests), nil
		}})
	}
}

func init() {
	defineWatched(
		func(ctx context.Context, b *bench) ([]*exec.Cmd, error) {
			_, agent, err := b.startAgent(ctx)
			return []*exec.Cmd{agent}, err
		},
		watched{"agent-idle-cpu-percent", "processor time of the connected and idle agent in five minutes, of one core", atMost(0.1),
			func(g []guest) float64 { return 100 * g[0].processor / watch.Seconds() }},
		watched{"agent-traffic-bytes-a-minute", "bytes on the wire of the same, both ways, with the headers of TLS, TCP and IPv4", atMost(1000),
			func(g []guest) float64 { return g[0].traffic / watch.Minutes() }},
	)
}

// watchIdle starts agents and returns what each takes while it has nothing to do.
func watchIdle(ctx context.Context, b *bench, start func(context.Context, *bench) ([]*exec.Cmd, error)) ([]guest, error) {
	agents, err := start(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := rest(ctx, 30*time.Second); err != nil { // what comes after a start is over
		return nil, err
	}
	before, err := lookAll(ctx, agents)
	if err != nil {
		return nil, err
	}
	if err := rest(ctx, watch); err != nil {
		return nil, err
	}
	took, err := lookAll(ctx, agents)
	if err != nil {
		return nil, err
	}
	for i, a := range agents {
		took[i].processor -= before[i].processor
		took[i].traffic -= before[i].traffic
		say("%s: %.1f MB resident, %.4f %% of a core, %.0f bytes a minute", filepath.Base(a.Path),
			took[i].resident, 100*took[i].processor/watch.Seconds(), took[i].traffic/watch.Minutes())
	}
	return took, nil
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func lookAll(ctx context.Context, agents []*exec.Cmd) ([]guest, error) {
	guests := make([]guest, len(agents))
	for i, a := range agents {
		var err error
		if guests[i], err = look(ctx, a.Process.Pid); err != nil {
			return nil, err
		}
	}
	return guests, nil
}

// look reads what a process has taken since it began.
func look(ctx context.Context, pid int) (g guest, err error) {
	if g.resident, err = resident(pid); err != nil {
		return g, err
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return g, err
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) {
			continue // it ended meanwhile
		}
		if err != nil {
			return g, err
		}
		nanoseconds, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseFloat(nanoseconds, 64)
		if err != nil {
			return g, err
		}
		g.processor += n / 1e9
	}
	g.traffic, err = onWire(ctx, pid)
	return g, err
}
