package main

import (
	"runtime"
	"slices"
	"time"
)

// A pass measures something once: it prepares, takes the time of the part that
// counts, and returns that alone.
type pass func() (time.Duration, error)

// median runs p a number of times and returns the middle.
func median(label string, times int, p pass) (time.Duration, error) {
	middles, err := medians(times, labelled{label, p})
	if err != nil {
		return 0, err
	}
	return middles[0], nil
}

// ratio runs both in turn and returns the middle of ours over the middle of
// theirs, so that what disturbs the machine disturbs both.
func ratio(times int, ours, theirs pass) (float64, error) {
	middles, err := medians(times, labelled{"ours", ours}, labelled{"theirs", theirs})
	if err != nil {
		return 0, err
	}
	return middles[0].Seconds() / middles[1].Seconds(), nil
}

// speed runs both in turn and returns how much faster ours is, by the fastest
// pass of each: passes at the lowest priority are slowed by whatever else the
// machine does, and never made faster.
func speed(times int, ours, theirs pass) (float64, error) {
	taken, err := sorted(times, labelled{"ours", ours}, labelled{"theirs", theirs})
	if err != nil {
		return 0, err
	}
	return taken[1][0].Seconds() / taken[0][0].Seconds(), nil
}

type labelled struct {
	label string
	pass  pass
}

func medians(times int, passes ...labelled) ([]time.Duration, error) {
	taken, err := sorted(times, passes...)
	middles := make([]time.Duration, len(taken))
	for i := range taken {
		middles[i] = taken[i][times/2]
	}
	return middles, err
}

// sorted runs all in turn and returns what each pass took, ordered.
func sorted(times int, passes ...labelled) ([][]time.Duration, error) {
	taken := make([][]time.Duration, len(passes))
	for range times {
		for i, p := range passes {
			runtime.GC() // no pass pays for the rubbish of another
			d, err := p.pass()
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], d)
		}
	}
	for i, p := range passes {
		slices.Sort(taken[i])
		say("%s: %v [%v..%v] of %d passes", p.label, taken[i][times/2].Round(time.Microsecond),
			taken[i][0].Round(time.Microsecond), taken[i][times-1].Round(time.Microsecond), times)
	}
	return taken, nil
}
