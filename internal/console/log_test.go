package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// People ask the log by the words that they see: names, hostnames, moments.
func TestLogIsAskedByNames(t *testing.T) {
	h := newHousehold(t)
	h.order(t, "exempt", `{"exempt_time":5}`)
	h.send(t, "devices/"+h.laptop.ID, url.Values{"nickname": {"till 4"}})
	if to := h.send(t, "devices/"+h.laptop.ID, url.Values{"nickname": {"till 5"}}); to == "" {
		t.Fatal("the device was not described")
	}
	now, hour := time.Now().UTC(), time.Hour
	at := func(moment time.Time, form string) string { return url.QueryEscape(moment.Format(form)) }
	const field = "2006-01-02T15:04"
	for path, found := range map[string]bool{
		"log?actor=admin":                                                            true,
		"log?actor=operator%3Aadmin":                                                 true,
		"log?actor=nobody":                                                           false,
		"log?device=laptop-1":                                                        true,
		"log?device=LAPTOP-1&event=job_placed":                                       true,
		"log?device=guest-1&event=device_described":                                  false,
		"log?source=asked&outcome=ok":                                                true,
		"log?since=" + at(now.Add(-hour), field):                                     true,
		"log?since=" + at(now.Add(hour), time.RFC3339):                               false,
		"log?until=" + at(now.Add(-hour), time.RFC3339):                              false,
		"log?until=" + at(now.Add(hour), field) + "&since=" + at(now, time.DateOnly): true,
	} {
		body := h.see(t, path)
		if got := !strings.Contains(body, "No row matches"); got != found {
			t.Errorf("%s finds rows: %v", path, got)
		}
	}
	h.see(t, "log?device=laptop-1", "Job placed: Exempt from policy", "till 5 (before: till 4)", "devices/"+h.laptop.ID)
	h.see(t, "log?since="+at(now, time.RFC3339), `value="`+now.Format(field)+`"`)
	for _, path := range []string{"log?device=nowhere", "log?since=yesterday", "log/export?device=nowhere"} {
		if w := h.admin.Get("/console/" + path); w.Code != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}
