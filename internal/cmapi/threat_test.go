package cmapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/doortest"
)

func TestThreats(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	ask := func(query, id, verbose string) (int, string) {
		got := f.Ask("POST", "/o/api/v3/get_threats"+query, fmt.Sprintf(`{"id":%q,"verbose":%s}`, id, verbose), bearer(f.Token))
		return got.Code, got.Body.String()
	}
	linux := f.devices["linux"].ID
	if status, body := ask("", linux, "{}"); status != 200 || body != `{"antimalware_scan":[]}` {
		t.Errorf("before a scan: %d %s", status, body)
	}
	for range 2 {
		command := f.order(t, "scan_threats", "linux", `{"scan_types":[4],"path":"/srv"}`)
		f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Succeeded, Result: json.RawMessage(scanResult)})
	}
	_, body := ask("", f.names["linux.mac"], `{"local_antimalware_threats":0}`)
	var answer struct {
		Scanned []struct {
			Time   string `json:"scan_time"`
			File   string `json:"file"`
			Hash   string `json:"hash"`
			Threat string `json:"threat_name"`
			By     []struct {
				Engine string `json:"av_name"`
				Threat string `json:"threat_name"`
			} `json:"details"`
		} `json:"antimalware_scan"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Scanned) != 2 || strings.Contains(body, "local_antimalware") {
		t.Fatalf("%v: %s", err, body)
	}
	for _, one := range answer.Scanned {
		if _, err := time.Parse(time.RFC3339, one.Time); err != nil || len(one.By) != 1 || one.By[0].Threat != one.Threat {
			t.Errorf("%+v", one)
		}
		if one.Threat == "EICAR-Test-File" && (one.File != "/srv/=cmd|' /C calc'!A0" || one.Hash != "aa" || one.By[0].Engine != "builtin") {
			t.Errorf("%+v", one)
		}
	}
	for _, page := range []int{1, 2} {
		_, body := ask(fmt.Sprint("?limit=1&page=", page), linux, "{}")
		if strings.Count(body, "scan_time") != 1 {
			t.Errorf("page %d: %s", page, body)
		}
	}
	if status, body := ask("?limit=1&page=3", linux, "{}"); status != 413 {
		t.Errorf("a page beyond the last: %d %s", status, body)
	}
	if _, body := ask("", f.devices["windows"].ID, "{}"); strings.Contains(body, "EICAR") {
		t.Errorf("another device has them too: %s", body)
	}
	f.Ask("POST", action33, fmt.Sprintf(`{"types":"delete","ids":[%q]}`, linux), bearer(f.Token))
	if status, body := ask("", linux, "{}"); status != 404 {
		t.Errorf("a deleted device: %d %s", status, body)
	}
}
