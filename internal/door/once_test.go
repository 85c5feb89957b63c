package door

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
)

// Once keeps one answer.
func (k *keeper) Once(ctx context.Context, _ int64, key reeve.RepeatKey, do func(context.Context) ([]byte, error)) ([]byte, bool, error) {
	if k.kept != nil {
		if k.key != key {
			return nil, false, reeve.Errorf(reeve.Conflict, "another request")
		}
		return k.kept, true, nil
	}
	answer, err := do(ctx)
	if err == nil {
		k.key, k.kept = key, answer
	}
	return answer, false, err
}

func TestRepeats(t *testing.T) {
	served := 0
	change := Route{Method: "POST", Path: "/o/api/v3/things/{id}", Scope: reeve.Read, Rate: "things", Verb: "thing_changed",
		Serve: func(w http.ResponseWriter, r *Request) error {
			served++
			body, err := r.JSON(w, 100)
			if err != nil || string(body) != "{}" || r.PathValue("id") != "7" {
				return reeve.Errorf(reeve.Invalid, "%q %v", body, err)
			}
			return Write(w, http.StatusCreated, served)
		}}
	own, reads := change, change
	own.Repeats, own.Path = true, "/o/api/v3/own/{id}"
	reads.Verb, reads.Path = "", "/o/api/v3/read/{id}"
	h, _ := open(t, &keeper{}, change, own, reads)
	post := func(target, body, key string) *http.Response {
		r := httptest.NewRequest("POST", "/o/api/v3/"+target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+goodToken)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for i, tt := range []struct {
		target, body, key string
		status            int
		served            int
		replayed          string
	}{
		{"things/7", "[]", "k", 400, 1, ""}, // what fails is not kept
		{"things/7", "{}", "k", 201, 2, ""},
		{"things/7", "{}", "k", 201, 2, "true"},
		{"things/7?access_token=" + goodToken, "{}", "k", 201, 2, "true"},
		{"things/7?x=1", "{}", "k", 409, 2, ""},
		{"things/7", "{} ", "k", 409, 2, ""},
		{"things/8", "{}", "k", 409, 2, ""},
		{"things/7", "{}", "a b", 400, 2, ""},
		{"own/7", "{}", "k", 201, 3, ""},
		{"read/7", "{}", "k", 201, 4, ""},
	} {
		answer := post(tt.target, tt.body, tt.key)
		if answer.StatusCode != tt.status || served != tt.served || answer.Header.Get("Idempotent-Replayed") != tt.replayed {
			t.Errorf("%d. %s %s %s: %d %v, served %d", i, tt.target, tt.body, tt.key, answer.StatusCode, answer.Header, served)
		}
		if body, _ := io.ReadAll(answer.Body); tt.replayed != "" && (string(body) != "2" || answer.Header.Get("Content-Type") != "application/json") {
			t.Errorf("%d. the answer given again: %s %v", i, body, answer.Header)
		}
	}
}
