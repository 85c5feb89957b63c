// Command bench measures what Reeve promises about speed and prints one line a
// figure: name, value, goal, pass or fail. Nothing else goes to standard output;
// how each figure came about goes to standard error.
//
// Promises are ratios to something measured in the same run, pass by pass in
// turn, so that a slow or busy machine slows both sides: the frozen yardstick R
// (yardstick.go), a bare transaction, NanoMDM, a raw NATS publish. A figure is
// one file that calls define.
//
// It may import every room of the server, and drivers and peers that the
// server itself must not have: that is why it is a module of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"runtime/pprof"
	"slices"
	"strings"
)

func main() {
	only := flag.String("only", "*", "run the figures whose `name` this is; * and ? match as in file names")
	list := flag.Bool("list", false, "say what each figure measures, and measure nothing")
	profile := flag.String("profile", "", "write what the processor did meanwhile to this `file`, for go tool pprof")
	readers := flag.String("readers", "", "be the reading side of a fan-out with these `settings` (the bench starts itself so)")
	agents := flag.String("agents", "", "be agents of a server with these `settings` (likewise)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	var err error
	switch {
	case *readers != "":
		err = serveReaders(ctx, *readers)
	case *agents != "":
		err = serveAgents(ctx, *agents)
	case *list:
		describe(figures)
	default:
		err = profiled(*profile, func() error { return run(ctx, *only) })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled calls work and writes a profile of it, if a file is named.
func profiled(name string, work func() error) error {
	if name == "" {
		return work()
	}
	file, err := os.Create(name)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		return err
	}
	err = work()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}

var errMissed = errors.New("not every goal was met")

// run measures the figures that match pattern, in the order of their names.
func run(ctx context.Context, pattern string) error {
	chosen := slices.DeleteFunc(slices.Clone(figures), func(f figure) bool {
		matches, err := path.Match(pattern, f.name)
		return err != nil || !matches
	})
	if len(chosen) == 0 {
		return fmt.Errorf("no figure is called %q; -list names them all", pattern)
	}
	slices.SortFunc(chosen, func(a, b figure) int { return strings.Compare(a.name, b.name) })

	defer dismiss()
	var missed error
	for _, f := range chosen {
		fmt.Fprintf(os.Stderr, "%s: %s\n", f.name, f.about)
		value, err := measure(ctx, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		verdict := "pass"
		if !f.goal.met(value) {
			verdict, missed = "fail", errMissed
		}
		fmt.Println(f.name, format(value), f.goal, verdict)
	}
	return missed
}
