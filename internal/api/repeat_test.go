package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"reeve/client"
)

func TestRepeatedOrder(t *testing.T) {
	r := open(t)
	r.Import("pc", "00:0c:29:00:00:01")
	ask := func(body string) *httptest.ResponseRecorder {
		return r.Ask("POST", "/api/v1/jobs", body, "Authorization: Bearer "+r.Token, "Idempotency-Key: k")
	}
	var first, second client.Placement
	json.Unmarshal(ask(`{"action":"ignore","macs":["00:0c:29:00:00:01"]}`).Body.Bytes(), &first)
	again := ask(`{"action":"ignore","macs":["00:0c:29:00:00:01"]}`)
	json.Unmarshal(again.Body.Bytes(), &second)
	if again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("headers of a repeat: %v", again.Header())
	}
	if first.Job == nil || second.Job == nil || first.Job.ID != second.Job.ID || !second.Repeated || second.Outcomes[0] != first.Outcomes[0] {
		t.Errorf("first %+v, then %+v", first, second)
	}
	if got := ask(`{"action":"ignore","all":true}`); got.Code != 409 {
		t.Errorf("another body: %d, want 409", got.Code)
	}
}

// Whatever changes something is done once for one key. An answer with a secret
// is given again, and the database does not hold it in the clear.
func TestRepeatedChange(t *testing.T) {
	r := open(t)
	ask := func(body string) *httptest.ResponseRecorder {
		return r.Ask("POST", "/api/v1/apps", body, "Authorization: Bearer "+r.Token, "Idempotency-Key: k")
	}
	first, second := ask(`{"name":"x","scopes":["read"]}`), ask(`{"name":"x","scopes":["read"]}`)
	if first.Code != 201 || second.Code != 201 || first.Body.String() != second.Body.String() || second.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %d %s, then %d %s", first.Code, first.Body, second.Code, second.Body)
	}
	if got := ask(`{"name":"y","scopes":["read"]}`); got.Code != 409 {
		t.Errorf("another body: %d, want 409", got.Code)
	}
	var app client.App
	json.Unmarshal(first.Body.Bytes(), &app)
	for _, file := range []string{r.Database, r.Database + "-wal"} {
		if raw, err := os.ReadFile(file); err == nil && strings.Contains(string(raw), app.ClientSecret) {
			t.Errorf("%s holds the app's secret", file)
		}
	}
}
