package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
	"reeve/internal/action"
)

func jobsCommand() *cobra.Command {
	return family("jobs", "What was ordered and how far it is", jobsList(), jobsShow(), jobsRetry(), jobsUndo(),
		jobChange("pause ID", "Have the agents of a job hold back; only scans can", (*client.Client).Pause),
		jobChange("resume ID", "Have the agents of a paused job go on", (*client.Client).Resume),
		jobChange("cancel ID", "Call off the commands of a job that have not ended", (*client.Client).Cancel))
}

var jobColumns = []column[client.Job]{
	{"ID", func(j client.Job) string { return j.ID }},
	{"ISSUED", func(j client.Job) string { return moment(j.Issued) }},
	{"ACTION", func(j client.Job) string { return j.Action }},
	{"SOURCE", func(j client.Job) string { return j.Source }},
	{"BY", func(j client.Job) string { return j.By }},
	{"DEVICES", func(j client.Job) string { return fmt.Sprint(j.Targets) }},
	{"OPEN", func(j client.Job) string { return fmt.Sprint(j.Open) }},
	{"ENDED", func(j client.Job) string {
		var counts []string
		for _, state := range sortedKeys(j.Counts) {
			counts = append(counts, plural(j.Counts[state], state))
		}
		return strings.Join(counts, ", ")
	}},
	{"COMMENT", func(j client.Job) string { return j.Comment }},
}

var jobFields = append(slices.Clone(jobColumns),
	column[client.Job]{"PARAMS", func(j client.Job) string { return string(j.Params) }},
	column[client.Job]{"NOT FOUND", func(j client.Job) string {
		if j.Unmatched == 0 {
			return ""
		}
		return fmt.Sprintf("%d of %d", j.Unmatched, j.Entries)
	}},
	column[client.Job]{"AGAIN OF", func(j client.Job) string { return j.RetryOf }},
	column[client.Job]{"TAKES BACK", func(j client.Job) string { return j.UndoOf }},
	column[client.Job]{"DELIVER BY", func(j client.Job) string { return moment(j.DeliverBy) }},
	column[client.Job]{"FINISH BY", func(j client.Job) string { return moment(j.FinishBy) }},
	column[client.Job]{"CANCELLED", func(j client.Job) string { return moment(j.Cancelled) }},
	column[client.Job]{"PAUSED", func(j client.Job) string { return moment(j.Paused) }},
)

var commandColumns = []column[client.Command]{
	{"COMMAND", func(c client.Command) string { return c.ID }},
	{"DEVICE", func(c client.Command) string { return c.Device }},
	{"HOSTNAME", func(c client.Command) string { return c.Hostname }},
	{"STATE", func(c client.Command) string {
		if c.Percent != nil {
			return fmt.Sprintf("%s %d%%", c.State, *c.Percent)
		}
		return c.State
	}},
	{"CHANGED", func(c client.Command) string { return moment(c.Changed) }},
	{"WHY", func(c client.Command) string {
		return cmp.Or(c.Link, c.Message, c.Why)
	}},
}

func jobsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List jobs, newest first", Args: exactly()}
	var filter client.JobFilter
	limit := cmd.Flags().Int("limit", 0, "only the newest so many; 0 is all")
	cmd.Flags().StringSliceVar(&filter.Actions, "action", nil, "only these actions")
	cmd.Flags().StringSliceVar(&filter.Sources, "source", nil, "only from these: oauth_api, api, cli, console, system")
	cmd.Flags().BoolVar(&filter.Open, "open", false, "only jobs with commands that have not ended")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		if err := checkLimit(*limit); err != nil {
			return err
		}
		return list(o, first(*limit, c.Jobs(ctx, filter)), jobColumns)
	})
}

func jobsShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "Show a job and its commands", Args: exactly("ID")}
	states := cmd.Flags().StringSlice("state", nil, "only commands in these states, such as failed,expired")
	wait := cmd.Flags().Bool("wait", false, "wait until every command has ended")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		job, err := c.Job(ctx, args[0])
		if err != nil {
			return err
		}
		if *wait {
			return waitFor(ctx, c, o, job, job.Unmatched > 0)
		}
		if err := one(o, job, jobFields); err != nil {
			return err
		}
		o.say("")
		return list(o, c.JobCommands(ctx, job.ID, *states...), commandColumns)
	})
}

func jobsRetry() *cobra.Command {
	var how ordering
	cmd := &cobra.Command{Use: "retry ID", Short: "Order a job again on the devices where it did not succeed", Args: exactly("ID")}
	states := cmd.Flags().StringSlice("state", nil, "only where it ended so: failed, expired, refused, cancelled (default: all of them)")
	how.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		terms, err := how.terms()
		if err != nil {
			return err
		}
		placed, err := c.Retry(ctx, args[0], client.Retry{States: *states, Terms: terms}, "")
		if err != nil {
			return err
		}
		return how.follow(ctx, c, o, client.Order{Action: "the job", Terms: terms}, placed)
	})
}

func jobsUndo() *cobra.Command {
	var how ordering
	var what []string
	cmd := &cobra.Command{Use: "undo ID", Short: "Take a job back: order the opposite where its effect still holds, or restore what it deleted", Args: exactly("ID")}
	cmd.Flags().StringArrayVar(&what, "param", nil, "a parameter of the opposite action, such as exempt_time=24 where an unexempt is taken back")
	how.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		terms, err := how.terms()
		if err != nil {
			return err
		}
		params, err := readParams(what, action.Definition{})
		if err != nil {
			return err
		}
		placed, err := c.Undo(ctx, args[0], client.Undo{Params: params, Terms: terms}, "")
		if err != nil {
			return err
		}
		return how.follow(ctx, c, o, client.Order{Action: "the opposite", Terms: terms}, placed)
	})
}

// jobChange is a command that does one thing to a job and shows it.
func jobChange(use, short string, change func(*client.Client, context.Context, string) (client.Job, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: exactly("ID")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		job, err := change(c, ctx, args[0])
		if err != nil {
			return err
		}
		return one(o, job, jobFields)
	})
}

func checkLimit(n int) error {
	if n < 0 {
		return usagef("--limit must be 0 for all, or a positive number")
	}
	return nil
}

// first ends a list after n things; 0 is all.
func first[T any](n int, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	if n == 0 {
		return items
	}
	return func(yield func(T, error) bool) {
		left := n
		for item, err := range items {
			if left--; !yield(item, err) || left == 0 {
				return
			}
		}
	}
}

// plural writes a number of things whose name needs no other form.
func plural(n int64, things string) string { return fmt.Sprintf("%d %s", n, things) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}
