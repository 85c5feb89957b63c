package cmapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// told asks for something and reads the answer.
func told[T any](t *testing.T, f *fleet, method, path, body string) T {
	t.Helper()
	got := f.Ask(method, f.fill(path), f.fill(body), bearer(f.Token))
	var out T
	if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil || got.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, got.Code, got.Body)
	}
	return out
}

// Each standing has one word and one number, whatever asks for it.
func TestStatuses(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	_, err := f.Rules.Place(t.Context(), f.Admin(), control.Order{Action: "exempt", IDs: []string{f.devices["windows"].ID}})
	f.check(t, err)
	type status struct {
		word           string
		number, exempt int
	}
	tests := map[string][2]status{ // unassessed devices are pending, or compliant
		"linux":      {{"installed", 3, 0}, {"compliant", 0, 0}},
		"windows":    {{"exempted", 0, 1}, {"exempted", 0, 1}},
		"unlicensed": {{"out_of_license_usage", 3, 0}, {"out_of_license_usage", 3, 0}},
		"unknown":    {{"unknown", 2, 0}, {"unknown", 2, 0}},
		"ignored":    {{"ignored", 2, 0}, {"ignored", 2, 0}},
	}
	for i, setting := range []string{"pending", "compliant"} {
		account := f.Account()
		account.Settings.Unassessed = setting
		f.check(t, f.SetAccount(account))
		for name, want := range tests {
			path := "{" + name + "}"
			v3 := told[struct{ Status string }](t, f, "POST", "/o/api/v3/devices/"+path, "")
			info := told[[]struct{ Status string }](t, f, "POST", "/o/api/v3/device_info", `{"ids":"`+path+`"}`)
			v2 := told[struct{ Status, Exempt int }](t, f, "GET", "/o/api/v2.5/devices/"+path, "")
			check := told[struct{ Status int }](t, f, "GET", "/o/api/v2/devices/"+path+"/policy_check?opt=1", "")
			got := status{v3.Status, v2.Status, v2.Exempt}
			if got != want[i] || info[0].Status != got.word || check.Status != got.number {
				t.Errorf("%s, %s: %+v, %q, %d; want %+v", name, setting, got, info[0].Status, check.Status, want[i])
			}
		}
	}
}

