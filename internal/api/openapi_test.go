package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"reeve/internal/api"
)

const openAPIFile = "../../docs/api/openapi.json"

var update = flag.Bool("update", false, "write docs/api/openapi.json")

// TestOpenAPI holds the document that is checked in against the routes: each is
// in it and nothing else, and the server gives out the same without a token.
func TestOpenAPI(t *testing.T) {
	routes := api.Routes(api.Config{}).Routes
	want, err := json.MarshalIndent(api.OpenAPI(routes), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(openAPIFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(openAPIFile); err != nil || !bytes.Equal(have, want) {
		t.Errorf("docs/api/openapi.json is not what the routes say; run go test ./internal/api -run TestOpenAPI -update (%v)", err)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	answer := open(t).Ask("GET", "/api/v1/openapi.json", "")
	if err := json.Unmarshal(answer.Body.Bytes(), &document); answer.Code != 200 || err != nil || document.OpenAPI != "3.1.0" {
		t.Fatalf("%d, %v", answer.Code, err)
	}
	listed := 0
	for _, methods := range document.Paths {
		listed += len(methods)
	}
	for _, r := range routes {
		if document.Paths[r.Path][strings.ToLower(r.Method)] == nil {
			t.Errorf("%s %s is not in it", r.Method, r.Path)
		}
	}
	if listed != len(routes) {
		t.Errorf("it has %d operations, the server %d routes", listed, len(routes))
	}
}
