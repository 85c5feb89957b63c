package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

func TestDevices(t *testing.T) {
	r := open(t)
	linux := r.Enrol("alpha", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01")
	r.Enrol("beta", reeve.OnDemand, reeve.Windows, "7.6.231.0", "00:0c:29:00:00:02")
	r.Import("gamma", "00:0c:29:00:00:03")
	names := func(query string) string {
		t.Helper()
		var found []string
		for cursor := ""; len(found) < 9; {
			var list client.List[client.Device]
			r.ask("GET", "/devices?limit=1&cursor="+cursor+"&"+query, "", 200, &list)
			for _, d := range list.Items {
				found = append(found, d.Hostname)
			}
			if cursor = list.Next; cursor == "" {
				break
			}
		}
		return strings.Join(found, " ")
	}
	for query, want := range map[string]string{
		"":                                      "alpha beta gamma",
		"standing=unknown":                      "gamma",
		"standing=unknown&standing=managed":     "alpha beta gamma",
		"system=linux":                          "alpha",
		"agent_kind=on_demand":                  "beta",
		"search=ALPH":                           "alpha",
		"search=00:0c:29:00:00:02&in=mac":       "beta",
		"search=someone&in=user&in=hostname":    "alpha beta",
		"sort=hostname":                         "alpha beta gamma",
		"sort=-hostname":                        "gamma beta alpha",
		"sort=-record":                          "gamma beta alpha",
		"exempt=true":                           "",
		"type=laptop&system=linux":              "alpha",
		"type=server":                           "",
		"group=" + linux.GroupID:                "alpha beta gamma",
		"group=" + strings.Repeat("0", 32):      "",
		"presence=connected&presence=unseen":    "alpha beta",
		"standing=archived":                     "",
		"standing=managed&exempt=false&search=": "alpha beta",
	} {
		if got := names(query); got != want && !(strings.HasPrefix(query, "presence") && got == "") {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"presence=gone", "in=name", "sort=age", "sort=--record", "exempt=maybe", "sort=hostname&cursor=x", "system=beos"} {
		if got := r.askAs(r.Token, "GET", "/devices?"+query, ""); got.Code != 400 {
			t.Errorf("%s: %d, want 400", query, got.Code)
		}
	}
}

func TestExport(t *testing.T) {
	r := open(t)
	const many = 1001 // more than one page
	var rows []string
	for i := range many {
		rows = append(rows, fmt.Sprintf(`{"hostname":"=pc%d","macs":["02000000%04x"]}`, i, i))
	}
	body := `{"devices":[` + strings.Join(rows, ",") + `]}`
	var done client.Imported
	if r.ask("POST", "/devices/import", strings.TrimSuffix(body, "}")+`,"dry_run":true}`, 200, &done); done.Imported != many {
		t.Fatalf("a dry run: %+v", done)
	}
	if r.ask("POST", "/devices/import", body, 201, &done); done.Imported != many || done.Skipped != 0 {
		t.Fatalf("%+v", done)
	}
	if r.ask("POST", "/devices/import", body, 201, &done); done.Imported != 0 || done.Skipped != many {
		t.Fatalf("again: %+v", done)
	}
	table, err := csv.NewReader(r.askAs(r.Token, "GET", "/devices/export", "").Body).ReadAll()
	if err != nil || len(table) != many+1 || table[0][1] != "hostname" || table[many][1] != "'=pc1000" || len(table[0]) != len(table[1]) {
		t.Errorf("%d rows, %v, the last %q", len(table), err, table[len(table)-1])
	}
	lines := r.askAs(r.Token, "GET", "/devices/export?format=jsonl&search=pc100", "")
	var d client.Device
	decoder := json.NewDecoder(lines.Body)
	n := 0
	for ; decoder.More(); n++ {
		if err := decoder.Decode(&d); err != nil {
			t.Fatal(err)
		}
	}
	if n != 2 || d.Hostname != "=pc1000" || lines.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%d lines, the last %+v, %v", n, d, lines.Header())
	}
	if got := r.askAs(r.Token, "GET", "/devices/export?format=xml", ""); got.Code != 400 {
		t.Errorf("another format: %d", got.Code)
	}
}

func TestDescribeAndRestore(t *testing.T) {
	r := open(t)
	pc := r.Enrol("pc", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01")
	var d client.Device
	r.ask("PATCH", "/devices/00:0c:29:00:00:01", `{"nickname":"front desk","custom_id":"A-1","linked_user":"u","linked_team":"t"}`, 200, &d)
	if d.ID != pc.ID || d.Nickname != "front desk" || d.CustomID != "A-1" || d.LinkedUser != "u" || d.LinkedTeam != "t" || d.Type != "laptop" || len(d.Networks) != 1 {
		t.Errorf("%+v", d)
	}
	if r.ask("PATCH", "/devices/"+pc.ID, `{"nickname":""}`, 200, &d); d.CustomID != "A-1" {
		t.Errorf("%+v", d)
	}
	for body, want := range map[string]int{`{}`: 400, `{"nickname":null}`: 400, `{"hostname":"x"}`: 400} {
		if got := r.askAs(r.Token, "PATCH", "/devices/"+pc.ID, body); got.Code != want {
			t.Errorf("%s: %d, want %d", body, got.Code, want)
		}
	}
	if got := r.askAs(r.Token, "PATCH", "/devices/nobody", `{"nickname":"x"}`); got.Code != 404 {
		t.Errorf("nobody: %d", got.Code)
	}
	r.ask("POST", "/jobs", `{"action":"delete","ids":["`+pc.ID+`"]}`, 201, nil)
	var gone client.List[client.Device]
	if r.ask("GET", "/devices?standing=archived", "", 200, &gone); len(gone.Items) != 1 || gone.Items[0].ArchivedAt.IsZero() {
		t.Errorf("archived: %+v", gone)
	}
	var back client.Restored
	if r.ask("POST", "/devices/restore", `{"ids":["`+pc.ID+`","nobody"]}`, 200, &back); len(back.Restored) != 1 || back.Restored[0] != pc.ID ||
		len(back.Refused) != 1 || back.Refused[0].ID != "nobody" || back.Refused[0].Reason != "not_found" {
		t.Errorf("restored: %+v", back)
	}
	if r.ask("GET", "/devices/"+pc.ID, "", 200, &d); d.Standing == "archived" {
		t.Errorf("%+v", d)
	}
}
