package door

import (
	"log/slog"
	"testing"

	"reeve"
)

func TestTokens(t *testing.T) {
	for name, tt := range map[string]struct {
		query   string
		headers []string
		status  int
	}{
		"header":                 {"", []string{"Authorization: Bearer " + goodToken}, 200},
		"header in lower case":   {"", []string{"Authorization: bearer " + goodToken}, 200},
		"query":                  {"?access_token=" + goodToken, nil, 200},
		"both, equal":            {"?access_token=" + goodToken, []string{"Authorization: Bearer " + goodToken}, 200},
		"JSON type on a GET":     {"?access_token=" + goodToken, []string{"Content-Type: application/json"}, 200},
		"none":                   {"", nil, 401},
		"empty":                  {"?access_token=", nil, 401},
		"wrong":                  {"?access_token=WRONG", nil, 401},
		"both, different":        {"?access_token=WRONG", []string{"Authorization: Bearer " + goodToken}, 401},
		"both, different, other": {"?access_token=" + goodToken, []string{"Authorization: Bearer WRONG"}, 401},
		"twice in the query":     {"?access_token=" + goodToken + "&access_token=WRONG", nil, 401},
		"Basic":                  {"", []string{"Authorization: Basic " + goodToken}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := open(t, &keeper{}, things)
			answer := ask(h, "GET", "/o/api/v3/things"+tt.query, tt.headers...)
			if answer.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", answer.StatusCode, tt.status)
			}
			if tt.status == 401 && (code(t, answer) != "invalid_token" || answer.Header.Get("WWW-Authenticate") == "") {
				t.Errorf("a 401 without its words or WWW-Authenticate")
			}
		})
	}
}

func TestTokenOnlyInTheHeader(t *testing.T) {
	h := Open(Config{Keeper: &keeper{}, Log: slog.New(slog.DiscardHandler)},
		API{Source: func(reeve.App) reeve.Source { return reeve.FromAPI }, Routes: []Route{things}})
	if answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken); answer.StatusCode != 401 {
		t.Errorf("status %d, want 401", answer.StatusCode)
	}
}