// A MAC that two managed devices claim means neither of them.
func TestDisputedMAC(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	account := f.Account()
	account.Seats = 0
	f.check(t, f.SetAccount(account))
	f.Enrol("twin", reeve.Persistent, reeve.Linux, "26.11.0.0", f.devices["linux"].MACs[0].String())
	for _, path := range []string{"/o/api/v2.5/devices/{linux.mac}?opt=1", "/o/api/v2/devices/{linux.mac}/policy_check"} {
		if got := f.Ask("GET", f.fill(path), "", bearer(f.Token)); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if got := told[struct{ Result int }](t, f, "GET", "/o/api/v3/devices/{linux.mac}/remediation", ""); got.Result != 0 {
		t.Errorf("remediation: %+v", got)
	}
	if got := told[struct{ Result []int }](t, f, "POST", "/o/api/v2/devices/policy_check", `{"MAC_list":["{linux.mac}"]}`); got.Result[0] != 2 {
		t.Errorf("policy check: %+v", got)
	}
}

func TestThirdPartyIDs(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	asset := "asset-7"
	f.check(t, f.Rules.Describe(t.Context(), f.Admin(), f.devices["linux"].ID, reeve.Description{CustomID: &asset}))
	type named []struct {
		ID string `json:"device_id"`
	}
	id := f.devices["linux"].ID
	if got := told[named](t, f, "POST", "/o/api/v3.8/devices/detail", `{"opt":1,"ids":["nobody","asset-7","{linux}"]}`); len(got) != 1 || got[0].ID != id {
		t.Errorf("Device Details: %+v", got)
	}
	if got := told[named](t, f, "POST", "/o/api/v3/device_info", `{"opt":1,"ids":"asset-7"}`); len(got) != 1 || got[0].ID != id {
		t.Errorf("Device Information: %+v", got)
	}
	if got := told[struct{ Result int }](t, f, "GET", "/o/api/v3/devices/asset-7/remediation?opt=1", ""); got.Result != 1 {
		t.Errorf("Get Remediation Link: %+v", got)
	}
	if got := told[struct{ Result int }](t, f, "GET", "/o/api/v3/devices/asset-7/remediation", ""); got.Result != 0 {
		t.Errorf("without opt: %+v", got)
	}
}

// A remediation link opens its page without a token, and nothing else does.
func TestRemediationPage(t *testing.T) {
	f := openFleet(t, doortest.Options{Failures: 5})
	link := told[struct {
		Link string `json:"remediation_link"`
	}](t, f, "GET", "/o/api/v3/devices/{linux}/remediation", "").Link
	path := strings.TrimPrefix(link, doortest.PublicURL)
	got := f.Ask("GET", path, "")
	body := got.Body.String()
	if got.Code != 200 || !strings.Contains(body, "<h1>linux</h1>") || !strings.Contains(body, "Not assessed") {
		t.Fatalf("%d %s", got.Code, body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	} {
		if got.Header().Get(name) != want {
			t.Errorf("%s: %q", name, got.Header().Get(name))
		}
	}
	if policy := got.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "script") {
		t.Errorf("the policy is %q", policy)
	}
	for _, secret := range []string{f.devices["linux"].ID, f.devices["linux"].MACs[0].String(), "192.0.2.10", "someone"} {
		if strings.Contains(body, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	if strings.Contains(f.Log(), strings.Split(path, "/")[4]) {
		t.Error("the log has the link")
	}
	other := strings.Replace(path, f.devices["linux"].ID, f.devices["windows"].ID, 1)
	for _, wrong := range []string{other, strings.Replace(path, "/remediation.html", "0/remediation.html", 1)} {
		if got := f.Ask("GET", wrong, ""); got.Code != http.StatusNotFound {
			t.Errorf("a wrong link: %d %s", got.Code, got.Body)
		}
	}
	_, err := f.Rules.Place(t.Context(), f.Admin(), control.Order{Action: "delete", IDs: []string{f.devices["linux"].ID}})
	f.check(t, err)
	if got := f.Ask("GET", path, ""); got.Code != http.StatusNotFound {
		t.Errorf("the page of a deleted device: %d", got.Code)
	}
	last := 0
	for range 5 { // the two above were counted
		last = f.Ask("GET", other, "").Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("wrong links are tried without end: %d", last)
	}
}

// A name that somebody gave a device stays text.
func TestRemediationPageEscapes(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	d := f.Import("<script>alert(1)</script>", "00:00:5e:00:53:77")
	link := told[struct {
		Link string `json:"remediation_link"`
	}](t, f, "GET", "/o/api/v3/devices/"+d.ID+"/remediation", "").Link
	body := f.Ask("GET", strings.TrimPrefix(link, doortest.PublicURL), "").Body.String()
	if strings.Contains(body, "<script") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error(body)
	}
}

// A period is found among records of every time, and its ends are whole days.
func TestStatisticsOfAPeriod(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := day
	h := doortest.Open(t, doortest.Options{Now: func() time.Time { return now }})
	macs := map[int]string{}
	for n := range 30 { // three devices a day
		macs[n] = reeve.MAC(n + 1).String()
		h.Import("d", macs[n])
		if n%3 == 2 {
			now = now.AddDate(0, 0, 1)
		}
	}
	token := h.Grant(h.First.ClientID, h.First.ClientSecret)
	for _, tt := range []struct {
		query    string
		from, to int // days
	}{
		{"start_date=20260303&end_date=20260304", 2, 4},
		{"start_date=20260301&end_date=20260310", 0, 10},
		{"start_date=20250101&end_date=20250102", 0, 0},
		{"start_date=20260401&end_date=20260402", 0, 0},
		{"in=49&period=hour", 8, 10},
		{"in=1&period=month", 0, 10},
		{"period=ytd", 0, 10},
	} {
		got := h.Ask("GET", "/o/api/v2/devices/stats?event=added&"+tt.query, "", bearer(token))
		var out struct {
			Total   int `json:"total_count"`
			Devices []string
		}
		if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil || out.Total != 3*(tt.to-tt.from) || out.Total != len(out.Devices) {
			t.Errorf("%s: %s, want %d", tt.query, got.Body, 3*(tt.to-tt.from))
			continue
		}
		if out.Total > 0 && out.Devices[0] != macs[3*tt.from] {
			t.Errorf("%s begins with %s, want %s", tt.query, out.Devices[0], macs[3*tt.from])
		}
	}
}

// Lists that programs of 2014 ask for as a whole come as a whole.
func TestWholeListInV2(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	devices := make([]reeve.Device, 300)
	for i := range devices {
		devices[i] = reeve.Device{Hostname: "d", MACs: []reeve.MAC{reeve.MAC(i + 1)}}
	}
	if _, err := h.Rules.Import(t.Context(), h.Admin(), devices, false); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/o/api/v2/devices": 300, "/o/api/v2.1/devices": 300, "/o/api/v2/devices.json": 300, "/o/api/v2.2/devices": -1, "/o/api/v2.3/devices": -1} {
		got := h.Ask("GET", path+"?limit=300", "", bearer(h.Token))
		var out []struct{ HWID string }
		if err := json.Unmarshal(got.Body.Bytes(), &out); want > 0 && (err != nil || len(out) != want) || want < 0 && got.Code != http.StatusNotAcceptable {
			t.Errorf("%s: %d, %d devices, %v", path, got.Code, len(out), err)
		}
	}
}

// What one account has is not there for another, whatever it is named by.
func TestForeignDevices(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	asset := "asset-7"
	f.check(t, f.Rules.Describe(t.Context(), f.Admin(), f.devices["linux"].ID, reeve.Description{CustomID: &asset}))
	other, err := f.Rules.CreateAccount(t.Context(), f.Admin(), "other", 0)
	f.check(t, err)
	token := bearer(f.Grant(other.ClientID, other.ClientSecret))
	for _, tt := range []struct {
		method, path, body string
		code               int
		answer             string
	}{
		{"GET", "/o/api/v2/devices?limit=50", "", 200, "[]"},
		{"POST", "/o/api/v3.3/devices", `{"limit":50,"filter":{"group_id":["{default}"]}}`, 200, "[]"},
		{"POST", "/o/api/v3.4/devices", "", 200, `{"devices":[]}`},
		{"POST", "/o/api/v3.7/devices", "", 200, `{"next_token":"","devices":[]}`},
		{"GET", "/o/api/v2.1/devices/search?q=linux", "", 200, `{"total_count":0,"results":[]}`},
		{"GET", "/o/api/v2/devices/stats?event=added&period=ytd", "", 200, `{"total_count":0,"devices":[]}`},
		{"GET", "/o/api/v2/devices/stats?event=not_seen&period=ytd", "", 200, `{"total_count":0,"devices":[]}`},
		{"GET", "/o/api/v2.5/devices/{linux}", "", 404, ""},
		{"GET", "/o/api/v2.5/devices/{linux.mac}?opt=1", "", 404, ""},
		{"POST", "/o/api/v3/devices/{linux}", "", 404, ""},
		{"POST", "/o/api/v3.8/devices/detail", `{"ids":["{linux}","{linux.mac}"]}`, 200, "[]"},
		{"POST", "/o/api/v3.8/devices/detail", `{"opt":1,"ids":["asset-7"]}`, 200, "[]"},
		{"POST", "/o/api/v3/device_info", `{"ids":"{linux}"}`, 200, "[]"},
		{"GET", "/o/api/v2/devices/{linux.mac}/policy_check", "", 404, ""},
		{"POST", "/o/api/v2/devices/policy_check", `{"HWID_list":["{linux}"]}`, 200, `{"result":[2]}`},
		{"GET", "/o/api/v2.2/devices/{linux}/remediation?opt=1", "", 200, `{"result":0,"msg":"Device not found"}`},
		{"GET", "/o/api/v3/devices/asset-7/remediation?opt=1", "", 200, `{"result":0,"remediation_link":""}`},
		{"POST", "/o/api/v2/devices/{linux}/link_user?opt=1", `{"username":"user-1"}`, 200, `{"result":0,"msg":"Device not found"}`},
	} {
		got := f.Ask(tt.method, f.fill(tt.path), f.fill(tt.body), token)
		if got.Code != tt.code || tt.answer != "" && got.Body.String() != tt.answer {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, got.Code, got.Body, tt.code, tt.answer)
		}
	}
	d, err := f.Store.Device(t.Context(), f.Account().No, f.devices["linux"].ID)
	if err != nil || d.LinkedUser != "" {
		t.Errorf("a foreign device was changed: %+v, %v", d, err)
	}
}
