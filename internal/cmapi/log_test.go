package cmapi_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

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
