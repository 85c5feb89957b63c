package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func (h household) uploadSet(t *testing.T, name, file, content string) {
	t.Helper()
	if w := h.admin.Upload("/console/sets", url.Values{"name": {name}}, map[string]string{file: content}); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code, w.Body)
	}
}

func TestSets(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "sets", "No signature set")
	h.uploadSet(t, "daily", "a.yar", "rule a { condition: true }")
	h.logged(t, "signature_set_created")
	h.see(t, "sets", "daily", "a.yar", "1 file")
	next := h.see(t, "sets/new?name=daily", "New version of daily", `name="keep.a.yar" checked`)
	had := regexp.MustCompile(`name="had" value="([^"]*)"`).FindStringSubmatch(next)[1]

	// What arrived before a fault need not be sent again.
	form := url.Values{"name": {"Daily?"}, "description": {"more"}, "had": {had}, "keep.a.yar": {"on"}}
	w := h.admin.Upload("/console/sets", form, map[string]string{"b.hdb": "d41d8cd98f00b204e9800998ecf8427e:0:x"})
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `name="keep.b.hdb" checked`) || !strings.Contains(w.Body.String(), "more") {
		t.Fatal(w.Code, w.Body)
	}
	form.Set("name", "daily")
	form["had"] = nil
	for _, found := range regexp.MustCompile(`name="had" value="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		form.Add("had", found[1])
	}
	form.Set("keep.b.hdb", "on")
	if w := h.admin.Upload("/console/sets", form, nil); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code, w.Body)
	}
	sets, err := h.Store.Sets(t.Context(), h.Account().No)
	if err != nil || len(sets) != 2 || len(sets[0].Files) != 2 || sets[0].Version != 2 || sets[0].Description != "more" {
		t.Errorf("the sets are %+v, %v", sets, err)
	}
	for name, want := range map[string]int{"../../etc/passwd": http.StatusBadRequest, "x.exe": http.StatusBadRequest} {
		if w := h.admin.Upload("/console/sets", url.Values{"name": {"odd"}}, map[string]string{name: "x"}); w.Code != want {
			t.Errorf("a file %q is taken: %d", name, w.Code)
		}
	}
	if w := h.admin.Post("/console/sets/daily/none/remove", nil); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
	h.send(t, "sets/daily/1/remove", nil)
	h.logged(t, "signature_set_removed")
}
