package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"reeve/client"
)

var entryColumns = []column[client.Entry]{
	{"ROW", func(e client.Entry) string { return fmt.Sprint(e.Seq) }},
	{"TIME", func(e client.Entry) string { return moment(e.At) }},
	{"EVENT", func(e client.Entry) string { return e.Event }},
	{"SOURCE", func(e client.Entry) string { return e.Source }},
	{"BY", func(e client.Entry) string {
		if e.By == "" {
			return e.Actor
		}
		return e.By
	}},
	{"ADDRESS", func(e client.Entry) string { return e.Address }},
	{"OUTCOME", func(e client.Entry) string { return e.Outcome }},
	{"JOB", func(e client.Entry) string { return e.Job }},
	{"DETAIL", func(e client.Entry) string { return words(e.Detail) }},
}

func logCommand() *cobra.Command {
	var filter client.LogFilter
	cmd := &cobra.Command{Use: "log", Short: "Show who did what", Args: exactly()}
	flags := cmd.Flags()
	keepOn := flags.Bool("follow", false, "go on with what is added")
	limit := flags.Int("limit", 0, "only the newest so many rows; 0 is all")
	flags.StringSliceVar(&filter.Events, "event", nil, "only these events, such as job_placed,reports")
	flags.StringVar(&filter.Device, "device", "", "only rows about the device with this id, alone or among others")
	flags.StringVar(&filter.Job, "job", "", "only rows about this job; with --event reports, of the reports on its commands")
	since := flags.Duration("since", 0, "only rows of the last so long, such as 24h")
	remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		if err := checkLimit(*limit); err != nil {
			return err
		}
		if *since > 0 {
			filter.Since = time.Now().Add(-*since)
		}
		var last int64
		if *limit > 0 {
			newest, err := newestRows(ctx, c, filter, *limit)
			if err != nil {
				return err
			}
			if err := list(o, sequence(newest), entryColumns); err != nil {
				return err
			}
			if len(newest) > 0 {
				last = newest[len(newest)-1].Seq
			}
		} else if err := list(o, rowsFrom(ctx, c, filter, &last), entryColumns); err != nil {
			return err
		}
		if !*keepOn {
			return nil
		}
		return followLog(ctx, c, o, filter, last)
	})
	cmd.AddCommand(logExport(), logVerify())
	return cmd
}

func logExport() *cobra.Command {
	var filter client.LogFilter
	cmd := &cobra.Command{Use: "export", Short: "Write the log as JSON lines; the last one says that it is whole", Args: exactly()}
	flags := cmd.Flags()
	flags.StringSliceVar(&filter.Events, "event", nil, "only these events, such as job_placed,reports")
	flags.StringVar(&filter.Device, "device", "", "only rows about the device with this id, alone or among others")
	flags.StringVar(&filter.Job, "job", "", "only rows about this job; with --event reports, of the reports on its commands")
	since := flags.Duration("since", 0, "only rows of the last so long, such as 24h")
	devices := flags.Bool("devices", false, "a line for each device behind a row about many")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		if *since > 0 {
			filter.Since = time.Now().Add(-*since)
		}
		return c.ExportLog(ctx, filter, *devices, o.out)
	})
}

// rowsFrom goes through all rows that follow row *last, and keeps it up to date.
func rowsFrom(ctx context.Context, c *client.Client, f client.LogFilter, last *int64) iter.Seq2[client.Entry, error] {
	return func(yield func(client.Entry, error) bool) {
		for {
			rows, err := c.LogAfter(ctx, f, *last, 0)
			if err != nil {
				yield(client.Entry{}, err)
				return
			}
			for _, row := range rows {
				if *last = row.Seq; !yield(row, nil) {
					return
				}
			}
			if len(rows) == 0 {
				return
			}
		}
	}
}

// newestRows returns the last rows of the log, oldest first.
func newestRows(ctx context.Context, c *client.Client, f client.LogFilter, limit int) ([]client.Entry, error) {
	var out []client.Entry
	for before := int64(0); len(out) < limit; {
		rows, err := c.LogNewest(ctx, f, before, min(limit-len(out), rowsAtOnce))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		out = append(out, rows...)
		before = rows[len(rows)-1].Seq
	}
	slices.Reverse(out)
	return out, nil
}

// followLog writes rows as they come, until it is interrupted, which is how it
// is meant to end.
func followLog(ctx context.Context, c *client.Client, o output, f client.LogFilter, last int64) error {
	for {
		added, err := c.LogAfter(ctx, f, last, time.Minute)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if len(added) == 0 {
			continue
		}
		last = added[len(added)-1].Seq
		if err := rows(o, sequence(added), entryColumns, false); err != nil {
			return err
		}
	}
}
