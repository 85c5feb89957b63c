package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) deviceRoutes() []door.Route {
	return []door.Route{
		c.see("devices", reeve.Read, c.devices),
		c.see("devices/more", reeve.Read, c.moreDevices),
		c.see("devices/count", reeve.Read, c.countDevices),
		c.change("devices/columns", reeve.Read, "", c.chooseColumns),
		c.see("devices/export", reeve.Read, c.exportDevices),
		c.see("devices/deleted", reeve.Read, c.deletedDevices),
		c.change("devices/deleted", reeve.Write, "devices_restored", c.restoreDevices),
		c.see("devices/import", reeve.Write, ofAll(reeve.Write, c.askToImport)),
		c.change("devices/import", reeve.Write, "devices_imported", c.importDevices),
		c.see("devices/{id}", reeve.Read, c.device),
		c.change("devices/{id}", reeve.Write, "device_described", c.describeDevice),
		c.see("devices/{id}/live", reeve.Read, c.followDevice),
		c.change("devices/views", reeve.Read, "view_saved", c.saveView),
		c.change("devices/views/remove", reeve.Read, "view_removed", c.removeView),
	}
}

// devicesShown is how many devices a page of the list has.
const devicesShown = 50

// A devicesPage is a page of the list of devices.
type devicesPage struct {
	Listing    listing
	Search     string
	Views      []viewLink
	View       filled // the view to save that had a fault; nil without one
	Fields     []filterChoice
	Chips      []chip
	Headings   []heading
	Columns    []columnChoice
	Rows       []deviceRow
	Rest       *restRow // nil if the page is whole
	Beside     beside
	Actions    []action.Definition
	Count      string // path of the fragment with how many match
	Export     string // path of all that match as a file
	IsFiltered bool
	IsDeep     bool // not the first page
}

// Cleared is the path of the list without any filter.
func (p devicesPage) Cleared() string { return p.Listing.with(filter{}).Path() }

// A filterChoice is a field of the filter with what can be chosen.
type filterChoice struct {
	Name  string
	Words []wordChoice
	One   bool     // shown as a field for one of them
	Also  []string // chosen beside the one that such a field shows
}

// Shown is what the field shows of it.
func (f filterChoice) Shown() string {
	for _, word := range f.Words {
		if word.Chosen {
			return word.Word
		}
	}
	return ""
}

type wordChoice struct {
	Word, Text string
	Chosen     bool
}

// A chip is one word of the filter, with the list without it.
type chip struct{ Field, Text, Path string }

// A heading is that of a column, with the list sorted by it.
type heading struct {
	Name   string
	Path   string // empty if the list cannot be sorted by it
	Sorted string // as aria-sort says it
}

type columnChoice struct {
	Name   string
	Chosen bool
}

// A deviceRow is a device as lists and its page show it.
type deviceRow struct {
	reeve.Device
	Presence string // a word of "devices.presences"
	IsExempt bool
}

func shown(d reeve.Device, now time.Time, account reeve.Account) deviceRow {
	unseenAfter := time.Duration(control.Effective(account.Settings).UnseenAfterDays) * 24 * time.Hour
	row := deviceRow{Device: d, IsExempt: d.IsExempt(now)}
	switch {
	case d.Class.Kind == reeve.NoAgent:
		row.Presence = "none"
	case d.Online:
		row.Presence = "connected"
	case d.LastSeen.IsZero():
		row.Presence = "never"
	case d.LastSeen.Before(now.Add(-unseenAfter)):
		row.Presence = "unseen"
	default:
		row.Presence = "disconnected"
	}
	return row
}

// Name is what people call the device.
func (d deviceRow) Name() string { return cmp.Or(d.Hostname, d.Nickname, d.ID) }

// Critical reports whether critical issues alone are excused.
func (d deviceRow) Critical() bool { return d.Exempt == reeve.ExemptCritical }

// OS is the device's operating system in full, as its agent said.
func (d deviceRow) OS() string { return strings.TrimSpace(d.Facts.OSName + " " + d.Facts.OSVersion) }

// Forever reports whether the exemption has no end.
func (d deviceRow) Forever() bool { return d.ExemptUntil.Equal(reeve.Forever) }

func (c *console) devices(v *visit) (*page, error) {
	l, err := readListing(v.URL.Query())
	if err != nil {
		return nil, err
	}
	return v.showDevices(l, nil)
}

