package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

// answer decodes an answer that has this status.
func answer[T any](t *testing.T, got *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if got.Code != status {
		t.Fatalf("%d %s, want %d", got.Code, got.Body, status)
	}
	if err := json.Unmarshal(got.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestApps(t *testing.T) {
	r := open(t)
	app := answer[client.App](t, r.askAs(r.Token, "POST", "/apps",
		`{"name":"Nightly","description":"reports","redirect_uris":["https://app.example/back"],"scopes":["write","read"],"requests_per_minute":60}`), 201)
	if app.Name != "Nightly" || app.Description != "reports" || len(app.RedirectURIs) != 1 || app.ClientSecret == "" || app.CreatedBy != "first app" ||
		!slices.Equal(app.Scopes, []string{"read", "write"}) || app.Modified.IsZero() {
		t.Errorf("created: %+v", app)
	}
	changed := answer[client.App](t, r.askAs(r.Token, "PATCH", "/apps/"+app.ClientID, `{"name":"Aweekly","redirect_uris":[]}`), 200)
	if changed.Name != "Aweekly" || changed.Description != "reports" || len(changed.RedirectURIs) != 0 || changed.RequestsPerMinute != 60 || changed.ClientSecret != "" {
		t.Errorf("changed: %+v", changed)
	}
	token := r.Grant(app.ClientID, app.ClientSecret)
	renewed := answer[client.App](t, r.askAs(r.Token, "POST", "/apps/"+app.ClientID+"/secret", ""), 200)
	if renewed.ClientSecret == "" || renewed.ClientSecret == app.ClientSecret {
		t.Errorf("renewed: %+v", renewed)
	}
	if got := r.askAs(token, "GET", "/version", ""); got.Code != 401 {
		t.Errorf("a token of the old secret: %d", got.Code)
	}
	for query, want := range map[string]string{
		"": "first app,Aweekly", "?sort=created": "first app,Aweekly", "?sort=-created": "Aweekly,first app",
		"?sort=name": "Aweekly,first app", "?sort=-name": "first app,Aweekly", "?search=WEEK": "Aweekly", "?search=nothing": "",
	} {
		var names []string
		for _, a := range answer[client.List[client.App]](t, r.askAs(r.Token, "GET", "/apps"+query, ""), 200).Items {
			names = append(names, a.Name)
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestOperators(t *testing.T) {
	r := open(t)
	o := answer[client.Operator](t, r.askAs(r.Token, "POST", "/operators", `{"name":"night shift","scopes":["read"]}`), 201)
	if o.Name != "night shift" || len(o.Password) != 20 {
		t.Errorf("created: %+v", o)
	}
	changed := answer[client.Operator](t, r.askAs(r.Token, "PATCH", "/operators/night%20shift", `{"scopes":["read","write"]}`), 200)
	if changed.Password != "" || len(changed.Scopes) != 2 {
		t.Errorf("changed: %+v", changed)
	}
	for body, made := range map[string]int{`{"password":""}`: 20, `{"password":"correct horse battery"}`: 0} {
		if got := answer[client.Operator](t, r.askAs(r.Token, "PATCH", "/operators/night%20shift", body), 200); len(got.Password) != made {
			t.Errorf("%s: %+v", body, got)
		}
	}
	list := answer[client.List[client.Operator]](t, r.askAs(r.Token, "GET", "/operators", ""), 200)
	if len(list.Items) != 2 || list.Items[0].Name != "admin" || list.Items[1].Password != "" {
		t.Errorf("listed: %+v", list)
	}
	lesser := r.AppToken("lesser", false, reeve.Read, reeve.Admin)
	if got := r.askAs(lesser, "PATCH", "/operators/night%20shift", `{"password":""}`); got.Code != 403 {
		t.Errorf("a password of who has more: %d", got.Code)
	}
	if got := r.askAs(r.Token, "DELETE", "/operators/night%20shift", ""); got.Code != 204 {
		t.Errorf("removed: %d %s", got.Code, got.Body)
	}
}
