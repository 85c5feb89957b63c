package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"reeve"
	"reeve/client"
)

// waitFor follows a job to its end, with a bar where a person watches, and
// tells of the commands that did not succeed.
func waitFor(ctx context.Context, c *client.Client, o output, job client.Job, refused bool) error {
	job, err := follow(ctx, c, o, job)
	if ctx.Err() != nil {
		return errStopped
	}
	if err != nil {
		return err
	}
	failed := int64(job.Targets) - job.Counts[reeve.Succeeded.String()]
	if o.json {
		if err := o.object(map[string]client.Job{"job": job}); err != nil {
			return err
		}
		if err := list(o, c.JobCommands(ctx, job.ID), commandColumns); err != nil {
			return err
		}
	} else if err := sayEnd(ctx, c, o, job, failed); err != nil {
		return err
	}
	if failed > 0 || refused {
		return &exit{code: exitSome}
	}
	return nil
}

// unsuccessful are the ends of what was ordered, other than the good one.
var unsuccessful = []string{
	reeve.Failed.String(), reeve.Expired.String(), reeve.Cancelled.String(), reeve.Refused.String(),
}

func sayEnd(ctx context.Context, c *client.Client, o output, job client.Job, failed int64) error {
	var counts []string
	for _, state := range sortedKeys(job.Counts) {
		counts = append(counts, plural(job.Counts[state], state))
	}
	o.say("job %s ended: %s", job.ID, cmp.Or(strings.Join(counts, ", "), "no devices"))
	if failed == 0 {
		return nil
	}
	// Devices that the action does not apply to were told of when it was placed,
	// so those that went wrong come first.
	wrong := c.JobCommands(ctx, job.ID, unsuccessful...)
	rest := c.JobCommands(ctx, job.ID, reeve.NotApplicable.String())
	if err := list(o, atMost(shownFailures, both(wrong, rest)), commandColumns); err != nil {
		return err
	}
	if failed > shownFailures {
		o.say("and %d more; see reeve jobs show %s", failed-shownFailures, job.ID)
	}
	return nil
}

// shownFailures is how many commands that did not succeed are listed for a
// person; --json and jobs show list all.
const shownFailures = 20

// both is one sequence after another.
func both[T any](sequences ...iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, items := range sequences {
			for item, err := range items {
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

// atMost ends a sequence after n elements.
func atMost[T any](n int, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := n
		for item, err := range items {
			if left == 0 || !yield(item, err) {
				return
			}
			left--
		}
	}
}

// pace is how often the bar moves at most, to stay well inside the rate limit.
const pace = time.Second / 2

// patience is how long a server that follow waits for may be away, as in a
// restart: the job does not depend on who watches it.
const patience = 2 * time.Minute

func follow(ctx context.Context, c *client.Client, o output, job client.Job) (client.Job, error) {
	if job.Open == 0 {
		return job, nil
	}
	move := progressLines(o.notes, job)
	if o.isTerminal() && !o.json {
		bars := mpb.NewWithContext(ctx, mpb.WithOutput(o.notes), mpb.WithWidth(48))
		bar := bars.AddBar(int64(job.Targets),
			mpb.PrependDecorators(decor.Name(job.Action), decor.CountersNoUnit(" %d of %d ")),
			mpb.AppendDecorators(decor.Percentage()))
		move = func(j client.Job) { bar.SetCurrent(int64(j.Targets) - j.Open) }
		defer bars.Wait()
		defer func() { bar.Abort(false) }() // no effect on a bar that is full
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	heard := time.Now()
	for move(job); job.Open > 0; move(job) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return job, ctx.Err()
		}
		now, err := c.Await(ctx, job.ID, job.Open)
		if _, answered := errors.AsType[*client.Error](err); err != nil && (answered || time.Since(heard) > patience) {
			return job, err
		}
		if err == nil {
			job, heard = now, time.Now()
		}
	}
	return job, nil
}

// linePace is how often a job's progress is told at most where there is no bar.
const linePace = 5 * time.Second

// progressLines writes a line whenever more of a job has ended, so that who
// reads a pipe sees that it lives.
func progressLines(w io.Writer, told client.Job) func(client.Job) {
	last := time.Now()
	return func(j client.Job) {
		if j.Open == told.Open || j.Open == 0 || time.Since(last) < linePace {
			return // how it ended is told elsewhere
		}
		told, last = j, time.Now()
		fmt.Fprintf(w, "%s %d of %d\n", j.Action, int64(j.Targets)-j.Open, j.Targets)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
