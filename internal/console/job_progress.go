package console

import (
	"fmt"

	"reeve"
)

// A progress is how a job stands, as lists and its page show it.
type progress struct{ reeve.Job }

// Stands is the word for it.
func (p progress) Stands() string {
	switch {
	case p.Open() > 0 && !p.Paused.IsZero():
		return "paused"
	case p.Open() > 0:
		return "open"
	case !p.Cancelled.IsZero():
		return "cancelled"
	}
	return "done"
}

// Ended is how many commands have ended.
func (p progress) Ended() int64 { return int64(p.Targets) - p.Open() }

// Percent is how much of the job has ended.
func (p progress) Percent() string { return percent(p.Ended(), int64(p.Targets)) }

// stateTones are the final states in the order in which people read them, with
// the colours of their parts of a bar.
var stateTones = []struct {
	state reeve.State
	tone  string
}{
	{reeve.Succeeded, "good"}, {reeve.Failed, "bad"}, {reeve.Refused, "bad"}, {reeve.Expired, "warn"},
	{reeve.Cancelled, "warn"}, {reeve.NotApplicable, "calm"},
}

// A segment is a part of a bar that is 100 wide.
type segment struct{ X, Width, Tone string }

// Segments are the ended commands by state; what is left of the bar is open.
func (p progress) Segments() (parts []segment) {
	var before int64
	for _, s := range stateTones {
		n := p.Counts[s.state]
		if n > 0 {
			parts = append(parts, segment{share(before, p.Targets), share(n, p.Targets), s.tone})
		}
		before += n
	}
	return parts
}

// A tally is how many commands are in a state. Open stands for all that have not
// ended, so that the tallies of one look at a job add up to its targets.
type tally struct {
	State string
	N     int64
	Tone  string
}

// Tallies are the numbers of the job's commands by state.
func (p progress) Tallies() []tally {
	all := []tally{{"open", p.Open(), "rail"}}
	for _, s := range stateTones {
		all = append(all, tally{s.state.String(), p.Counts[s.state], s.tone})
	}
	return all
}

// Troubled is how many commands did not do what was ordered.
func (p progress) Troubled() int64 {
	return p.Counts[reeve.Failed] + p.Counts[reeve.Refused] + p.Counts[reeve.Expired]
}

// Retryable is how many commands can be ordered again.
func (p progress) Retryable() int64 { return p.Troubled() + p.Counts[reeve.Cancelled] }

// Row is the id of the job's row in lists.
func (p progress) Row() string { return fmt.Sprintf("job-%s", p.ID) }
