package control_test

import (
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(17*time.Second + 400*time.Millisecond) // into the window that began at noon
	app := reeve.App{ClientID: "APP", Account: w.admin.Account}
	account := reeve.Account{No: w.admin.Account}
	admit := func(app reeve.App, account reeve.Account, class string) (control.Window, error) {
		t.Helper()
		return w.Admit(t.Context(), app, account, class)
	}

	for i := range int64(10) {
		got, err := admit(app, account, "devices")
		if want := (control.Window{Limit: 10, Remaining: 9 - i, Reset: 43 * time.Second}); err != nil || got != want {
			t.Errorf("request %d: %+v, %v; want %+v", i+1, got, err, want)
		}
	}
	for range 2 {
		got, err := admit(app, account, "devices")
		wantKind(t, "past the limit", err, reeve.Limited)
		if want := (control.Window{Limit: 10, Reset: 43 * time.Second}); got != want {
			t.Errorf("past the limit: %+v; want %+v", got, want)
		}
	}
	// Another app of the account shares the window; another API, another
	// account, and an app with a limit of its own do not.
	_, err := admit(reeve.App{ClientID: "SECOND"}, account, "devices")
	wantKind(t, "another app of the account", err, reeve.Limited)
	for what, tt := range map[string]struct {
		app     reeve.App
		account reeve.Account
		class   string
		left    int64
	}{
		"another API":       {app, account, "logs", 9},
		"another account":   {app, reeve.Account{No: account.No + 1}, "devices", 9},
		"an app's limit":    {reeve.App{ClientID: "OWN", RequestsPerMinute: 100}, account, "devices", 99},
		"its second API":    {reeve.App{ClientID: "OWN", RequestsPerMinute: 100}, account, "logs", 99},
		"an account's":      {app, reeve.Account{No: account.No + 2, RequestsPerMinute: 30}, "devices", 29},
		"Reeve's own API":   {app, account, control.OwnAPI, 599},
		"the app over both": {reeve.App{ClientID: "BOTH", RequestsPerMinute: 5}, reeve.Account{No: account.No, RequestsPerMinute: 30}, "devices", 4},
	} {
		if got, err := admit(tt.app, tt.account, tt.class); err != nil || got.Remaining != tt.left || got.Limit != tt.left+1 {
			t.Errorf("%s: %+v, %v; want %d left", what, got, err, tt.left)
		}
	}

	w.clock.advance(42*time.Second + 600*time.Millisecond - time.Microsecond) // the window's last moment
	got, err := admit(app, account, "devices")
	if reeve.KindOf(err) != reeve.Limited || got.Reset != time.Second {
		t.Errorf("in the last moment: %+v, %v; want one second to go", got, err)
	}
	w.clock.advance(time.Microsecond)
	if got, err := admit(app, account, "devices"); err != nil || got.Remaining != 9 || got.Reset != time.Minute {
		t.Errorf("in the next window: %+v, %v", got, err)
	}
}

func TestNoLimit(t *testing.T) {
	w := newWorld(t)
	off := control.New(w.store, nil, nil, control.Options{Now: w.clock.Now, RequestsPerMinute: -1})
	account := reeve.Account{No: w.admin.Account}
	for what, tt := range map[string]struct {
		c       *control.Control
		app     reeve.App
		account reeve.Account
	}{
		"an app":     {w.Control, reeve.App{ClientID: "APP", RequestsPerMinute: -1}, account},
		"an account": {w.Control, reeve.App{}, reeve.Account{No: account.No, RequestsPerMinute: -1}},
		"the server": {off, reeve.App{}, account},
	} {
		for range 30 {
			for _, class := range []string{"devices", control.OwnAPI} {
				if got, err := tt.c.Admit(t.Context(), tt.app, tt.account, class); err != nil || !got.Unlimited {
					t.Fatalf("%s without a limit: %+v, %v", what, got, err)
				}
			}
		}
	}
}
