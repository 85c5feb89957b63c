package proof

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A clientOfOld is a program that was written against the vendor's cloud and
// knows nothing of Reeve: it only uses what docs/api/published.md collects of
// such programs in "What existing clients require".
type clientOfOld struct {
	t     *testing.T
	web   *http.Client
	host  string
	token string
}

// call sends the token twice, as one client does, and declares JSON even where
// there is no body, as another does.
func (c *clientOfOld) call(method, path string, query url.Values, body string) (int, http.Header, []byte) {
	c.t.Helper()
	if query == nil {
		query = url.Values{}
	}
	query.Set("access_token", c.token)
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.host+path+"?"+query.Encode(), strings.NewReader(body))
	must(c.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.web.Do(request)
	must(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(c.t, err)
	return answer.StatusCode, answer.Header, text
}

// list decodes an answer that must be 200 with a bare array of objects.
func (c *clientOfOld) list(method, path string, query url.Values, body string) []map[string]any {
	c.t.Helper()
	status, _, text := c.call(method, path, query, body)
	var out []map[string]any
	if err := json.Unmarshal(text, &out); err != nil || status != 200 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return out
}

// signIn fetches a token by the query, and again by a form.
func (c *clientOfOld) signIn(key, secret string) {
	c.t.Helper()
	form := url.Values{"client_id": {key}, "client_secret": {secret}, "grant_type": {"client_credentials"}}
	for _, fetch := range []func() (*http.Response, error){
		func() (*http.Response, error) { return c.web.Get(c.host + "/o/oauth/token?" + form.Encode()) },
		func() (*http.Response, error) { return c.web.PostForm(c.host+"/o/oauth/token", form) },
	} {
		answer, err := fetch()
		must(c.t, err)
		var granted struct {
			Token   string  `json:"access_token"`
			Type    string  `json:"token_type"`
			Expires float64 `json:"expires_in"`
		}
		err = json.NewDecoder(answer.Body).Decode(&granted)
		answer.Body.Close()
		if err != nil || answer.Header.Get("Content-Type") != "application/json" || granted.Token == "" || granted.Type != "bearer" || granted.Expires <= 0 {
			c.t.Fatalf("a token: %s %+v %v", answer.Status, granted, err)
		}
		c.token = granted.Token
	}
}

func TestClientOfOld(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	agent := newAgent(t, s, nil)
	agent.start()
	c := &clientOfOld{t: t, web: s.web, host: s.first.URL, token: "EXPIRED"}

	// An expired token is told by 401 alone, and then a new one is fetched.
	if status, _, _ := c.call("POST", "/o/api/v3.7/devices", nil, "[]"); status != 401 {
		t.Errorf("a token that is none: %d", status)
	}
	c.signIn(s.first.ClientID, s.first.ClientSecret)

	// How many devices are there; then all of them at once.
	status, _, text := c.call("GET", "/o/api/v2/account", nil, "")
	var account map[string]any
	must(t, json.Unmarshal(text, &account))
	used, isNumber := account["devices_used"].(float64)
	if status != 200 || !isNumber || used != 1 {
		t.Fatalf("the account: %d %s", status, text)
	}
	all := c.list("GET", "/o/api/v2/devices", url.Values{"limit": {fmt.Sprint(used + 200)}}, "")
	if len(all) != 1 || all[0]["hwid"] == "" {
		t.Fatalf("the devices: %v", all)
	}
	id := all[0]["hwid"].(string)

	// Every minor version is a path of its own, and .0 is none.
	if got := c.list("POST", "/o/api/v3/devices", nil, `{"limit":50}`); len(got) != 1 || got[0]["device_id"] != id {
		t.Errorf("devices of v3: %v", got)
	}
	for _, path := range []string{"/o/api/v3.0/devices", "/o/api/v9/devices"} {
		status, header, text := c.call("POST", path, nil, "[]")
		var fault map[string]any
		if json.Unmarshal(text, &fault); status != 404 || header.Get("Content-Type") != "application/json" || fault["error"] == nil {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}

	// The device by its MAC address, in every spelling there is.
	details := c.list("POST", "/o/api/v3.4/devices/detail", nil, `{"ids":["`+id+`"]}`)
	mac := details[0]["network_info"].([]any)[0].(map[string]any)["mac"].(string)
	bare := strings.ReplaceAll(mac, ":", "")
	for _, spelling := range []string{mac, strings.ToUpper(mac), strings.ReplaceAll(mac, ":", "-"), bare, bare[:4] + "." + bare[4:8] + "." + bare[8:]} {
		got := c.list("POST", "/o/api/v3/devices/action", nil, `{"types":"exempt","macs":["`+spelling+`","00:00:5e:00:53:ff"],"params":{"exempt_time":1}}`)
		if len(got) != 2 || got[0]["id"] != spelling || got[0]["status"] != 1. || got[1]["status"] != 0. {
			t.Errorf("exempting %s: %v", spelling, got)
		}
	}

	// The agent's log, from the order to the file.
	got := c.list("POST", "/o/api/v3.3/devices/action", nil, `{"types":"fetch_agent_log","ids":["`+id+`","nobody"]}`)
	command, _ := got[0]["command_id"].(string)
	if got[0]["status"] != 1. || command == "" || got[1]["status"] != 0. || got[1]["command_id"] != "" {
		t.Fatalf("ordering the log: %v", got)
	}
	query := url.Values{"type": {"agent_log"}, "command_id": {command}}
	eventually(t, time.Minute, "the report is there", func() bool {
		status, header, text := c.call("GET", "/o/api/v3.1/get_reports", query, "")
		if header.Get("Content-Type") == "application/zip" {
			_, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
			must(t, err)
			return true
		}
		var progress map[string]string
		if err := json.Unmarshal(text, &progress); err != nil || status != 200 || progress["status"] != "pending" {
			t.Fatalf("the report: %d %s", status, text)
		}
		return false
	})
}