// showDevices shows a listing, with the view of it that was to be saved if that
// had a fault.
func (v *visit) showDevices(l listing, view filled) (*page, error) {
	q := l.Filter.query(v.Account)
	q.Sort, q.Desc, _ = l.order()
	found, beside, err := v.readDevices(q, l.after, l.before, func(after, before string) string { return l.at(after, before).Path() })
	if err != nil {
		return nil, err
	}
	fields, chips, err := v.describeFilter(l)
	if err != nil {
		return nil, err
	}
	views, err := v.savedViews(l)
	if err != nil {
		return nil, err
	}
	p := devicesPage{
		Listing: l, Views: views, View: view, Search: strings.Join(l.Filter.said["q"], " "), Fields: fields, Chips: chips, Beside: beside.beside,
		Count: "devices/count?" + l.Filter.String(), Export: "devices/export?" + l.Filter.String(), IsFiltered: len(l.Filter.said) > 0, IsDeep: l.after != "" || l.before != "",
	}
	p.Headings, p.Columns = headings(l, v.columnsOf(l))
	p.Rows = v.rows(found)
	p.Rest = v.rest(l, beside, foundSoFar{Deep: p.IsDeep}.and(found), len(p.Headings)+1)
	if _, err := control.AllowSome(v.Caller, reeve.Write); err == nil {
		p.Actions = orderable()
	}
	return &page{name: "devices", title: "devices.title", data: p}, nil
}

// orderable are the actions that can be ordered of devices.
func orderable() []action.Definition { return action.Offered(action.Own) }

func (v *visit) rows(devices []reeve.Device) (rows []deviceRow) {
	for _, d := range devices {
		rows = append(rows, shown(d, time.Now(), v.Account))
	}
	return rows
}

// headings are those of the columns that are shown, and which there are.
func headings(l listing, columns []string) (heads []heading, choices []columnChoice) {
	heads = append(heads, headingOf(l, "name", "name"))
	for _, c := range deviceColumns {
		chosen := slices.Contains(columns, c.Name)
		if chosen {
			heads = append(heads, headingOf(l, c.Name, c.sort))
		}
		choices = append(choices, columnChoice{c.Name, chosen})
	}
	return heads, choices
}

func headingOf(l listing, name, sort string) heading {
	h := heading{Name: name}
	if sort == "" {
		return h
	}
	h.Path = l.by(sort).Path()
	switch l.Sort {
	case sort:
		h.Sorted = "ascending"
	case "-" + sort:
		h.Sorted = "descending"
	case "":
		if sort == deviceSorts[0].name {
			h.Sorted = "ascending"
		}
	}
	return h
}

// maxGroupChoices is how many groups are offered to filter by.
const maxGroupChoices = 200

// describeFilter puts a filter in words: what can be chosen, and what is.
func (v *visit) describeFilter(l listing) (fields []filterChoice, chips []chip, err error) {
	groups, err := v.view.Groups(v.Context(), reeve.GroupQuery{Limit: maxGroupChoices, Page: 1, Uncounted: true})
	if err != nil {
		return nil, nil, err
	}
	names := map[string]string{}
	for _, g := range groups {
		names[g.ID] = g.Name
	}
	for _, id := range l.Filter.said["group"] {
		if _, ok := names[id]; ok {
			continue
		}
		if g, err := v.view.Group(v.Context(), id); err == nil {
			names[id], groups = g.Name, append(groups, g)
		}
	}
	for _, field := range filterFields {
		text := func(word string) string {
			switch field.name {
			case "q":
				return word
			case "group":
				return cmp.Or(names[word], word)
			}
			return v.words.or(word, "devices.filters."+field.name+"."+word)
		}
		said := l.Filter.said[field.name]
		choice := filterChoice{Name: field.name, One: field.one || field.words == nil}
		if choice.One && len(said) > 1 {
			said, choice.Also = said[:1], said[1:]
		}
		offer := func(word string) {
			choice.Words = append(choice.Words, wordChoice{word, text(word), slices.Contains(said, word)})
		}
		for _, word := range field.words {
			offer(word)
		}
		switch field.name {
		case "group":
			for _, g := range groups {
				offer(g.ID)
			}
		case "version":
			for _, word := range said {
				offer(word)
			}
		}
		if field.name != "q" {
			fields = append(fields, choice)
		}
		for _, word := range l.Filter.said[field.name] {
			chips = append(chips, chip{field.name, text(word), l.with(l.Filter.without(field.name, word)).Path()})
		}
	}
	return fields, chips, nil
}

// columnsCookie keeps which columns a person last chose, in the browser.
const columnsCookie = "reeve-columns"

// columnsOf are those that a listing is shown with.
func (v *visit) columnsOf(l listing) []string {
	if len(l.columns) > 0 {
		return l.columns
	}
	return v.columns()
}

// columns returns those that the person last chose, or the usual ones.
func (v *visit) columns() []string {
	if kept, err := v.Cookie(columnsCookie); err == nil {
		if known := knownColumns(strings.Split(kept.Value, ".")); len(known) > 0 {
			return known
		}
	}
	return usualColumns()
}

// chooseColumns keeps the columns in the browser, and shows the list with them.
func (c *console) chooseColumns(v *visit) (*page, error) {
	l, err := v.listingSent()
	if err != nil {
		return nil, err
	}
	if l.columns = knownColumns(v.PostForm["column"]); len(l.columns) == 0 {
		l.columns = usualColumns()
	}
	v.keep(columnsCookie, strings.Join(l.columns, "."), 365*24*60*60)
	return v.goTo(l.Path())
}
