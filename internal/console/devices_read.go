package console

import (
	"net/url"
	"strconv"
	"time"

	"reeve"
	"reeve/internal/control"
)

// patience is how long devices are looked for. A page that was not filled by then
// is shown as it is, with the way on: whatever is asked for, no page takes long.
const patience = 12 * time.Millisecond

// A deviceBeside is where one can go from a page of devices.
type deviceBeside struct {
	beside
	On string // path of what was not looked through in time
	at string // the place from which that is; empty where the list is gone backwards
}

// readDevices reads a page of a list: behind one place, or before another. Path
// gives the addresses of the pages beside it.
func (v *visit) readDevices(q reeve.DeviceQuery, after, before string, path func(after, before string) string) (found []reeve.Device, b deviceBeside, err error) {
	q.Limit = devicesShown + 1
	back := before != ""
	if after != "" || back {
		row, err := readPlace(after + before)
		if err != nil {
			return nil, b, err
		}
		if q.AfterRow = &row; back {
			q.AfterRow, q.BeforeRow = nil, &row
		}
	}
	found, on, err := v.view.LookForDevices(v.Context(), q, patience)
	if err != nil {
		return nil, b, err
	}
	if after != "" || back {
		b.First = path("", "")
	}
	found, newer, older := turn(found, devicesShown, after != "", back)
	switch {
	case older && !back || newer && back: // and the page is full
	case on != nil && back:
		b.On = path("", placeOf(*on))
	case on != nil:
		b.at = placeOf(*on)
		b.On = path(b.at, "")
	}
	if len(found) == 0 {
		return nil, b, nil
	}
	if newer {
		b.Newer = path("", placeOf(found[0].Row()))
	}
	if older {
		b.Older = path(placeOf(found[len(found)-1].Row()), "")
	}
	return found, b, nil
}

// A tableRows is what the table of a list has below its headings.
type tableRows struct {
	Headings []heading
	Rows     []deviceRow
	May      bool     // whether they can be chosen
	Rest     *restRow // nil if these are all
}

// A restRow stands below the devices that were found in time for the rest of them.
type restRow struct {
	Path string // of the page that goes on there
	Load string // of the fragment with what follows, empty once the page is full
	Wide int    // columns
}

// rest is the row below shown devices, nil if they are all.
func (v *visit) rest(l listing, b deviceBeside, shown, wide int) *restRow {
	switch {
	case b.On != "" && b.at != "" && shown < devicesShown:
		said, _ := url.ParseQuery(l.View())
		said.Set("after", b.at)
		said.Set("shown", strconv.Itoa(shown))
		return &restRow{b.On, "devices/more?" + said.Encode(), wide}
	case b.On != "":
		return &restRow{b.On, "", wide}
	}
	return nil
}

// moreDevices answers what of a page was not found before: rows of its table.
func (c *console) moreDevices(v *visit) (*page, error) {
	l, err := readListing(v.URL.Query())
	if err != nil {
		return nil, err
	}
	before, _ := strconv.Atoi(v.URL.Query().Get("shown"))
	q := l.Filter.query(v.Account)
	q.Sort, q.Desc, _ = l.order()
	found, b, err := v.readDevices(q, l.after, l.before, func(after, before string) string { return l.at(after, before).Path() })
	if err != nil {
		return nil, err
	}
	if b.On == "" {
		b.On, b.at = b.Older, ""
	}
	_, mayNot := control.AllowSome(v.Caller, reeve.Write)
	heads, _ := headings(l, v.columnsOf(l))
	return v.part("devices", "rows", tableRows{heads, v.rows(found), mayNot == nil, v.rest(l, b, before+len(found), len(heads)+1)})
}

// maxCounted is how far the devices that match are counted for their list.
const maxCounted = 10_000

// A deviceCount is how many devices match a filter.
type deviceCount struct {
	N     int64
	More  bool // it was not counted further
	Least bool // it was not counted further in time
}

func (c *console) countDevices(v *visit) (*page, error) {
	f, err := parseFilter(v.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	n, all, err := v.view.CountUpTo(v.Context(), f.query(v.Account), maxCounted+1, patience)
	if err != nil {
		return nil, err
	}
	return v.part("devices", "count", deviceCount{min(n, maxCounted), n > maxCounted, !all})
}
