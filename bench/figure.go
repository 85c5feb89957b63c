package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// A figure is one number that a run prints. Its name ends with its unit unless
// it is a ratio.
type figure struct {
	name  string
	goal  goal
	about string // what is measured, against what, in one sentence
	run   func(context.Context, *bench) (float64, error)
}

// figures is every figure; each file adds its own.
var figures []figure

func define(f figure) { figures = append(figures, f) }

func describe(all []figure) {
	for _, f := range all {
		fmt.Printf("%s %s: %s\n", f.name, f.goal, f.about)
	}
}

// A goal is the bound that a figure has to keep. The zero goal is met always:
// yardsticks have it.
type goal struct {
	sign  string // "<=", ">=" or ""
	bound float64
}

func atMost(bound float64) goal  { return goal{"<=", bound} }
func atLeast(bound float64) goal { return goal{">=", bound} }

func (g goal) met(value float64) bool {
	switch g.sign {
	case "<=":
		return value <= g.bound
	case ">=":
		return value >= g.bound
	default:
		return true
	}
}

func (g goal) String() string {
	if g.sign == "" {
		return "-"
	}
	return g.sign + strconv.FormatFloat(g.bound, 'f', -1, 64)
}

// format keeps three digits that matter, and never an exponent.
func format(value float64) string {
	decimals := 0
	for limit := 100.0; value < limit && decimals < 3; limit /= 10 {
		decimals++
	}
	return strconv.FormatFloat(value, 'f', decimals, 64)
}

// A bench is what one figure may use while it runs. All of it is gone after.
type bench struct {
	dir      string // a private folder
	postgres string // URL of a server on which schemas may be made
	undo     []func()
}

// measure runs f in a fresh bench and clears up behind it.
func measure(ctx context.Context, f figure) (float64, error) {
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return 0, err
	}
	b := &bench{dir: dir, postgres: os.Getenv("REEVE_TEST_POSTGRES")}
	b.after(func() { os.RemoveAll(dir) })
	defer b.close()
	return f.run(ctx, b)
}

// after has undo called when the figure is done, the last one first.
func (b *bench) after(undo func()) { b.undo = append(b.undo, undo) }

func (b *bench) close() {
	for i := len(b.undo) - 1; i >= 0; i-- {
		b.undo[i]()
	}
}

// say tells the reader of standard error how a figure comes about.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "  "+format+"\n", args...)
}
