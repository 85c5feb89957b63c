package cmapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/doortest"
)

// However small the pages, all lines come, in order and once.
func TestLogPages(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	body := fmt.Sprintf(`{"types":"unexempt","ids":%s}`, list(f.devices["linux"].ID, f.devices["macos"].ID, f.devices["phone"].ID, f.devices["domain"].ID))
	f.Ask("POST", action33, body, bearer(f.Token))
	f.order(t, "exempt", "windows", `{}`)
	type line struct {
		Event, Details string
		Device         string `json:"device_id"`
	}
	read := func(limit int) []line {
		var all []line
		for token, pages := "", 0; ; pages++ {
			var page struct {
				Next string `json:"next_token"`
				Logs []line
			}
			body := fmt.Sprintf(`{"event_category":"device","limit":%d,"token":%q}`, limit, token)
			got := f.Ask("POST", "/o/api/v3.3/logs", body, bearer(f.Token))
			if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil || got.Code != 200 || pages > 100 {
				t.Fatalf("page %d: %d %s", pages, got.Code, got.Body)
			}
			all = append(all, page.Logs...)
			if token = page.Next; token == "" {
				return all
			}
		}
	}
	whole := read(100)
	if len(whole) != 8+1+1+3+1 { // enrolled, ignored, scanned, unexempted (not the domain controller), exempted
		t.Errorf("%d lines: %+v", len(whole), whole)
	}
	for _, limit := range []int{1, 2, 3, 5, len(whole)} {
		if got := read(limit); !reflect.DeepEqual(got, whole) {
			t.Errorf("in pages of %d: %+v, want %+v", limit, got, whole)
		}
	}
}

// A collector that keeps the last resume token misses nothing and reads nothing
// twice, wherever it stopped, and also if there was nothing to read.
func TestLogGoesOn(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	from := func(body string) (events []string, next, resume string) {
		t.Helper()
		var page struct {
			Next  string `json:"next_token"`
			Logs  []struct{ Event string }
			Reeve struct{ Resume string }
		}
		got := f.Ask("POST", "/o/api/v3.3/logs", body, bearer(f.Token))
		if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil || got.Code != 200 || page.Reeve.Resume == "" {
			t.Fatalf("%s: %d %s", body, got.Code, got.Body)
		}
		for _, l := range page.Logs {
			events = append(events, l.Event)
		}
		return events, page.Next, page.Reeve.Resume
	}
	for _, begin := range []string{`{"event_category":"device"}`, `{"event_category":"device","limit":1}`, `{"event_category":"device","age":0}`,
		`{"event_category":"device","filter":{"events":["deleted"]}}`, fmt.Sprintf(`{"event_category":"device","end_time":%d}`, time.Now().Add(time.Hour).UnixMilli())} {
		_, next, resume := from(begin)
		for next != "" {
			_, next, resume = from(fmt.Sprintf(`{"event_category":"device","token":%q}`, next))
		}
		for range 2 {
			f.order(t, "exempt", "windows", `{}`)
			f.order(t, "unexempt", "windows", `{}`)
			var events, got []string
			for next = resume; next != ""; {
				got, next, resume = from(fmt.Sprintf(`{"event_category":"device","limit":1,"token":%q}`, next))
				events = append(events, got...)
			}
			if !slices.Equal(events, []string{"exempted", "unexempted"}) {
				t.Errorf("%s goes on with %v", begin, events)
			}
		}
		if events, next, _ := from(fmt.Sprintf(`{"event_category":"device","token":%q}`, resume)); len(events) != 0 || next != "" {
			t.Errorf("%s: nothing new is %v, %q", begin, events, next)
		}
	}
	// A stretch that is over is gone on behind its end, not behind the last row.
	events, _, resume := from(`{"event_category":"device","start_time":0,"end_time":1000}`)
	all, _, _ := from(`{"event_category":"device","limit":100}`)
	if got, _, _ := from(fmt.Sprintf(`{"event_category":"device","limit":100,"token":%q}`, resume)); len(events) != 0 || !slices.Equal(got, all) {
		t.Errorf("after 1970: %v, %v; want %v", events, got, all)
	}
}

// What came back from agents is told device by device, with the action and the
// end of its command.
func TestDeviceReports(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	for name, state := range map[string]reeve.State{"linux": reeve.Succeeded, "windows": reeve.Failed} {
		f.Report(f.devices[name], f.order(t, "scan_threats", name, `{"full_scan":1}`), reeve.Report{State: state})
	}
	f.Report(f.devices["macos"], f.order(t, "scan_threats", "macos", `{"full_scan":1}`), reeve.Report{State: reeve.Running})
	got := f.Ask("POST", "/o/api/v3.2/logs", `{"event_category":"device_report"}`, bearer(f.Token))
	var page struct {
		Logs []struct {
			Event, Details string
			Device         string `json:"device_id"`
		}
	}
	if err := json.Unmarshal(got.Body.Bytes(), &page); err != nil || got.Code != 200 || len(page.Logs) != 2 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	for _, line := range page.Logs {
		want := map[string]string{f.devices["linux"].ID: "now succeeded", f.devices["windows"].ID: "now failed"}[line.Device]
		if line.Event != "reported" || want == "" || !strings.HasSuffix(line.Details, want) || !strings.Contains(line.Details, "scan_threats") {
			t.Errorf("%+v", line)
		}
	}
}

// Pages by number hold what one long page does, however the log looks.
func TestLogPagesByNumber(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	body := fmt.Sprintf(`{"types":"unexempt","ids":%s}`, list(f.devices["linux"].ID, f.devices["domain"].ID, f.devices["macos"].ID, f.devices["phone"].ID))
	f.Ask("POST", action33, body, bearer(f.Token))
	f.order(t, "exempt", "windows", `{}`)
	read := func(limit, page int, filter string) ([]any, int) {
		var out struct{ Logs []any }
		got := f.Ask("POST", "/o/api/v3/logs", fmt.Sprintf(`{"limit":%d,"page":%d,"filter":%s}`, limit, page, filter), bearer(f.Token))
		if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out.Logs, got.Code
	}
	for _, filter := range []string{"[]", `["unexempted","added"]`, `["unexempted"]`} {
		whole, _ := read(50, 1, filter)
		for _, limit := range []int{1, 2, 3, 4, len(whole)} {
			var all []any
			for page := 1; ; page++ {
				lines, code := read(limit, page, filter)
				if code == 413 && (page-1)*limit >= len(whole) {
					break
				}
				if code != 200 || page > len(whole) {
					t.Fatalf("page %d of %d lines: %d", page, limit, code)
				}
				all = append(all, lines...)
			}
			if !reflect.DeepEqual(all, whole) {
				t.Errorf("%s in pages of %d: %v, want %v", filter, limit, all, whole)
			}
		}
	}
}
