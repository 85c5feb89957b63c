package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"reeve"
)

func TestWebhook(t *testing.T) {
	h := newHousehold(t)
	var key string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "<b>not today</b>")
	}))
	defer receiver.Close()
	h.see(t, "webhooks", "There is no webhook", "The log goes nowhere else")
	form := url.Values{"url": {receiver.URL}, "key": {"a very secret key"}, "enabled": {"on"}}
	h.refused(t, "webhooks", form, receiver.URL)
	form.Set("event.installed", "on")
	h.send(t, "webhooks", form)
	h.logged(t, "webhook_changed")
	if body := h.see(t, "webhooks/edit", receiver.URL, `name="event.installed" checked`); strings.Contains(body, "a very secret key") {
		t.Error("the key is shown")
	}
	w := h.admin.Post("/console/webhooks/test", nil)
	h.logged(t, "webhook_tested")
	for _, want := range []string{"was not received", "418", "&lt;b&gt;not today&lt;/b&gt;"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page after the test lacks %q", want)
		}
	}
	if key != "a very secret key" {
		t.Errorf("the receiver got the key %q", key)
	}
	form.Del("key")
	form.Del("enabled")
	h.send(t, "webhooks", form) // the key stays
	h.see(t, "webhooks", "off")
	h.send(t, "webhooks/remove", nil)
	h.logged(t, "webhook_removed")
}

func TestExports(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "webhooks/exports/new", "tls", `value="syslog"`)
	h.see(t, "webhooks/exports/new?kind=s3", "Bucket")
	h.see(t, "webhooks/exports/new?kind=nothing", `value="syslog"`)
	form := url.Values{"kind": {"syslog"}, "name": {"siem"}, "network": {"tls"}, "address": {"no port"}, "events": {"job_placed\r\n"}, "enabled": {"on"}}
	h.refused(t, "webhooks/exports", form, "no port", "job_placed")
	form.Set("address", "syslog.example.org:6514")
	h.send(t, "webhooks/exports", form)
	h.logged(t, "export_created")
	form = url.Values{
		"kind": {"s3"}, "name": {"archive"}, "url": {"https://s3.example.org"}, "bucket": {"reeve"}, "region": {"eu"}, "access": {"AKEY"},
		"secret": {"a very secret key"}, "every": {"often"}, "gzip": {"on"},
	}
	h.refused(t, "webhooks/exports", form, `value="often"`)
	form.Set("every", "60")
	h.send(t, "webhooks/exports", form)
	h.send(t, "webhooks/exports", url.Values{"kind": {"file"}, "name": {"lines"}, "enabled": {"on"}})
	h.see(t, "webhooks", "siem", "syslog.example.org:6514", "lines.jsonl", "https://s3.example.org/reeve")
	exports, err := h.Rules.Exports(t.Context(), h.Admin())
	if err != nil || len(exports) != 3 || exports[1].Settings.Every != 60 || exports[1].Kind != reeve.S3Outlet || exports[1].Enabled {
		t.Fatal(exports, err)
	}
	path := "webhooks/exports/" + exports[1].ID
	if body := h.see(t, path, "AKEY"); strings.Contains(body, "a very secret key") {
		t.Error("the secret is shown")
	}
	form.Del("secret")
	form.Set("bucket", "No")
	h.refused(t, path, form, `value="No"`)
	form.Set("bucket", "other")
	h.send(t, path, form)
	h.logged(t, "export_changed")
	h.send(t, path+"/remove", nil)
	h.logged(t, "export_removed")
}
