package console

import (
	"cmp"
	"encoding/hex"
	"errors"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

func (c *console) logRoutes() []door.Route {
	return []door.Route{
		c.see("log", reeve.Audit, c.log),
		c.see("log/rows", reeve.Audit, c.rowsOfLog),
		c.see("log/verify", reeve.Audit, c.verifyLog),
		c.see("log/export", reeve.Audit, c.exportLog),
	}
}

// logRows is how many rows a page of the log has, and logMet how many it may look
// at itself to find them. What takes more, the page loads when it is there.
const (
	logRows = 100
	logMet  = 5000
)

// A logPage is some of the log, newest first.
type logPage struct {
	logPart
	Events   []logChoice
	Sources  []logChoice
	Outcomes []logChoice
	Looks    []logChoice // what people want to see most
	Since    string      // as their fields show them
	Until    string
	Load     string // path of the rows, where they come later
	Export   string // path of the same selection as a file
}

// Shown is the part with the rows.
func (p logPage) Shown() logPart { return p.logPart }

// A logPart is the rows of a page of the log.
type logPart struct {
	Rows   []logRow
	Filter logFilter
	Device string // id of the one that the filter names
	Beside beside
}

type logChoice struct {
	Value, Text string
	Chosen      bool
}

// A logFilter is what the address of a page says of which rows to show.
type logFilter struct{ Event, Source, Actor, Address, Device, Job, Outcome, Since, Until string }

func readLogFilter(q url.Values) logFilter {
	return logFilter{
		Event: q.Get("event"), Source: q.Get("source"), Actor: strings.TrimSpace(q.Get("actor")), Address: strings.TrimSpace(q.Get("address")), Device: strings.TrimSpace(q.Get("device")),
		Job: strings.TrimSpace(q.Get("job")), Outcome: q.Get("outcome"), Since: q.Get("since"), Until: q.Get("until"),
	}
}

// outcomes are the words in which rows say how it ended.
var outcomes = []string{"ok", "failed", "refused", "expired", "denied", "suspect", "limit", "unknown_group"}

// asked stands for every source through which somebody asked for something:
// not the agents' reports, and not what the server does by itself.
const asked = "asked"

// Any reports whether the filter leaves anything out.
func (f logFilter) Any() bool { return f != logFilter{} }

func (f logFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"event": f.Event, "source": f.Source, "actor": f.Actor, "address": f.Address, "device": f.Device, "job": f.Job,
		"outcome": f.Outcome, "since": f.Since, "until": f.Until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// logQuery returns what the filter selects: from since on, before until. People are
// meant by their names too, and a device by its hostname.
func (v *visit) logQuery(f logFilter) (reeve.LogQuery, error) {
	q, err := f.rows()
	if err == nil && f.Actor != "" {
		q.Actors, err = v.view.ActorsCalled(v.Context(), f.Actor)
	}
	if err == nil && f.Device != "" && !reeve.IsID(f.Device) {
		q.Device, err = v.deviceCalled(f.Device)
	}
	return q, err
}

// deviceCalled returns the id of the only device with a hostname.
func (v *visit) deviceCalled(hostname string) (string, error) {
	found, err := v.view.Devices(v.Context(), reeve.DeviceQuery{Search: hostname, Limit: 50, Sort: reeve.ByHostname})
	found = slices.DeleteFunc(found, func(d reeve.Device) bool { return !strings.EqualFold(d.Hostname, hostname) })
	if err == nil && len(found) != 1 {
		err = reeve.Errorf(reeve.Invalid, "no device, or more than one, is called so; copy the id from the device's page")
	}
	if err != nil {
		return "", err
	}
	return found[0].ID, nil
}

// rows returns what the filter says without being looked up.
func (f logFilter) rows() (reeve.LogQuery, error) {
	q := reeve.LogQuery{Device: f.Device}
	if f.Event != "" {
		q.Events = []string{f.Event}
	}
	if f.Source != "" {
		source, ok := reeve.ParseSource(f.Source)
		switch {
		case ok:
			q.Sources = []reeve.Source{source}
		case f.Source == asked:
			q.Sources = []reeve.Source{reeve.FromConsole, reeve.FromOAuthAPI, reeve.FromAPI, reeve.FromCLI}
		default:
			return q, reeve.Errorf(reeve.Invalid, "there is no source of this name; choose one of those offered")
		}
	}
	if f.Address != "" {
		q.Addresses = []string{f.Address}
	}
	if f.Outcome != "" && !slices.Contains(outcomes, f.Outcome) {
		return q, reeve.Errorf(reeve.Invalid, "there is no outcome of this name; choose one of those offered")
	}
	if f.Outcome != "" {
		q.Outcomes = []string{f.Outcome}
	}
	if f.Job != "" {
		id, ok := reeve.ParseJobID(f.Job)
		if !ok {
			return q, reeve.Errorf(reeve.Invalid, "a job id has 16 hex digits; copy it from the job's page")
		}
		q.Job = id
	}
	for _, bound := range []struct {
		text string
		into *time.Time
	}{{f.Since, &q.Since}, {f.Until, &q.Until}} {
		if bound.text == "" {
			continue
		}
		t, err := readMoment(bound.text)
		if err != nil {
			return q, err
		}
		*bound.into = t
	}
	return q, nil
}

func (c *console) log(v *visit) (*page, error) {
	f := readLogFilter(v.URL.Query())
	shown := logPage{logPart: logPart{Filter: f}, Since: asField(f.Since), Until: asField(f.Until), Export: "log/export?" + f.query().Encode()}
	for key, text := range v.words.below("events.") {
		shown.Events = append(shown.Events, logChoice{key, text, key == f.Event})
	}
	slices.SortFunc(shown.Events, func(a, b logChoice) int { return cmp.Compare(a.Text, b.Text) })
	shown.Sources = append(shown.Sources, logChoice{asked, v.words.say("log.asked"), f.Source == asked})
	for _, source := range reeve.Sources() {
		shown.Sources = append(shown.Sources, logChoice{source.String(), v.words.say("sources." + source.String()), source.String() == f.Source})
	}
	for _, outcome := range outcomes {
		shown.Outcomes = append(shown.Outcomes, logChoice{outcome, v.words.say("log.outcomes." + outcome), outcome == f.Outcome})
	}
	for _, look := range []struct{ query, text string }{{"", "all"}, {"?source=" + asked, "asked"}, {"?outcome=failed", "failed"}, {"?outcome=denied", "denied"}} {
		shown.Looks = append(shown.Looks, logChoice{look.query, v.words.say("log.looks." + look.text), "?"+f.query().Encode() == cmp.Or(look.query, "?")})
	}
	p := &page{name: "log", title: "log.title", data: &shown}
	q, err := v.logQuery(f)
	if err != nil {
		return again(p, err)
	}
	q.Within = logMet
	shown.logPart, err = v.logPart(f, q)
	if errors.Is(err, reeve.ErrFurther) {
		shown.Load, err = "log/rows?"+v.URL.RawQuery, nil
	}
	return p, err
}

// rowsOfLog answers with the rows of a page, however many have to be looked at.
func (c *console) rowsOfLog(v *visit) (*page, error) {
	f := readLogFilter(v.URL.Query())
	q, err := v.logQuery(f)
	if err != nil {
		return nil, err
	}
	shown, err := v.logPart(f, q)
	if err != nil {
		return nil, err
	}
	return v.part("log", "rows", shown)
}

// logPart reads the rows of the page that the address asks for.
func (v *visit) logPart(f logFilter, q reeve.LogQuery) (logPart, error) {
	shown := logPart{Filter: f, Device: q.Device}
	after, before := v.place("after"), v.place("before")
	q.After, q.Before, q.Newest, q.Limit = after, before, after == 0, logRows+1
	rows, err := v.view.Log(v.Context(), q)
	if err != nil {
		return shown, err
	}
	more := len(rows) > logRows
	rows = rows[:min(len(rows), logRows)]
	if !q.Newest {
		slices.Reverse(rows)
	}
	if before > 0 || after > 0 {
		shown.Beside.First = "log?" + f.query().Encode()
	}
	if n := len(rows); n > 0 {
		if before > 0 && after == 0 || after > 0 && more {
			shown.Beside.Newer = pathWith("log", f.query(), "after", rows[0].Seq)
		}
		if after > 0 || more {
			shown.Beside.Older = pathWith("log", f.query(), "before", rows[n-1].Seq)
		}
	}
	shown.Rows, err = v.logRows(rows)
	return shown, err
}

// place reads the number of a row, by which pages of a list go; 0 for none.
func (v *visit) place(name string) int64 {
	n, err := strconv.ParseInt(v.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 || n == math.MaxInt64 {
		return 0
	}
	return n
}

func pathWith(path string, q url.Values, name string, place int64) string {
	q.Set(name, strconv.FormatInt(place, 10))
	return path + "?" + q.Encode()
}

// verifyLog checks the chain of the account's log, which takes long for a long
// one: the page asks for it by itself.
func (c *console) verifyLog(v *visit) (*page, error) {
	verdict, err := c.Verify(v.Context(), v.Account)
	if err != nil {
		return nil, err
	}
	return v.part("log", "verdict", verdict)
}

// exportRows is how many rows of an export are read and sent at a time.
const exportRows = 1000

// exportLog sends the selected rows as a table, oldest first.
func (c *console) exportLog(v *visit) (*page, error) {
	q, err := v.logQuery(readLogFilter(v.URL.Query()))
	if err != nil {
		return nil, err
	}
	sheet := door.NewSheet(v.w, "log.csv", "seq", "time", "event", "source", "actor", "by", "address", "device", "job", "outcome", "request", "detail", "hash")
	sheet.Send() // the first rows may be far away
	for q.Limit = exportRows; ; {
		rows, err := v.view.Log(v.Context(), q)
		if err != nil {
			return nil, err
		}
		for _, e := range rows {
			job := ""
			if e.Job != 0 {
				job = e.Job.String()
			}
			sheet.Row(strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339Nano), e.Event, e.Source.String(), e.Actor, e.Name, e.Address,
				e.Device, job, e.Outcome, e.RequestID, e.Detail, hex.EncodeToString(e.Hash[:]))
		}
		if gone := sheet.Send(); gone || len(rows) < exportRows {
			return nil, nil
		}
		q.After = rows[len(rows)-1].Seq
	}
}
