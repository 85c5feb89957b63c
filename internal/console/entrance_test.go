package console

import (
	"net/http/httptest"
	"testing"
)

func TestEntrance(t *testing.T) {
	for asked, want := range map[string]string{
		"/": Home, "/console": Home, "/console/": Home, "/console/jobs/": "/console/jobs", "/console/jobs/a%2fb/": "/console/jobs/a%2fb",
		"/console//elsewhere.example/": "/console//elsewhere.example", "/console/jobs": "", "/api/v1/": "",
	} {
		page, is := Entrance(httptest.NewRequest("GET", asked, nil))
		if page != want || is != (want != "") {
			t.Errorf("%s leads to %q (%v), want %q", asked, page, is, want)
		}
	}
	if _, is := Entrance(httptest.NewRequest("POST", "/console/jobs/", nil)); is {
		t.Error("a form is sent elsewhere")
	}
}
