package console

import (
	"reeve"
	"reeve/internal/door"
)

// beside are the paths of the pages beside one of a list, as the part "pager"
// gets them; what is empty is not there.
type beside struct{ First, Newer, Older string }

// turn narrows what was read for a page of a list to so many rows: one more was
// asked for, at the end that one goes to. On is a page behind another, back one
// before another. It reports whether there are pages on either side.
func turn[T any](rows []T, most int, on, back bool) (page []T, newer, older bool) {
	more := len(rows) > most
	switch {
	case more && back:
		rows = rows[1:]
	case more:
		rows = rows[:most]
	}
	return rows, len(rows) > 0 && (on || back && more), len(rows) > 0 && (back || more)
}

// A turning is where in a list an address is: what its cursors say, both 0 on
// the first page.
type turning struct {
	v        *visit
	list     string // that the cursors belong to
	here     string // path of the first page
	on, back int64
}

// turning reads the cursors of a list: "cursor" goes on, "back" goes back.
func (v *visit) turning(list, here string) (turning, error) {
	t := turning{v: v, list: list, here: here}
	err := door.ReadCursor("cursor", v.URL.Query().Get("cursor"), list, v.Caller.Account, &t.on)
	if err == nil {
		err = door.ReadCursor("back", v.URL.Query().Get("back"), list+" back", v.Caller.Account, &t.back)
	}
	return t, err
}

// beside returns the paths of the neighbours that there are: newer is the cursor
// to go back with, older the one to go on with.
func (t turning) beside(isNewer bool, newer int64, isOlder bool, older int64) (b beside) {
	if t.on != 0 || t.back != 0 {
		b.First = t.here
	}
	if isNewer {
		b.Newer = with(t.here, "back", door.Cursor(t.list+" back", t.v.Caller.Account, newer))
	}
	if isOlder {
		b.Older = with(t.here, "cursor", door.Cursor(t.list, t.v.Caller.Account, older))
	}
	return b
}

// pageOf narrows a list that goes by job id, newest first, to a page.
func pageOf[T any](t turning, rows []T, most int, id func(T) reeve.JobID) ([]T, beside) {
	rows, newer, older := turn(rows, most, t.on != 0, t.back != 0)
	if len(rows) == 0 {
		return nil, t.beside(false, 0, false, 0)
	}
	return rows, t.beside(newer, int64(id(rows[0])), older, int64(id(rows[len(rows)-1])))
}
