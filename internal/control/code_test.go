package control_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestCodes(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	create := func(spec reeve.Code) reeve.Code {
		t.Helper()
		c, err := w.CreateCode(t.Context(), w.admin, spec)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	with := func(code string, e control.Enrolment) (reeve.Device, error) {
		e.Code = code
		d, _, err := w.Enrol(t.Context(), e)
		return d, err
	}

	c := create(reeve.Code{GroupID: g.ID, Note: "for the lab"})
	if len(c.Code) != 8 || strings.Trim(c.Code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || c.Hint != c.Code[:2] {
		t.Errorf("the code is %q, its hint %q", c.Code, c.Hint)
	}
	if d, err := with(c.Code, w.linux()); err != nil || d.GroupID != g.ID {
		t.Errorf("a device of the code is in group %q, %v; want the code's", d.GroupName, err)
	}

	twice := create(reeve.Code{Uses: 2})
	for i, want := range []bool{true, true, false, false} {
		if _, err := with(twice.Code, w.linux()); (err == nil) != want || err != nil && reeve.KindOf(err) != reeve.Denied {
			t.Errorf("use %d of a code for two: %v", i+1, err)
		}
	}

	phones := create(reeve.Code{Kind: reeve.Mobile, Uses: 1})
	_, err = with(phones.Code, w.linux())
	wantKind(t, "a code for phones on a server", err, reeve.Denied)
	if _, err := with(phones.Code, w.machine(reeve.Mobile, reeve.Android, "3.1")); err != nil {
		t.Errorf("a code for phones on a phone, after another was refused: %v", err)
	}

	short := create(reeve.Code{Expires: noon.Add(time.Hour)})
	revoked := create(reeve.Code{})
	byHash := create(reeve.Code{})
	if _, err := with(short.Code, w.linux()); err != nil {
		t.Errorf("a code that lasts an hour: %v", err)
	}
	if err := w.RevokeCode(t.Context(), w.admin, revoked.Code); err != nil {
		t.Error(err)
	}
	if err := w.RevokeCode(t.Context(), w.admin, byHash.Hash); err != nil {
		t.Error(err)
	}
	w.clock.advance(time.Hour)
	for what, code := range map[string]string{
		"a code that is over": short.Code, "a revoked code": revoked.Code, "a code revoked by its hash": byHash.Code,
		"a hash for a code": c.Hash, "a code with a blank behind it": c.Code + " ", "no code": "", "a code that never was": "AAAAAAAA",
	} {
		_, err := with(code, w.linux())
		wantKind(t, what, err, reeve.Denied)
	}
	wantKind(t, "revoking twice", w.RevokeCode(t.Context(), w.admin, revoked.Code), reeve.NotFound)
	_, stranger := w.further(t, "other")
	wantKind(t, "revoking another account's code", w.RevokeCode(t.Context(), stranger, c.Code), reeve.NotFound)

	codes, err := w.store.Codes(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		if c.Code != "" {
			t.Errorf("the list of codes has a code: %+v", c)
		}
	}
}

func TestConcurrentEnrolments(t *testing.T) {
	w := newWorld(t)
	three, err := w.CreateCode(t.Context(), w.admin, reeve.Code{Uses: 3})
	if err != nil {
		t.Fatal(err)
	}
	same := w.linux()
	var enrolled, known sync.Map
	var wait sync.WaitGroup
	for range 8 {
		e := w.linux()
		e.Code = three.Code
		wait.Go(func() {
			d, _, err := w.Enrol(t.Context(), e)
			if err == nil {
				enrolled.Store(d.ID, true)
			} else if reeve.KindOf(err) != reeve.Denied {
				t.Error(err)
			}
		})
		wait.Go(func() {
			d, _, err := w.Enrol(t.Context(), same)
			if err != nil {
				t.Error(err)
			}
			known.Store(d.ID, true)
		})
	}
	wait.Wait()
	count := func(m *sync.Map) (n int) {
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&enrolled) != 3 || count(&known) != 1 {
		t.Errorf("a code for three enrolled %d; one key has %d records", count(&enrolled), count(&known))
	}
}

func TestRefusedCodes(t *testing.T) {
	w := newWorld(t)
	_, stranger := w.further(t, "other")
	foreign, err := w.CreateGroup(t.Context(), stranger, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct {
		spec reeve.Code
		kind reeve.Kind
	}{
		"fewer uses than none":     {reeve.Code{Uses: -1}, reeve.Invalid},
		"an end in the past":       {reeve.Code{Expires: noon.Add(-time.Second)}, reeve.Invalid},
		"an end in another age":    {reeve.Code{Expires: noon.AddDate(11, 0, 0)}, reeve.Invalid},
		"a long note":              {reeve.Code{Note: strings.Repeat("x", control.MaxComment+1)}, reeve.Invalid},
		"a group that is not":      {reeve.Code{GroupID: reeve.NewID()}, reeve.NotFound},
		"another account's group":  {reeve.Code{GroupID: foreign.ID}, reeve.NotFound},
		"a group that is no group": {reeve.Code{GroupID: "Lab"}, reeve.NotFound},
	} {
		_, err := w.CreateCode(t.Context(), w.admin, tt.spec)
		wantKind(t, what, err, tt.kind)
	}
	// What is not for the caller to say is not taken from him.
	c, err := w.CreateCode(t.Context(), w.admin, reeve.Code{Code: "MYCODE00", Hash: "x", Account: stranger.Account, Used: 5, Created: noon.AddDate(-1, 0, 0), Revoked: noon})
	if err != nil || c.Code == "MYCODE00" || c.Hash == "x" || c.Account != w.admin.Account || c.Used != 0 || !c.Created.Equal(noon) || !c.Revoked.IsZero() {
		t.Errorf("the code is %+v, %v", c, err)
	}
}

// The codes of a group that is removed enrol into the default group.
func TestCodeOutlivesItsGroup(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.CreateCode(t.Context(), w.admin, reeve.Code{GroupID: g.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.RemoveGroup(t.Context(), w.admin, g.ID); err != nil {
		t.Fatal(err)
	}
	e := w.linux()
	e.Code = c.Code
	if d := w.enrol(t, e); d.GroupName != "Default" {
		t.Errorf("the device is in %q", d.GroupName)
	}
}
