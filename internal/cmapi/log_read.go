package cmapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// readLogsV2 reads the parameters of v2: all of them in the query.
func readLogsV2(v logList, r *door.Request, _ []byte, want *logRequest) error {
	query, err := readPage(r.URL.Query(), v.otherwise, v.most)
	if err != nil {
		return err
	}
	want.Limit, want.page = query.Limit, query.Page
	kind, err := only(r.URL.Query(), "event_type")
	if err != nil {
		return err
	}
	category, known := map[string]string{"": deviceEvents, "1": deviceEvents, "2": adminEvents}[kind]
	if !known {
		return reeve.Errorf(reeve.Invalid, "event_type must be 1 (device) or 2 (administrator)")
	}
	want.category = category
	want.Until = time.Time{} // the whole log
	v.choose(want, nil)
	return nil
}

// readLogsV3 reads the body of v3: days, or an age.
func readLogsV3(v logList, _ *door.Request, body []byte, want *logRequest) error {
	var filter []string
	var start, end bound
	var age *int64
	err := object{"start_date": &dayOf{&start}, "end_date": &dayOf{&end}, "age": &age, "filter": &filter, "limit": &want.Limit, "page": &want.page}.readOptional(body)
	if err != nil {
		return err
	}
	if err := v.stretch(want, start, end, age); err != nil {
		return err
	}
	want.category = deviceEvents
	v.choose(want, filter)
	return checkPage(want.Limit, want.page, v.most)
}

// readLogsV31 reads the body of v3.1. An early draft of its page had other
// names; a body may have either, but not two values for one thing.
func readLogsV31(v logList, _ *door.Request, body []byte, want *logRequest) error {
	var category, draftCategory string
	var start, end, draftStart, draftEnd bound
	var age *int64
	var filter map[string]any
	err := object{"event_category": &category, "category": &draftCategory, "start_time": &millisOf{&start}, "start_date": &eitherOf{&draftStart},
		"end_time": &millisOf{&end}, "end_date": &eitherOf{&draftEnd}, "age": &age, "filter": &filter, "limit": &want.Limit, "page": &want.page}.read(body)
	if err != nil {
		return err
	}
	if category != "" && draftCategory != "" || start.given && draftStart.given || end.given && draftEnd.given {
		return reeve.Errorf(reeve.Invalid, "category, start_date and end_date are other names of event_category, start_time and end_time; send one of each two")
	}
	if draftStart.given {
		start = draftStart
	}
	if draftEnd.given {
		end = draftEnd
	}
	want.category = cmp.Or(category, draftCategory)
	if err := v.within(want, start, end, age, filter); err != nil {
		return err
	}
	return checkPage(want.Limit, want.page, v.most)
}

// readLogsByToken reads the body of v3.2 and v3.3.
func readLogsByToken(v logList, r *door.Request, body []byte, want *logRequest) error {
	var start, end bound
	var age *int64
	var token string
	var filter map[string]any
	err := object{"event_category": &want.category, "start_time": &millisOf{&start}, "end_time": &millisOf{&end}, "age": &age,
		"filter": &filter, "limit": &want.Limit, "token": &token}.read(body)
	if err != nil {
		return err
	}
	if err := v.within(want, start, end, age, filter); err != nil {
		return err
	}
	if want.Limit < 1 || want.Limit > v.most {
		return reeve.Errorf(reeve.Invalid, "limit must be 1 to %d", v.most)
	}
	if !end.given { // to the very end, so that nothing is left between this and what resume goes on with
		want.Until = time.Time{}
	}
	if token != "" { // the place alone says where to go on, however much later
		want.Since = time.Time{}
	}
	return door.ReadCursor("token", token, logCursor(want.category), r.Caller.Account, &want.From.Seq, &want.From.Leaf)
}

// within reads what the versions with categories share.
func (v logList) within(want *logRequest, start, end bound, age *int64, filter map[string]any) error {
	var words []string
	events, isList := filter["events"].([]any)
	for _, e := range events {
		word, isWord := e.(string)
		isList = isList && isWord
		words = append(words, word)
	}
	switch {
	case !slices.Contains(v.categories, want.category):
		return reeve.Errorf(reeve.Invalid, "event_category must be one of %s", strings.Join(v.categories, ", "))
	case filter["events"] != nil && !isList:
		return reeve.Errorf(reeve.Invalid, "filter.events must be an array of strings")
	}
	v.choose(want, words)
	return v.stretch(want, start, end, age)
}

// stretch sets the bounds of time. What is not given ends now, and begins the
// age before now.
func (v logList) stretch(want *logRequest, start, end bound, age *int64) error {
	seconds := v.age
	if age != nil {
		seconds = *age
	}
	if seconds < 0 || seconds > maxLogAge {
		return reeve.Errorf(reeve.Invalid, "age must be 0 to %d seconds", maxLogAge)
	}
	want.Since = want.Until.Add(-time.Duration(seconds) * time.Second)
	if start.given {
		want.Since = start.at
	}
	if end.given {
		want.Until = end.at.Add(end.lasts)
	}
	switch {
	case want.Since.Before(time.Unix(0, 0)), want.Until.After(reeve.Forever):
		return reeve.Errorf(reeve.Invalid, "times must lie between 1970 and 9999")
	case want.Until.Before(want.Since):
		return reeve.Errorf(reeve.Invalid, "the time to read ends before it begins")
	}
	return nil
}

// A bound is the beginning or the end of a time, as a body says it.
type bound struct {
	at    time.Time
	lasts time.Duration // a day is read to its last moment
	given bool
}

// The spellings of a bound: milliseconds since 1970, a day such as 2026/11/22
// in UTC, or either. Null is as good as absent.
type (
	millisOf struct{ *bound }
	dayOf    struct{ *bound }
	eitherOf struct{ *bound }
)

func (m millisOf) UnmarshalJSON(text []byte) error {
	var value *int64
	if err := json.Unmarshal(text, &value); err != nil || value == nil {
		return err
	}
	*m.bound = bound{at: time.UnixMilli(*value), given: true}
	return nil
}

func (d dayOf) UnmarshalJSON(text []byte) error {
	var value *string
	if err := json.Unmarshal(text, &value); err != nil || value == nil {
		return err
	}
	at, err := time.Parse("2006/01/02", *value)
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "%.40q is not a day such as 2026/11/22", *value)
	}
	*d.bound = bound{at: at, lasts: 24 * time.Hour, given: true}
	return nil
}

func (e eitherOf) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return dayOf(e).UnmarshalJSON(text)
	}
	return millisOf(e).UnmarshalJSON(text)
}
