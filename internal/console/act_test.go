package console_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/doortest"
)

// fields are the hidden fields of a page's forms.
func fields(body string) url.Values {
	form := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(body, -1) {
		form.Add(f[1], html.UnescapeString(f[2]))
	}
	return form
}

// sent sends a form and goes on to where it leads, as browsers do.
func sent(who *doortest.Visitor, target string, form url.Values) *httptest.ResponseRecorder {
	got := who.Post(target, form)
	if to := got.Header().Get("Location"); to != "" {
		return who.Get(to)
	}
	return got
}

// An order goes from step to step, and is placed once however often it is sent.
func TestOrderInSteps(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	a := h.Enrol("one", reeve.Persistent, reeve.Linux, "1.0.0.0", "02:00:5e:00:53:01")
	h.Import("printer", "02:00:5e:00:53:02")
	who := h.SignIn("admin", h.First.Password)
	if got := sent(who, "/console/act", url.Values{"id": {a.ID}}); !strings.Contains(got.Body.String(), "Which action?") {
		t.Errorf("without an action: %d", got.Code)
	}
	if got := sent(who, "/console/act", url.Values{"id": {a.ID}, "filter": {""}, "action": {"exempt"}}); !strings.Contains(got.Body.String(), "7 days") || strings.Contains(got.Body.String(), a.ID) {
		t.Errorf("the form of everything: %d %s", got.Code, got.Body)
	}
	form := url.Values{"filter": {""}, "action": {"exempt"}, "param.exempt_time": {"8"}, "comment": {"maintenance"}}
	preview := sent(who, "/console/act/preview", form).Body.String()
	form = fields(preview)
	if !strings.Contains(preview, "8 hours, until <time") {
		t.Errorf("the preview does not say until when: %s", preview)
	}
	check := who.Post("/console/act/check", form).Body.String()
	for _, want := range []string{"passed by", "printer", "Exempt 1 device", "targeted", "the new end"} {
		if !strings.Contains(check, want) {
			t.Errorf("the preview lacks %q: %s", want, check)
		}
	}
	unseen := who.Post("/console/act/place", form)
	for name, values := range fields(check) {
		form[name] = values
	}
	other := fields(preview)
	other.Set("expect", "5")
	other.Set("applies", "1")
	changed := who.Post("/console/act/place", other)
	if unseen.Code != http.StatusBadRequest || changed.Code != http.StatusConflict || !strings.Contains(changed.Body.String(), "Exempt 1 device") {
		t.Errorf("without a look %d, with another number %d", unseen.Code, changed.Code)
	}
	form.Set("applies", "2")
	if got := who.Post("/console/act/place", form); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "applied to 2 devices when it was looked at, and applies to 1 now") {
		t.Errorf("seen to apply to more: %d %s", got.Code, got.Body)
	}
	form.Set("applies", "1")
	first := who.Post("/console/act/place", form)
	page := who.Get(first.Header().Get("Location"))
	form.Set("applies", "3") // as who goes back may see it by then
	second := who.Post("/console/act/place", form)
	jobs, err := h.Store.Jobs(t.Context(), h.Account().No, reeve.JobQuery{Limit: 9})
	if err != nil || len(jobs) != 1 || jobs[0].Comment != "maintenance" || string(jobs[0].Params) != `{"exempt_time":8}` || jobs[0].Caller.Source != reeve.FromConsole {
		t.Fatalf("%+v %v", jobs, err)
	}
	want := "/console/jobs/" + jobs[0].ID.String()
	if first.Header().Get("Location") != want || second.Header().Get("Location") != want {
		t.Errorf("led to %d %q and %d %q", first.Code, first.Header(), second.Code, second.Header())
	}
	if !strings.Contains(page.Body.String(), "The job is placed on 1 device. It has 2 devices") {
		t.Errorf("the job's page does not say both numbers: %s", page.Body)
	}
	if got := who.Get(want); !strings.Contains(got.Body.String(), "This was ordered already, and only once") {
		t.Errorf("the job's page does not say that it was placed before: %s", got.Body)
	}
	if got := who.Get("/console/act?undo=" + jobs[0].ID.String()); !strings.Contains(got.Body.String(), "End an exemption") {
		t.Errorf("undo: %d", got.Code)
	}
	for _, bad := range []url.Values{
		{"action": {"exempt"}}, {"id": {a.ID}, "action": {"nonsense"}}, {"id": {a.ID}, "action": {"exempt"}, "param.exempt_time": {"-1"}},
		{"id": {a.ID}, "action": {"exempt"}, "param.exempt_time": {"until"}}, {"filter": {"nonsense=1"}, "action": {"exempt"}},
	} {
		if got := sent(who, "/console/act/preview", bad); got.Code != http.StatusBadRequest {
			t.Errorf("%v: %d, want 400", bad, got.Code)
		}
	}
}

