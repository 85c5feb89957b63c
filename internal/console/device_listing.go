package console

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"reeve"
)

// A listing is what the address of the list of devices says: which, in what
// order, with which columns, and where the page begins.
type listing struct {
	Filter  filter
	Sort    string   // one of deviceSorts, with - before it to turn it round
	columns []string // empty: as the person last chose
	after   string   // a place, see placeOf
	before  string
}

// deviceSorts are the orders, the usual one first.
var deviceSorts = []struct {
	name string
	by   reeve.DeviceSort
}{
	{"name", reeve.ByHostname},
	{"seen", reeve.ByLastSeen},
	{"added", reeve.ByRecord},
}

func readListing(address url.Values) (listing, error) {
	f, err := readFilter(address)
	if err != nil {
		return listing{}, err
	}
	l := listing{Filter: f, Sort: address.Get("sort"), after: address.Get("after"), before: address.Get("before")}
	if l.Sort == deviceSorts[0].name {
		l.Sort = ""
	}
	if chosen := strings.FieldsFunc(strings.Join(address["columns"], ","), func(r rune) bool { return r == ',' }); len(chosen) > 0 {
		l.columns = knownColumns(chosen)
	}
	if _, _, ok := l.order(); !ok {
		return listing{}, reeve.Errorf(reeve.Invalid, "devices cannot be sorted by %.40q; choose one of the orders offered", l.Sort)
	}
	return l, nil
}

// order returns the order that the listing is in.
func (l listing) order() (by reeve.DeviceSort, desc, ok bool) {
	name, desc := strings.CutPrefix(l.Sort, "-")
	if name == "" && !desc {
		return deviceSorts[0].by, false, true
	}
	for _, s := range deviceSorts {
		if s.name == name {
			return s.by, desc, true
		}
	}
	return 0, false, false
}

// View is what the listing shows, as a query string, whatever page it is at: the
// part that is worth keeping.
func (l listing) View() string {
	said := url.Values{}
	for field, words := range l.Filter.said {
		said[field] = words
	}
	if l.Sort != "" {
		said.Set("sort", l.Sort)
	}
	if len(l.columns) > 0 {
		said.Set("columns", l.ColumnList())
	}
	return said.Encode()
}

// Path is the address of the listing's page, from Prefix on.
func (l listing) Path() string {
	said, _ := url.ParseQuery(l.View())
	if l.after != "" {
		said.Set("after", l.after)
	}
	if l.before != "" {
		said.Set("before", l.before)
	}
	if len(said) == 0 {
		return "devices"
	}
	return "devices?" + said.Encode()
}

// ColumnList is the columns as an address says them.
func (l listing) ColumnList() string { return strings.Join(l.columns, ",") }

// with returns the listing from its beginning with another filter.
func (l listing) with(f filter) listing {
	l.Filter, l.after, l.before = f, "", ""
	return l
}

// by returns the listing from its beginning in an order; in the one that it is
// in, the other way round.
func (l listing) by(name string) listing {
	was := l.Sort
	if was == "" {
		was = deviceSorts[0].name
	}
	l.after, l.before, l.Sort = "", "", name
	if was == name {
		l.Sort = "-" + name
	}
	if l.Sort == deviceSorts[0].name {
		l.Sort = ""
	}
	return l
}

// at returns the listing behind one place, or before another.
func (l listing) at(after, before string) listing {
	l.after, l.before = after, before
	return l
}

// A place is a row in the order of a listing as an address carries it. Whatever
// an address says there, it is looked for in the person's own account.
type place struct {
	No   int64  `json:"n"`
	Name string `json:"h,omitempty"`
	Seen int64  `json:"s,omitempty"` // in microseconds
}

func placeOf(row reeve.DeviceRow) string {
	p := place{No: row.No, Name: row.Hostname}
	if !row.LastSeen.IsZero() {
		p.Seen = row.LastSeen.UnixMicro()
	}
	raw, _ := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func readPlace(text string) (row reeve.DeviceRow, err error) {
	var p place
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		return row, reeve.Errorf(reeve.Invalid, "there is no such page of the list; begin again at the first").Because(err)
	}
	if row = (reeve.DeviceRow{No: p.No, Hostname: p.Name}); p.Seen != 0 {
		row.LastSeen = time.UnixMicro(p.Seen)
	}
	return row, nil
}

// A deviceColumn is one that the list can show beside the device's name.
type deviceColumn struct {
	Name  string
	sort  string // by which the list can be sorted along with it
	usual bool
}

var deviceColumns = []deviceColumn{
	{Name: "standing", usual: true},
	{Name: "presence", usual: true},
	{Name: "seen", sort: "seen", usual: true},
	{Name: "system", usual: true},
	{Name: "group", usual: true},
	{Name: "exempt", usual: true},
	{Name: "version", usual: true},
	{Name: "user"},
	{Name: "address"},
	{Name: "macs"},
	{Name: "kind"},
	{Name: "type"},
	{Name: "nickname"},
	{Name: "custom_id"},
	{Name: "linked"},
	{Name: "added", sort: "added"},
	{Name: "enrolled"},
	{Name: "id"},
}

// knownColumns are those of the names that there are, in the order of the table.
func knownColumns(names []string) (known []string) {
	for _, c := range deviceColumns {
		if slices.Contains(names, c.Name) {
			known = append(known, c.Name)
		}
	}
	return known
}

// usualColumns are those of who has chosen none.
func usualColumns() (names []string) {
	for _, c := range deviceColumns {
		if c.usual {
			names = append(names, c.Name)
		}
	}
	return names
}
