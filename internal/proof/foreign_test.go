package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

var (
	version  = regexp.MustCompile(`^/o/api/v[0-9.]+/`)
	passing  = regexp.MustCompile(`"request_id":"[^"]*"|\b[0-9a-f]{16}([0-9a-f]{8})?\b|\b\d{4}-\d\d-\d\dT[0-9:.]+Z`) // what differs every time
	variable = regexp.MustCompile(`\{[a-z]+\}`)                                                                      // of a pattern
)

// Nothing of one account is there for another: whatever the owner of one asks
// about things of the other is answered exactly as if there were no such thing.
func TestForeignThingsAreNotThere(t *testing.T) {
	t.Parallel()
	h := doortest.Open(t, doortest.Options{})
	theirs := furnish(t, h)
	made, err := h.Rules.CreateAccount(t.Context(), h.Admin(), "other", 0)
	must(t, err)
	bearer := "Authorization: Bearer " + h.Grant(made.ClientID, made.ClientSecret)
	caller := reeve.Caller{Account: made.Account.No, Source: reeve.FromConsole, Actor: "operator:x", Scopes: reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}}
	_, err = h.Rules.Import(t.Context(), caller, []reeve.Device{{Hostname: "own", MACs: []reeve.MAC{0x00005e005399}}}, false)
	must(t, err)
	own, err := h.Store.Devices(t.Context(), made.Account.No, reeve.DeviceQuery{Limit: 1})
	must(t, err)
	before := inventory(h)

	asked := map[string]bool{}
	for _, table := range tables()[:3] { // agents have no token
		for _, r := range table.Routes {
			if r.Scope == "" {
				continue
			}
			family := r.Method + " " + version.ReplaceAllString(r.Path, "/o/api/v*/")
			list, ok := questions[family]
			if asked[family] = ok; !ok {
				t.Errorf("%s %s is not asked about foreign things; add a row", r.Method, r.Path)
			}
			for _, q := range list {
				for _, value := range append(q.path, "")[:max(len(q.path), 1)] {
					ask := func(things map[string]string) (int, string) {
						target := variable.ReplaceAllString(r.Path, value)
						if q.query != "" {
							target += "?" + q.query
						}
						pairs := []string{"{own}", own[0].ID}
						for name, thing := range things {
							pairs = append(pairs, "{"+name+"}", thing)
						}
						fill := strings.NewReplacer(pairs...)
						body := q.body
						if body == "" && r.Method != http.MethodGet && r.Method != http.MethodDelete {
							body = "{}"
						}
						answer := h.Ask(r.Method, fill.Replace(target), fill.Replace(body), bearer)
						text := answer.Body.String()
						for name, thing := range things {
							text = strings.ReplaceAll(text, thing, "{"+name+"}")
						}
						return answer.Code, passing.ReplaceAllString(text, "")
					}
					status, text := ask(theirs)
					wantStatus, want := status, text
					if variable.MatchString(value + q.query + q.body) {
						wantStatus, want = ask(nothing)
					}
					if status != wantStatus || text != want {
						t.Errorf("%s %s %+v %s: a foreign thing is answered with %d %s, one that is not there with %d %s",
							r.Method, r.Path, q, value, status, text, wantStatus, want)
					}
					if strings.Contains(text, "furnished") {
						t.Errorf("%s %s %+v tells of another account: %s", r.Method, r.Path, q, text)
					}
				}
			}
		}
	}
	for family := range questions {
		if !asked[family] {
			t.Errorf("there is no route %s; remove its row", family)
		}
	}
	if after := inventory(h); !slices.Equal(after, before) {
		t.Errorf("the other account was changed:\n%q\n%q", before, after)
	}
}

// nothing are names of the right form that nothing has.
var nothing = map[string]string{
	"device": strings.Repeat("0", 31) + "1", "printer": strings.Repeat("0", 31) + "2", "mac": "00:00:5e:00:53:ee", "custom": "no-such-custom-id", "deleted": strings.Repeat("0", 31) + "4", "export": strings.Repeat("0", 31) + "5",
	"group": strings.Repeat("0", 31) + "3", "job": "1000000000000001", "command": "100000000000000100000000",
	"app": strings.Repeat("Z", 48), "code": "ZZZZZZZZ", "codehash": strings.Repeat("0", 64), "word": "no-such-word", "operator": "nobody", "account": "no-such-account",
	"contentdigest": strings.Repeat("0", 63) + "6", "set": "no-such-set",
	"cursor": "AAAA", "jobcursor": "AAAA", "devicecursor": "AAAA",
}

