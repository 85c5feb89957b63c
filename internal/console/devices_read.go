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
	Load string // of the fragment with what follows, empty where the list is gone backwards
	Wide int    // columns
}

// A foundSoFar is what a page shows while it is not whole.
type foundSoFar struct {
	N    int    // devices
	Top  string // place of the first, empty without any
	Deep bool   // whether it is not the list's first page
}

func readSoFar(address url.Values) foundSoFar {
	n, _ := strconv.Atoi(address.Get("shown"))
	return foundSoFar{n, address.Get("top"), address.Has("deep")}
}

// and adds devices that were found below.
func (s foundSoFar) and(found []reeve.Device) foundSoFar {
	if s.Top == "" && len(found) > 0 {
		s.Top = placeOf(found[0].Row())
	}
	s.N += len(found)
	return s
}

// rest is the row below what was found so far, nil if the page is whole.
func (v *visit) rest(l listing, b deviceBeside, s foundSoFar, wide int) *restRow {
	if b.On == "" {
		return nil
	}
	if b.at == "" {
		return &restRow{Path: b.On, Wide: wide}
	}
	said, _ := url.ParseQuery(l.View())
	said.Set("after", b.at)
	said.Set("shown", strconv.Itoa(s.N))
	said.Set("top", s.Top)
	if s.Deep {
		said.Set("deep", "yes")
	}
	return &restRow{b.On, "devices/more?" + said.Encode(), wide}
}

// A moreRows is what of a page was not found before, with what the page now says
// of itself.
type moreRows struct {
	tableRows
	N      int // devices of the page
	Beside beside
	Count  *matchCount // of all that match, if these are all of them
}

// moreDevices answers what of a page was not found before: rows of its table.
func (c *console) moreDevices(v *visit) (*page, error) {
	l, err := readListing(v.URL.Query())
	if err != nil {
		return nil, err
	}
	q := l.Filter.query(v.Account)
	q.Sort, q.Desc, _ = l.order()
	found, b, err := v.readDevices(q, l.after, l.before, func(after, before string) string { return l.at(after, before).Path() })
	if err != nil {
		return nil, err
	}
	s := readSoFar(v.URL.Query()).and(found)
	if b.On != "" && s.N >= devicesShown { // the page is full
		b.Older, b.On = b.On, ""
	}
	heads, _ := headings(l, v.columnsOf(l))
	_, mayNot := control.AllowSome(v.Caller, reeve.Write)
	more := moreRows{tableRows{heads, v.rows(found), mayNot == nil, v.rest(l, b, s, len(heads)+1)}, s.N, beside{Older: b.Older}, nil}
	if s.Deep {
		more.Beside.First = l.at("", "").Path()
	}
	if s.Deep && s.Top != "" {
		more.Beside.Newer = l.at("", s.Top).Path()
	}
	if !s.Deep && more.Rest == nil && b.Older == "" {
		more.Count = &matchCount{deviceCount{N: int64(s.N)}, false}
	}
	return v.part("devices", "more", more)
}

// maxCounted is how far the devices that match are counted for their list.
const maxCounted = 10_000

// A deviceCount is how many devices match a filter.
type deviceCount struct {
	N     int64
	More  bool // it was not counted further
	Least bool // it was not counted further in time
}

// A matchCount is a deviceCount as it stands beside the list.
type matchCount struct {
	deviceCount
	Few bool // counted before it broke off, so that it says less than the list
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
	return v.part("devices", "count", matchCount{deviceCount{min(n, maxCounted), n > maxCounted, !all}, !all && n < 2*devicesShown})
}
