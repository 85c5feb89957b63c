package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

func TestWebhook(t *testing.T) {
	r := open(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Authorization") != "key-123" || q.Header.Get("X-Reeve-Delivery") == "" {
			t.Errorf("headers %v", q.Header)
		}
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}))
	defer receiver.Close()
	r.ask("GET", "/webhook", "", 404, nil)
	r.ask("POST", "/webhook/test", "", 404, nil)
	var hook client.Webhook
	r.ask("PUT", "/webhook", fmt.Sprintf(`{"url":%q,"api_key":"key-123","events":["installed","deleted"]}`, receiver.URL), 200, &hook)
	if !hook.Enabled || hook.URL != receiver.URL || len(hook.Events) != 2 || hook.Created.IsZero() {
		t.Errorf("%+v", hook)
	}
	r.ask("PUT", "/webhook", fmt.Sprintf(`{"url":%q,"events":["deleted"],"enabled":false}`, receiver.URL), 200, nil)
	if got := r.askAs(r.Token, "GET", "/webhook", ""); strings.Contains(got.Body.String(), "key-123") || !strings.Contains(got.Body.String(), `"enabled":false`) {
		t.Errorf("%s", got.Body)
	}
	var reply client.Reply
	r.ask("POST", "/webhook/test", "", 200, &reply)
	if reply.Received || reply.Status != 503 || reply.Body != "not now\n" || reply.Failure != "the receiver answered 503" {
		t.Errorf("%+v", reply)
	}
	r.ask("DELETE", "/webhook", "", 204, nil)
	r.ask("DELETE", "/webhook", "", 404, nil)
}

func TestExports(t *testing.T) {
	r := open(t)
	var made, changed client.Export
	r.ask("POST", "/exports", `{"kind":"s3","name":"bucket","endpoint":"https://s3.example.org","bucket":"logs","region":"eu","access_key":"AK",
		"secret_key":"secret-123","gzip":true,"devices":true}`, 201, &made)
	if !made.Enabled || made.Every != 300 || made.Endpoint != "https://s3.example.org" || !made.Gzip || made.Events == nil {
		t.Errorf("%+v", made)
	}
	r.ask("PATCH", "/exports/"+made.ID, `{"events":["job_placed"],"enabled":false,"prefix":"reeve/"}`, 200, &changed)
	if changed.Enabled || changed.Prefix != "reeve/" || changed.Bucket != "logs" || len(changed.Events) != 1 || changed.ID != made.ID {
		t.Errorf("%+v", changed)
	}
	r.ask("POST", "/exports", `{"kind":"file","name":"siem"}`, 201, nil)
	r.ask("POST", "/exports", `{"kind":"file","name":"siem"}`, 409, nil)
	var list client.List[client.Export]
	r.ask("GET", "/exports", "", 200, &list)
	if len(list.Items) != 2 || list.Items[0].ID != made.ID || list.Items[1].Kind != "file" {
		t.Errorf("%+v", list)
	}
	if got := r.askAs(r.Token, "GET", "/exports", ""); strings.Contains(got.Body.String(), "secret-123") {
		t.Errorf("%s", got.Body)
	}
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"PATCH", "/exports/" + made.ID, `{"kind":"file"}`, 400},
		{"PATCH", "/exports/" + made.ID, `{"bucket":"x"}`, 400},
		{"PATCH", "/exports/" + made.ID, `{"colour":"red"}`, 400},
		{"PATCH", "/exports/" + reeve.NewID(), `{}`, 404},
		{"DELETE", "/exports/" + reeve.NewID(), ``, 404},
		{"POST", "/exports", `{"kind":"pigeon","name":"x"}`, 400},
		{"POST", "/exports", `{"kind":"file","name":"../x"}`, 400},
		{"PUT", "/webhook", `{"url":"http://192.0.2.1/","api_key":"k","events":["deleted"]}`, 400},
		{"PUT", "/webhook", `{"url":"https://192.0.2.1/","events":["deleted"]}`, 400},
	} {
		r.ask(tt.method, tt.path, tt.body, tt.want, nil)
	}
	r.ask("DELETE", "/exports/"+made.ID, "", 204, nil)
}
