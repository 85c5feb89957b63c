package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are the times of a week in which an action may begin, by the machine's
// own clock and time zone. In the policy file each window is a text such as
//
//	"22:00-06:00"             every day, into the next one
//	"Sat-Sun 00:00-24:00"     on these days
//	"Mon,Wed 12:00-13:00"     on each of these
//
// The days are those on which a window opens.
type Hours []window

// A window opens on some days at a minute of the day and closes at a later one,
// which may be the next day's.
type window struct {
	text        string
	days        [7]bool
	open, close int // minutes from the midnight before it opens; close is the greater
}

const dayMinutes = 24 * 60

var dayNames = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// UnmarshalJSON reads a list of windows.
func (h *Hours) UnmarshalJSON(text []byte) error {
	var texts []string
	if err := json.Unmarshal(text, &texts); err != nil {
		return fmt.Errorf(`hours are lists of texts such as "22:00-06:00" or "Sat-Sun 00:00-24:00"`)
	}
	for _, text := range texts {
		w, ok := readWindow(text)
		if !ok {
			return fmt.Errorf(`%q is not a window of hours; write it like "22:00-06:00" or "Sat-Sun 00:00-24:00"`, text)
		}
		*h = append(*h, w)
	}
	if len(*h) == 0 {
		return fmt.Errorf("an empty list of hours would forbid the action; say so under actions")
	}
	return nil
}

// MarshalJSON writes the windows as they were read.
func (h Hours) MarshalJSON() ([]byte, error) { return json.Marshal(h.texts()) }

// String lists the windows.
func (h Hours) String() string { return strings.Join(h.texts(), ", ") }

func (h Hours) texts() []string {
	texts := make([]string, len(h))
	for i, w := range h {
		texts[i] = w.text
	}
	return texts
}

func readWindow(text string) (w window, ok bool) {
	days, times, named := strings.Cut(text, " ")
	if !named {
		days, times = "Sun-Sat", text
	}
	w.text = text
	for part := range strings.SplitSeq(days, ",") {
		from, to, many := strings.Cut(part, "-")
		if !many {
			to = from
		}
		first, last := slices.Index(dayNames, from), slices.Index(dayNames, to)
		if first < 0 || last < 0 {
			return w, false
		}
		for d := first; ; d = (d + 1) % 7 {
			w.days[d] = true
			if d == last {
				break
			}
		}
	}
	from, to, _ := strings.Cut(times, "-")
	w.open, ok = readMinute(from)
	if !ok || w.open == dayMinutes {
		return w, false
	}
	w.close, ok = readMinute(to)
	if w.close <= w.open {
		w.close += dayMinutes
	}
	return w, ok
}

// readMinute reads HH:MM from 00:00 to 24:00.
func readMinute(text string) (int, bool) {
	if text == "24:00" {
		return dayMinutes, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil && len(text) == len("15:04")
}

// Next returns the first time from now on that is within the hours: now itself
// if it is. Without hours it is always now.
func (h Hours) Next(now time.Time) time.Time {
	if len(h) == 0 {
		return now
	}
	var next time.Time
	for _, w := range h {
		// A window of yesterday may still be open, and one that opens once a
		// week may have been missed today.
		for day := -1; day <= 7; day++ {
			y, m, d := now.Date()
			at := func(minute int) time.Time { return time.Date(y, m, d+day, 0, minute, 0, 0, now.Location()) }
			open, end := at(w.open), at(w.close)
			switch {
			case !w.days[at(0).Weekday()] || !end.After(now):
				continue
			case !open.After(now):
				return now
			case next.IsZero() || open.Before(next):
				next = open
			}
			break
		}
	}
	return next
}