// furnish gives the first account one of everything and returns their names.
func furnish(t *testing.T, h *doortest.House) map[string]string {
	t.Helper()
	device := h.Enrol("furnished-1", reeve.Persistent, reeve.Linux, "26.11.0", "00:00:5e:00:53:01")
	h.Enrol("furnished-2", reeve.Persistent, reeve.Linux, "26.11.0", "00:00:5e:00:53:02")
	printer := h.Import("furnished-3", "00:00:5e:00:53:03")
	group, err := h.Rules.CreateGroup(t.Context(), h.Admin(), "furnished group", "")
	must(t, err)
	placed, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "fetch_agent_log", IDs: []string{device.ID}, Comment: "furnished"})
	must(t, err)
	_, err = h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "exempt", IDs: []string{device.ID}, Comment: "furnished"})
	must(t, err)
	app, _, err := h.Rules.CreateApp(t.Context(), h.Admin(), reeve.App{Name: "furnished app", Scopes: reeve.Scopes{reeve.Read}})
	must(t, err)
	code, err := h.Rules.CreateCode(t.Context(), h.Admin(), reeve.Code{Note: "furnished"})
	must(t, err)
	_, err = h.Rules.CreateAccount(t.Context(), h.Admin(), "furnished-account", 0)
	must(t, err)
	custom := "third-party-77"
	must(t, h.Rules.Describe(t.Context(), h.Admin(), device.ID, reeve.Description{CustomID: &custom}))
	deleted := h.Enrol("furnished-4", reeve.Persistent, reeve.Linux, "26.11.0", "00:00:5e:00:53:04")
	_, err = h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "delete", IDs: []string{deleted.ID}})
	must(t, err)
	content := sha256.Sum256([]byte("furnished"))
	digest := hex.EncodeToString(content[:])
	_, err = h.Rules.StoreSetFile(t.Context(), h.Admin(), digest, strings.NewReader("furnished"))
	must(t, err)
	_, err = h.Rules.CreateSet(t.Context(), h.Admin(), reeve.SignatureSet{Name: "furnished-set", Files: []reeve.SetFile{{Name: "a.hsb", SHA256: digest}}})
	must(t, err)
	_, err = h.Rules.ChangeAgentSettings(t.Context(), h.Admin(), group.ID, func(s *reeve.AgentSettings) { s.Set = "furnished-set" })
	must(t, err)
	bearer := "Authorization: Bearer " + h.Token
	var export struct{ ID string }
	must(t, json.Unmarshal(h.Ask("POST", "/api/v1/exports", `{"kind":"file","name":"furnished"}`, bearer).Body.Bytes(), &export))
	cursor := func(method, target, body, member string) string {
		t.Helper()
		var page map[string]any
		must(t, json.Unmarshal(h.Ask(method, target, body, bearer).Body.Bytes(), &page))
		next, _ := page[member].(string)
		if next == "" {
			t.Fatalf("%s %s gave no cursor: %v", method, target, page)
		}
		return next
	}
	return map[string]string{
		"device": device.ID, "printer": printer.ID, "mac": device.MACs[0].String(), "custom": custom, "deleted": deleted.ID, "export": export.ID, "group": group.ID,
		"job": placed.Job.ID.String(), "command": reeve.CommandID{Job: placed.Job.ID}.String(),
		"app": app.ClientID, "code": code.Code, "codehash": code.Hash, "word": "furnish", "operator": "admin@furnished-account", "account": "furnished-account",
		"contentdigest": digest, "set": "furnished-set",
		"cursor":       cursor("POST", "/o/api/v3.7/devices", `{"limit":1}`, "next_token"),
		"jobcursor":    cursor("GET", "/api/v1/jobs?limit=1", "", "next"),
		"devicecursor": cursor("GET", "/api/v1/devices?limit=1", "", "next"),
	}
}

// inventory is what the first account's own token shows of it.
func inventory(h *doortest.House) []string {
	var out []string
	for _, list := range []string{"devices", "groups", "jobs", "apps", "codes", "account", "exports", "operators", "sets", "agent-settings"} {
		out = append(out, h.Ask("GET", "/api/v1/"+list, "", "Authorization: Bearer "+h.Token).Body.String())
	}
	return out
}
