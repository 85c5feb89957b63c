package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"golang.org/x/term"
)

// An output is where a command writes, and in which form.
type output struct {
	json  bool
	out   io.Writer
	notes io.Writer // for people only: progress
}

// A column is one field of a table.
type column[T any] struct {
	name string
	of   func(T) string
}

// rowsAtOnce is how many rows are lined up together; a long table begins to
// show before it was read to its end.
const rowsAtOnce = 500

// list writes things as a table, or one JSON object per line.
func list[T any](o output, items iter.Seq2[T, error], columns []column[T]) error {
	return rows(o, items, columns, true)
}

// rows is list, with or without the heading of the table.
func rows[T any](o output, items iter.Seq2[T, error], columns []column[T], heading bool) error {
	if o.json {
		for item, err := range items {
			if err != nil {
				return err
			}
			if err := o.object(item); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	row := func(cell func(column[T]) string) {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = cell(c)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	head := func() {
		if heading {
			row(func(c column[T]) string { return c.name })
		}
		heading = false
	}
	n := 0
	for item, err := range items {
		if err != nil {
			table.Flush()
			return err
		}
		head()
		row(func(c column[T]) string { return plain(c.of(item)) })
		if n++; n%rowsAtOnce == 0 {
			table.Flush()
		}
	}
	head()
	return table.Flush()
}

// one writes a single thing: its fields, or one JSON object.
func one[T any](o output, item T, fields []column[T]) error {
	if o.json {
		return o.object(item)
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	for _, f := range fields {
		if value := f.of(item); value != "" {
			fmt.Fprintf(table, "%s\t%s\n", f.name, plain(value))
		}
	}
	return table.Flush()
}

// object writes one line of JSON.
func (o output) object(v any) error {
	encoder := json.NewEncoder(o.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// say writes a line for people, and nothing where programs read.
func (o output) say(format string, args ...any) {
	if !o.json {
		fmt.Fprintf(o.out, format+"\n", args...)
	}
}

// isTerminal reports whether a person watches the notes.
func (o output) isTerminal() bool {
	file, ok := o.notes.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// plain keeps what devices and their users chose from steering the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// moment writes a time for people; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// amount writes bytes for people, "" for none.
func amount(n int64) string {
	if n <= 0 {
		return ""
	}
	size, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for size >= 1024 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
}

// sequence turns a slice into what list takes.
func sequence[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}
