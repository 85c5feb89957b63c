package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"reeve/internal/serve"
)

// watch is how long two idle agents are looked at: five beats of ours.
const watch = 5 * time.Minute

// A guest is what an idle agent took of its machine in a while.
type guest struct {
	resident  float64 // megabytes
	processor float64 // seconds
	traffic   float64 // bytes on the wire, both ways
}

// guests are both agents, measured at the same time.
type guests struct{ own, mesh guest }

func init() {
	for _, f := range []struct {
		name, about string
		goal        goal
		of          func(guest) float64
	}{
		{"resident", "memory", atMost(1), func(g guest) float64 { return g.resident }},
		{"cpu", "processor time", atMost(1), func(g guest) float64 { return g.processor }},
		// MeshCentral's agent says a word in two minutes. Ours says more often that
		// it is there; its bound is a number of bytes, in figures_agent.go.
		{"traffic", "bytes on the wire", goal{}, func(g guest) float64 { return g.traffic }},
	} {
		define(figure{
			name: "agent-meshcentral-" + f.name,
			goal: f.goal,
			about: f.about + " of the connected and idle agent in five minutes, over that of MeshCentral's agent (" +
				meshCentral + ") beside it",
			run: func(ctx context.Context, b *bench) (float64, error) {
				g, err := beside(ctx, b)
				return f.of(g.own) / f.of(g.mesh), err
			},
		})
	}
}

// measured keeps what one run of the bench has found, for all three figures.
var measured struct {
	once sync.Once
	guests
	err error
}

func beside(ctx context.Context, b *bench) (guests, error) {
	measured.once.Do(func() { measured.guests, measured.err = b.watchGuests(ctx) })
	return measured.guests, measured.err
}

func (b *bench) watchGuests(ctx context.Context) (g guests, err error) {
	if err := buildAgent(ctx); err != nil {
		return g, err
	}
	m, err := b.openMesh(ctx)
	if err != nil {
		return g, err
	}
	theirs, err := m.startAgent(ctx, b)
	if err != nil {
		return g, err
	}
	ours, err := b.startIdleAgent(ctx)
	if err != nil {
		return g, err
	}
	agents := []*exec.Cmd{ours, theirs}
	if err := rest(ctx, 30*time.Second); err != nil { // what comes after a start is over
		return g, err
	}
	var before, after [2]guest
	for i, a := range agents {
		if before[i], err = look(ctx, a.Process.Pid); err != nil {
			return g, err
		}
	}
	if err := rest(ctx, watch); err != nil {
		return g, err
	}
	for i, a := range agents {
		if after[i], err = look(ctx, a.Process.Pid); err != nil {
			return g, err
		}
		after[i].processor -= before[i].processor
		after[i].traffic -= before[i].traffic
		fmt.Fprintf(os.Stderr, "%s: %.1f MB resident, %.4f %% of a core, %.0f bytes a minute\n", filepath.Base(a.Path),
			after[i].resident, 100*after[i].processor/watch.Seconds(), after[i].traffic/watch.Minutes())
	}
	return guests{after[0], after[1]}, nil
}

// startIdleAgent starts the real server and the real agent.
func (b *bench) startIdleAgent(ctx context.Context) (*exec.Cmd, error) {
	var first serve.Bootstrap
	server, err := serve.Open(ctx, serve.Config{
		Data: filepath.Join(b.dir, "server"), Listen: "127.0.0.1:0", Agents: "127.0.0.1:0", TLS: "auto", RateLimit: "off",
		Show: func(shown serve.Bootstrap) { first = shown },
	})
	if err != nil {
		return nil, err
	}
	b.after(func() { server.Close(ctx) })
	agent := exec.CommandContext(ctx, agentProgram, "run", "--server", server.URL, "--pin", server.Pin,
		"--code", first.RegistrationCode, "--state", filepath.Join(b.dir, "agent"))
	agent.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := agent.Start(); err != nil {
		return nil, err
	}
	b.after(func() { agent.Process.Kill(); agent.Wait() })
	return agent, nil
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// The parts of a connection's statistics that ss prints, and what each adds to
// the wire: the bytes themselves, and for a segment the headers of IPv4 and TCP
// with time stamps.
var counters = map[*regexp.Regexp]float64{
	regexp.MustCompile(`bytes_sent:(\d+)`):     1,
	regexp.MustCompile(`bytes_received:(\d+)`): 1,
	regexp.MustCompile(`segs_out:(\d+)`):       52,
	regexp.MustCompile(`segs_in:(\d+)`):        52,
}

// onWire returns the bytes that a process's one connection has moved.
func onWire(ctx context.Context, pid int) (float64, error) {
	said, err := exec.CommandContext(ctx, "ss", "-tinpOH", "state", "established").Output()
	if err != nil {
		return 0, fmt.Errorf("ss: %w", err)
	}
	var bytes float64
	var connections int
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, fmt.Sprintf("pid=%d,", pid)) {
			continue
		}
		connections++
		for counter, each := range counters {
			if found := counter.FindStringSubmatch(line); found != nil {
				n, _ := strconv.ParseFloat(found[1], 64)
				bytes += n * each
			}
		}
	}
	if connections != 1 {
		return 0, fmt.Errorf("process %d has %d connections; an idle agent has one", pid, connections)
	}
	return bytes, nil
}
