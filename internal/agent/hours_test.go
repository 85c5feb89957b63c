package agent

import (
	"encoding/json"
	"testing"
	"time"
)

func hours(t *testing.T, text string) (h Hours) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), &h))
	return h
}

func TestHours(t *testing.T) {
	zone := time.FixedZone("here", 2*60*60)
	const form = "Mon 2006-01-02 15:04"
	for _, tt := range []struct{ hours, now, want string }{
		{`["22:00-06:00"]`, "Sat 2026-11-21 21:59", "Sat 2026-11-21 22:00"},
		{`["22:00-06:00"]`, "Sat 2026-11-21 22:00", "Sat 2026-11-21 22:00"},
		{`["22:00-06:00"]`, "Sun 2026-11-22 05:59", "Sun 2026-11-22 05:59"},
		{`["22:00-06:00"]`, "Sun 2026-11-22 06:00", "Sun 2026-11-22 22:00"},
		{`["Fri 22:00-06:00"]`, "Sat 2026-11-21 05:00", "Sat 2026-11-21 05:00"},
		{`["Fri 22:00-06:00"]`, "Sat 2026-11-21 06:00", "Fri 2026-11-27 22:00"},
		{`["Fri 22:00-06:00"]`, "Sun 2026-11-22 05:00", "Fri 2026-11-27 22:00"},
		{`["Sat-Sun 00:00-24:00"]`, "Sun 2026-11-22 23:59", "Sun 2026-11-22 23:59"},
		{`["Sat-Sun 00:00-24:00"]`, "Mon 2026-11-23 00:00", "Sat 2026-11-28 00:00"},
		{`["Sat-Sun 00:00-24:00", "12:00-13:00"]`, "Mon 2026-11-23 00:00", "Mon 2026-11-23 12:00"},
		{`["Mon,Wed 12:00-13:00"]`, "Mon 2026-11-23 13:00", "Wed 2026-11-25 12:00"},
		{`["Fri-Mon 08:00-09:00"]`, "Fri 2026-11-27 09:00", "Sat 2026-11-28 08:00"},
		{`["00:00-00:00"]`, "Mon 2026-11-23 00:00", "Mon 2026-11-23 00:00"},
	} {
		now, err := time.ParseInLocation(form, tt.now, zone)
		must(t, err)
		if got := hours(t, tt.hours).Next(now).Format(form); got != tt.want {
			t.Errorf("at %s, %s begins %s, want %s", tt.now, tt.hours, got, tt.want)
		}
	}
	if now := time.Now(); !Hours(nil).Next(now).Equal(now) {
		t.Error("without hours an action has to wait")
	}
	if text, err := json.Marshal(hours(t, `["Mon 08:00-09:00"]`)); err != nil || string(text) != `["Mon 08:00-09:00"]` {
		t.Errorf("written as %s, %v", text, err)
	}
}

func TestBadHours(t *testing.T) {
	for _, text := range []string{
		`"22:00-06:00"`, `[]`, `null`, `[22]`, `[""]`, `["22-06"]`, `["22:00"]`, `["25:00-06:00"]`, `["24:00-06:00"]`, `["2:00-06:00"]`,
		`["22:00-06:60"]`, `["Son 22:00-06:00"]`, `["Mon- 22:00-06:00"]`, `["Mon 22:00-06:00 "]`, `["mon 22:00-06:00"]`, `["Mon  22:00-06:00"]`,
	} {
		var h Hours
		if err := json.Unmarshal([]byte(text), &h); err == nil {
			t.Errorf("%s was taken for %v", text, h)
		}
	}
}

func FuzzHours(f *testing.F) {
	f.Add("Sat-Sun 00:00-24:00", int64(0))
	f.Add("22:00-06:00", int64(1e9))
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		w, ok := readWindow(text)
		if !ok {
			return
		}
		now := time.Unix(seconds%1e11, 0).UTC()
		if next := (Hours{w}).Next(now); next.Before(now) || next.After(now.AddDate(0, 0, 8)) {
			t.Errorf("%q after %v begins %v", text, now, next)
		}
	})
}