// The steps of an order have addresses, so that going back sends nothing again; with
// very many devices they are forms that browsers keep.
func TestStepsOfOrdersHaveAddresses(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	h.Import("printer", "02:00:5e:00:53:02")
	who := h.SignIn("admin", h.First.Password)
	form := url.Values{"filter": {""}, "action": {"exempt"}, "param.exempt_time": {"8"}, "comment": {"a & b"}}
	to := who.Post("/console/act/preview", form).Header().Get("Location")
	address, err := url.Parse(to)
	if err != nil || address.Path != "/console/act/preview" {
		t.Fatalf("led to %q %v", to, err)
	}
	one, two := fields(who.Get(to).Body.String()), fields(who.Get(to).Body.String())
	if one.Encode() != two.Encode() || one.Get("comment") != "a & b" || one.Get("key") == "" {
		t.Errorf("%v, then %v", one, two)
	}
	if got := who.Get("/console/act?" + address.RawQuery); !strings.Contains(got.Body.String(), "a &amp; b</textarea>") {
		t.Errorf("to change it shows %s", got.Body)
	}
	for range 500 {
		form.Add("id", reeve.NewID())
	}
	form.Del("filter")
	for _, step := range []string{"act", "act/preview"} {
		got := who.Post("/console/"+step, form)
		if got.Code != http.StatusOK || got.Header().Get("Cache-Control") != "private, no-cache" || len(fields(got.Body.String())["id"]) < 500 {
			t.Errorf("%s with many devices: %d %v", step, got.Code, got.Header())
		}
	}
}

// What makes a secret makes one, however often a browser sends the form.
func TestSecretsAreMadeOnce(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	who := h.SignIn("admin", h.First.Password)
	for page, to := range map[string]string{"codes": "/console/codes", "apps": "/console/apps", "operators": "/console/operators", "accounts": "/console/accounts"} {
		form := fields(who.Get("/console/" + page + "/new").Body.String())
		if form.Get("key") == "" {
			t.Errorf("%s: a form without a key", page)
		}
		for name, value := range map[string]string{"name": "latest", "days": "7", "uses": "0", "role": "viewer", "way": "password", "scope.read": "on"} {
			form.Set(name, value)
		}
		first, second := who.Post("/console/"+page, form), who.Post("/console/"+page, form)
		if first.Code != http.StatusOK || second.Code != http.StatusSeeOther || second.Header().Get("Location") != to {
			t.Errorf("%s: %d %s, then %d %v", page, first.Code, regexp.MustCompile(`role="alert".*`).FindString(first.Body.String()), second.Code, second.Header())
		}
		if said := who.Get(to).Body.String(); !strings.Contains(said, "This was done already, and only once") {
			t.Errorf("%s: %s", page, said)
		}
	}
	codes, err := h.Store.Codes(t.Context(), h.Account().No)
	if err != nil || len(codes) != 2 { // the first is that of the first start
		t.Errorf("%d codes, %v", len(codes), err)
	}
}
