package api_test

import (
	"strings"
	"testing"

	"reeve/internal/api"
)

// No route lets a misspelt parameter pass, or one that cannot be read.
func TestUnknownParameters(t *testing.T) {
	r := open(t)
	for _, route := range api.Routes(api.Config{}).Routes {
		for _, query := range []string{"?zz=1", "?limit=%zz"} {
			got := r.Ask(route.Method, route.Path+query, "", "Authorization: Bearer "+r.Token)
			if got.Code != 400 || !strings.Contains(got.Body.String(), "parameter") && !strings.Contains(got.Body.String(), "the query is malformed") {
				t.Errorf("%s %s%s: %d %s", route.Method, route.Path, query, got.Code, got.Body)
			}
		}
	}
}
