package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

// store sends content as a file is sent, and returns its digest.
func (r room) store(content string) string {
	r.t.Helper()
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	got := r.Ask("PUT", "/api/v1/set-files/"+digest, content, "Authorization: Bearer "+r.Token, "Content-Type: application/octet-stream")
	if want := fmt.Sprintf(`{"sha256":%q,"size":%d}`, digest, len(content)); got.Code != http.StatusOK || got.Body.String() != want {
		r.t.Fatalf("storing: %d %s, want %s", got.Code, got.Body, want)
	}
	return digest
}

func TestSets(t *testing.T) {
	r := open(t)
	hashes, rule := r.store("hashes"), r.store("rule")
	var first, second client.SignatureSet
	r.ask("POST", "/sets", `{"name":"daily","description":"ours","files":[{"name":"a.hsb","sha256":"`+hashes+`"},{"name":"b.yar","sha256":"`+rule+`"}]}`, 201, &first)
	if first.Version != 1 || first.Bytes != 10 || len(first.Files) != 2 || first.Files[0] != (client.SetFile{Name: "a.hsb", Size: 6, SHA256: hashes}) || first.InForce {
		t.Errorf("%+v", first)
	}
	var account, own client.AgentSettings
	r.ask("PATCH", "/agent-settings/account", `{"set":"daily","report_neighbours":true}`, 200, &account)
	if account.Group != client.OfAccount || account.Set != "daily" || account.Version != 1 || account.SetVersion != 0 || !account.ReportNeighbours {
		t.Errorf("%+v", account)
	}
	r.ask("POST", "/sets", `{"name":"daily","files":[{"name":"a.hsb","sha256":"`+rule+`"}]}`, 201, &second)
	if second.Version != 2 || !second.InForce {
		t.Errorf("%+v", second)
	}
	var group client.Group
	r.ask("POST", "/groups", `{"name":"lab"}`, 201, &group)
	r.ask("PATCH", "/agent-settings/"+group.ID, `{"set_version":1,"engines":["builtin"],"quarantine":true}`, 200, &own)
	if own.Group != group.ID || own.Set != "daily" || own.Version != 1 || own.SetVersion != 1 || !own.ReportNeighbours || !own.Quarantine || len(own.Engines) != 1 {
		t.Errorf("%+v", own)
	}
	var all client.List[client.AgentSettings]
	if r.ask("GET", "/agent-settings", "", 200, &all); len(all.Items) != 2 || all.Items[0].Version != 2 || all.Items[1].Version != 1 {
		t.Errorf("%+v", all)
	}
	r.ask("DELETE", "/sets/daily/1", "", 409, nil)
	r.ask("DELETE", "/agent-settings/"+group.ID, "", 204, nil)
	r.ask("DELETE", "/sets/daily/1", "", 204, nil)
	var sets client.List[client.SignatureSet]
	if r.ask("GET", "/sets", "", 200, &sets); len(sets.Items) != 1 || sets.Items[0].Version != 2 || !sets.Items[0].InForce {
		t.Errorf("%+v", sets)
	}
	// Another set takes its newest version.
	r.ask("PATCH", "/agent-settings/account", `{"set_version":2}`, 200, nil)
	r.ask("POST", "/sets", `{"name":"rules","files":[{"name":"b.yar","sha256":"`+rule+`"}]}`, 201, nil)
	if r.ask("PATCH", "/agent-settings/account", `{"set":"rules"}`, 200, &account); account.SetVersion != 0 || account.Version != 1 {
		t.Errorf("%+v", account)
	}
	var without client.AgentSettings
	if r.ask("PATCH", "/agent-settings/account", `{"set":""}`, 200, &without); without.Set != "" || without.Version != 0 {
		t.Errorf("%+v", without)
	}
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"PATCH", "/agent-settings/" + strings.Repeat("0", 32), `{"quarantine":true}`, 404},
		{"PATCH", "/agent-settings/account", `{"set":"weekly"}`, 404},
		{"PATCH", "/agent-settings/account", `{"set":"rules","set_version":7}`, 404},
		{"PATCH", "/agent-settings/account", `{"set_version":-1}`, 400},
		{"PATCH", "/agent-settings/account", `{"colour":"red"}`, 400},
		{"DELETE", "/agent-settings/" + group.ID, ``, 404},
		{"DELETE", "/sets/daily/x", ``, 404},
		{"DELETE", "/sets/daily/9", ``, 404},
		{"POST", "/sets", `{"name":"daily","files":[]}`, 400},
		{"POST", "/sets", `{"name":"daily","files":[{"name":"a.exe","sha256":"` + rule + `"}]}`, 400},
		{"POST", "/sets", `{"name":"daily","files":[{"name":"a.hsb","sha256":"` + strings.Repeat("0", 64) + `"}]}`, 400},
		{"PUT", "/set-files/nonsense", `x`, 400},
		{"PUT", "/set-files/" + strings.Repeat("0", 64), `x`, 400},
	} {
		r.ask(tt.method, tt.path, tt.body, tt.want, nil)
	}
}

// What an agent says of its settings is told of its device.
func TestHeldSettings(t *testing.T) {
	r := open(t)
	pc := r.Enrol("pc", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01")
	held := reeve.HeldSettings{Digest: "00ff", Revision: 7, Set: "daily", Version: 2, Problem: "the disk is full"}
	err := r.Store.Meet(t.Context(), pc.LastSeen, []reeve.Meeting{{Device: pc.No, Version: pc.Class.Version, Facts: reeve.Facts{Settings: &held}}})
	if err != nil {
		t.Fatal(err)
	}
	var got client.Device
	r.ask("GET", "/devices/"+pc.ID, "", 200, &got)
	if want := (client.HeldSettings{Digest: "00ff", Revision: 7, Set: "daily", Version: 2, Problem: "the disk is full"}); got.Settings == nil || *got.Settings != want {
		t.Errorf("%+v, want %+v", got.Settings, want)
	}
}
