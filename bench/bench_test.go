package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"reeve"
)

// The test binary is the second process of a figure when it is asked to be.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		be := map[string]func(context.Context, string) error{"-readers": serveReaders, "-agents": serveAgents}[os.Args[1]]
		if be != nil {
			if be(context.Background(), os.Args[2]) != nil {
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func newBench(t *testing.T) *bench {
	b := &bench{dir: t.TempDir()}
	t.Cleanup(b.close)
	return b
}

func TestGoals(t *testing.T) {
	for text, verdicts := range map[string]struct {
		goal         goal
		below, above bool
	}{
		"<=0.7": {atMost(0.7), true, false},
		">=3":   {atLeast(3), false, true},
		"-":     {goal{}, true, true},
	} {
		g := verdicts.goal
		if g.String() != text || g.met(g.bound-0.1) != verdicts.below || g.met(g.bound+0.1) != verdicts.above || !g.met(g.bound) {
			t.Errorf("goal %s: printed %s, met below %v, at %v, above %v",
				text, g, g.met(g.bound-0.1), g.met(g.bound), g.met(g.bound+0.1))
		}
	}
}

func TestFormat(t *testing.T) {
	for value, want := range map[float64]string{0.68712: "0.687", 2.5: "2.50", 42.02: "42.0", 431: "431", 33112.4: "33112"} {
		if got := format(value); got != want {
			t.Errorf("format(%v) = %s, want %s", value, got, want)
		}
	}
}

func TestFigureNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range figures {
		if seen[f.name] {
			t.Errorf("two figures are called %s", f.name)
		}
		seen[f.name] = true
	}
}

func TestRatioIsOfTheMiddles(t *testing.T) {
	series := func(taken ...time.Duration) pass {
		return func() (time.Duration, error) {
			next := taken[0]
			taken = taken[1:]
			return next, nil
		}
	}
	got, err := ratio(3, series(90, 10, 30), series(60, 1000, 1))
	if err != nil || got != 0.5 {
		t.Errorf("ratio = %v, %v; want 30/60", got, err)
	}
}

func TestYardstickTouchesEveryTarget(t *testing.T) {
	ctx := t.Context()
	y, err := newBench(t).newYardstick(ctx, sqlite, 2500, 1200)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{exempt, scan, exempt} {
		if _, err := y.place(ctx, action)(); err != nil {
			t.Error(action, err)
		}
	}
}

func TestFanOutReachesEverybody(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		f, err := newBench(t).openFanOut(t.Context(), 20, encrypted)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if taken, err := f.publish(); err != nil || taken <= 0 {
				t.Errorf("publish took %v: %v", taken, err)
			}
		}
	}
}

// Clients that cannot connect say so instead of waiting.
func TestReadersFailLoudly(t *testing.T) {
	encoded, err := json.Marshal(readersSettings{Address: "127.0.0.1:1", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	readers := exec.CommandContext(t.Context(), os.Args[0], "-readers", string(encoded))
	output, err := readers.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := readers.Start(); err != nil {
		t.Fatal(err)
	}
	if bufio.NewScanner(output).Scan() || readers.Wait() == nil {
		t.Error("readers of a closed port reported success")
	}
}

// A fleet that is put back is as it was, and every device takes every order.
func TestHousePlacesOnEveryDevice(t *testing.T) {
	ctx := t.Context()
	f, err := newBench(t).newFleet(ctx, sqlite, 30, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.keep(ctx); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{exempt, scan, exempt} {
		if _, err := f.placing(ctx, action, f.ids)(); err != nil {
			t.Error(action, err)
		}
	}
}

// Orders reach agents, their reports are stored or dropped as told, and what is
// forgotten is not sent again.
func TestCompletions(t *testing.T) {
	ctx := t.Context()
	c, err := newBench(t).openCompletions(ctx, sqlite, 5, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []pass{c.storing(ctx), c.dropping(ctx), c.storing(ctx)} {
		if taken, err := p(); err != nil || taken <= 0 {
			t.Errorf("a pass took %v: %v", taken, err)
		}
	}
	if open, err := c.store.OpenJobs(ctx); err != nil || len(open) > 0 {
		t.Errorf("jobs %v are open: %v", open, err)
	}
}

func TestReadersReadTheirOrders(t *testing.T) {
	ctx := t.Context()
	f, err := newBench(t).newFleet(ctx, sqlite, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	h, err := f.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.bench.after(func() { h.close(ctx) })
	readers, err := h.gatherReaders(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		order, err := h.order(ctx, scan, f.ids)
		if err != nil {
			t.Fatal(err)
		}
		if end, err := readers.allHave(); err != nil || !end.After(order.committed) {
			t.Errorf("read at %v what was committed at %v: %v", end, order.committed, err)
		}
		if err := h.forget(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// A page that is added to the console is measured, or it is said why not.
func TestEveryPageOfTheConsoleIsAskedFor(t *testing.T) {
	p := &past{house: &house{fleet: &fleet{ids: make([]string, listed), group: "g"}}, great: make([]reeve.JobID, 3), last: 1}
	for i := range p.fleet.ids {
		p.fleet.ids[i] = "d"
	}
	p.fleet.account.LicenseKey, p.made.app, p.made.export, p.made.most = "a", "a", "e", "g"
	if left := unasked(p, consolePages(), deviceLists(), consoleStreams(), consoleParts()); len(left) > 0 {
		t.Errorf("no figure asks for %q of the console; add them to the pages in console_pages.go, or to notAsked", left)
	}
}
