package door

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
)

func TestBody(t *testing.T) {
	const limit = 64
	for name, tt := range map[string]struct {
		body, contentType string
		status            int
	}{
		"JSON":               {`{}`, "application/json", 200},
		"with a charset":     {`{}`, "application/json; charset=utf-8", 200},
		"in capitals":        {`{}`, "Application/JSON", 200},
		"nothing":            {"", "", 200},
		"a form":             {`a=1`, "application/x-www-form-urlencoded", 415},
		"no type":            {`{}`, "", 415},
		"other JSON":         {`{}`, "application/vnd.api+json", 415},
		"nothing, but typed": {"", "text/plain", 415},
		"too large":          {strings.Repeat(" ", limit+1), "application/json", 413},
		"not UTF-8":          {"\"\xff\"", "application/json", 400},
	} {
		t.Run(name, func(t *testing.T) {
			reads := Route{Method: "POST", Path: "/x", Scope: reeve.Read, Rate: "x", Serve: func(w http.ResponseWriter, r *Request) error {
				_, err := r.JSON(w, limit)
				return err
			}}
			h, _ := open(t, &keeper{}, reads)
			for _, chunked := range []bool{false, true} {
				r := httptest.NewRequest("POST", "/x?access_token="+goodToken, strings.NewReader(tt.body))
				if chunked {
					if tt.body == "" {
						continue
					}
					r.ContentLength = -1
				}
				if tt.contentType != "" {
					r.Header.Set("Content-Type", tt.contentType)
				}
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != tt.status {
					t.Errorf("chunked %v: status %d, want %d", chunked, w.Code, tt.status)
				}
			}
		})
	}
}

func TestRepeatKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"a": true, strings.Repeat("~", 255): true, "": false, strings.Repeat("a", 256): false, "a b": false, "ä": false, "\x7f": false,
	} {
		r := &Request{Request: httptest.NewRequest("POST", "/", nil)}
		r.Header["Idempotency-Key"] = []string{key}
		if got, err := r.RepeatKey(); (err == nil) != ok || ok && got != key {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	r := &Request{Request: httptest.NewRequest("POST", "/", nil)}
	r.Header["Idempotency-Key"] = []string{"a", "a"}
	if _, err := r.RepeatKey(); err == nil {
		t.Error("two keys were taken")
	}
}
