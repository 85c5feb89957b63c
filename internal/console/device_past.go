package console

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/door"
)

// A timeline is a page of everything that ever happened to a device.
type timeline struct {
	Entries []happening
	Newest  string // path of the page that begins now; empty for this one
	Older   string // path of the page behind this one
}

// A happening is an entry of a timeline, with the parameters of an order in words.
type happening struct {
	reeve.TimelineEntry
	Params []param
}

// timeline reads the page of a device's past that the address names.
func (v *visit) timeline(d reeve.Device) (timeline, error) {
	var t timeline
	var before reeve.TimelinePlace
	path := "devices/" + d.ID
	if at := v.URL.Query().Get("past"); at != "" {
		raw, err := base64.RawURLEncoding.DecodeString(at)
		if err == nil {
			err = json.Unmarshal(raw, &before)
		}
		if err != nil {
			return t, reeve.Errorf(reeve.Invalid, "there is no such page of the device's past; begin again at the newest").Because(err)
		}
		t.Newest = path + "#past"
	}
	page, err := v.view.Timeline(v.Context(), d, before, eventsShown)
	if err != nil {
		return t, err
	}
	for _, e := range page.Entries {
		h := happening{TimelineEntry: e}
		if e.Command != nil {
			h.Params = v.params(e.Job.Action, e.Job.Params, e.Job.Issued)
		}
		t.Entries = append(t.Entries, h)
	}
	if page.Next != nil {
		raw, err := json.Marshal(page.Next)
		if err != nil {
			return t, err
		}
		t.Older = path + "?past=" + base64.RawURLEncoding.EncodeToString(raw) + "#past"
	}
	return t, nil
}

// A threats is a page of what scans found on a device.
type threats struct {
	Device reeve.Device
	Rows   []reeve.Threat
	Newest string // path of the first page; empty on it
	Older  string // path of the page behind this one
	May    bool   // bring files back from quarantine
}

// Back is the path to bring back all files of the page that are in quarantine;
// empty if there are none, or the person may not.
func (t threats) Back() string {
	var files []string
	for _, found := range t.Rows {
		if found.Quarantine != "" {
			files = append(files, found.Quarantine)
		}
	}
	if !t.May || len(files) == 0 {
		return ""
	}
	return pathOf("act", "action", "unquarantine", "id", t.Device.ID, paramField+"which", "listed", paramField+"quarantine", strings.Join(files, "\n"))
}

const threatList = "threats of a device in the console"

func (v *visit) deviceThreats(d reeve.Device, mayWrite bool) (threats, error) {
	bringBack, _ := action.Lookup("unquarantine")
	t := threats{Device: d, May: mayWrite && bringBack.Decide(action.Own, d.Class, nil) == reeve.NoReason}
	var micro, key int64
	if err := door.ReadCursor("threats", v.URL.Query().Get("threats"), threatList, v.Caller.Account, &micro, &key); err != nil {
		return t, err
	}
	var last time.Time
	if micro != 0 {
		last, t.Newest = time.UnixMicro(micro), "devices/"+d.ID+"#threats"
	}
	var err error
	t.Rows, err = v.view.Threats(v.Context(), d.No, last, key, threatsShown+1)
	if len(t.Rows) > threatsShown {
		t.Rows = t.Rows[:threatsShown]
		end := t.Rows[threatsShown-1]
		at := door.Cursor(threatList, v.Caller.Account, end.Last.UnixMicro(), end.Key)
		t.Older = "devices/" + d.ID + "?threats=" + url.QueryEscape(at) + "#threats"
	}
	return t, err
}
