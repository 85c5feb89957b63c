package control_test

import (
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

func webhookSpec(callback string) control.OutletSpec {
	key := "key-123"
	return control.OutletSpec{Enabled: true, Events: []string{"installed", "deleted"}, Secret: &key,
		Settings: reeve.OutletSettings{URL: callback}}
}

func fileSpec(name string) control.OutletSpec {
	return control.OutletSpec{Kind: reeve.FileOutlet, Name: name, Enabled: true}
}

func s3Spec() control.OutletSpec {
	secret := "secret"
	return control.OutletSpec{Kind: reeve.S3Outlet, Name: "bucket", Secret: &secret, Settings: reeve.OutletSettings{
		URL: "http://127.0.0.1:9000", Bucket: "logs", Prefix: "reeve/", Region: "us-east-1", AccessKey: "AK"}}
}

func syslogSpec(network, address string) control.OutletSpec {
	return control.OutletSpec{Kind: reeve.SyslogOutlet, Name: "siem",
		Settings: reeve.OutletSettings{Network: network, Address: address}}
}

func TestWebhookIsOneAndKeepsItsKey(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	if _, err := w.Webhook(ctx, w.admin); reeve.KindOf(err) != reeve.NotFound {
		t.Fatalf("before there is one: %v", err)
	}
	first, err := w.SetWebhook(ctx, w.admin, webhookSpec("https://nac.example.org/hook?token=t0ken"))
	if err != nil || string(first.Sealed) != first.ID+" has key-123" || first.Kind != reeve.WebhookOutlet {
		t.Fatalf("%+v, %v", first, err)
	}
	spec := webhookSpec(first.Settings.URL)
	spec.Secret, spec.Enabled = nil, false
	second, err := w.SetWebhook(ctx, w.admin, spec)
	if err != nil || second.ID != first.ID || second.Enabled || string(second.Sealed) != string(first.Sealed) {
		t.Errorf("a change without a key: %+v, %v", second, err)
	}
	spec.Settings.URL = "https://elsewhere.example.org/hook"
	_, err = w.SetWebhook(ctx, w.admin, spec)
	wantKind(t, "a kept key for another address", err, reeve.Invalid)
	if _, err := w.TestWebhook(ctx, w.admin); err != nil {
		t.Error(err)
	}
	if exports, err := w.Exports(ctx, w.admin); err != nil || len(exports) != 0 {
		t.Errorf("the webhook is an export: %v, %v", exports, err)
	}
	_, stranger := w.further(t, "other")
	wantKind(t, "another account's look", w.RemoveWebhook(ctx, stranger), reeve.NotFound)
	if err := w.RemoveWebhook(ctx, w.admin); err != nil {
		t.Error(err)
	}
	var events []string
	rows, err := w.store.Log(ctx, w.admin.Account, reeve.LogQuery{After: 1, Limit: 100})
	for _, row := range rows {
		if strings.Contains(row.Detail, "t0ken") || strings.Contains(row.Detail, "key-123") {
			t.Errorf("a secret is in the log: %s", row.Detail)
		}
		if strings.HasPrefix(row.Event, "webhook_") {
			events = append(events, row.Event)
		}
	}
	if want := []string{"webhook_changed", "webhook_changed", "webhook_tested", "webhook_removed"}; err != nil || !slices.Equal(events, want) {
		t.Errorf("logged %v, %v", events, err)
	}
}

func TestExports(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	for _, spec := range []control.OutletSpec{fileSpec("siem-1"), syslogSpec("tls", "[::1]:6514"), s3Spec()} {
		o, err := w.CreateExport(ctx, w.admin, spec)
		if err != nil {
			t.Fatalf("%s: %v", spec.Kind, err)
		}
		spec.Kind, spec.Secret, spec.Events = reeve.FileOutlet, nil, []string{"reports", "job_placed", "reports"}
		changed, err := w.ChangeExport(ctx, w.admin, o.ID, spec)
		if err != nil || changed.Kind != o.Kind || !slices.Equal(changed.Events, []string{"job_placed", "reports"}) || string(changed.Sealed) != string(o.Sealed) {
			t.Errorf("changed %+v, %v", changed, err)
		}
		_, err = w.CreateExport(ctx, w.admin, control.OutletSpec{Kind: reeve.FileOutlet, Name: spec.Name})
		wantKind(t, "a name that is taken", err, reeve.Conflict)
	}
	_, stranger := w.further(t, "other")
	_, err := w.CreateExport(ctx, stranger, fileSpec("mine"))
	wantKind(t, "a file of another account on the server's disk", err, reeve.Forbidden)
	exports, _ := w.Exports(ctx, w.admin)
	_, err = w.ChangeExport(ctx, stranger, exports[0].ID, fileSpec("mine"))
	wantKind(t, "a change by another account", err, reeve.NotFound)
	wantKind(t, "a removal by another account", w.RemoveExport(ctx, stranger, exports[0].ID), reeve.NotFound)
	for i := range 5 {
		if _, err := w.CreateExport(ctx, w.admin, fileSpec(string(rune('a'+i)))); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.CreateExport(ctx, w.admin, fileSpec("ninth"))
	wantKind(t, "a ninth export", err, reeve.Invalid)
	if err := w.RemoveExport(ctx, w.admin, exports[0].ID); err != nil {
		t.Error(err)
	}
}

func TestOutletsThatCannotWork(t *testing.T) {
	w, long := newWorld(t), strings.Repeat("x", 2100)
	for _, callback := range []string{"", "nac.example.org", "ftp://nac.example.org", "http://nac.example.org", "https://u:p@nac.example.org/",
		"https://nac.example.org/#x", "https://", "http://10.0.0.1/hook", "https://nac.example.org/" + long} {
		_, err := w.SetWebhook(t.Context(), w.admin, webhookSpec(callback))
		wantKind(t, "the callback "+callback, err, reeve.Invalid)
	}
	for what, change := range map[string]func(*control.OutletSpec){
		"no key":             func(s *control.OutletSpec) { s.Secret = nil },
		"a key of two lines": func(s *control.OutletSpec) { two := "a\nb"; s.Secret = &two },
		"an empty key":       func(s *control.OutletSpec) { s.Secret = new(string) },
		"no events":          func(s *control.OutletSpec) { s.Events = nil },
		"a foreign event":    func(s *control.OutletSpec) { s.Events = []string{"job_placed"} },
		"a broken CA":        func(s *control.OutletSpec) { s.Settings.CA = "PEM" },
	} {
		spec := webhookSpec("https://nac.example.org")
		change(&spec)
		_, err := w.SetWebhook(t.Context(), w.admin, spec)
		wantKind(t, what, err, reeve.Invalid)
	}
	s3 := func(change func(*control.OutletSpec)) control.OutletSpec { s := s3Spec(); change(&s); return s }
	for what, spec := range map[string]control.OutletSpec{
		"a path for a name":   fileSpec("../reeve"),
		"no name":             fileSpec(""),
		"a long name":         fileSpec(long),
		"no kind":             {Name: "x"},
		"a webhook as export": {Kind: reeve.WebhookOutlet, Name: "x", Events: []string{"deleted"}},
		"a file's secret":     {Kind: reeve.FileOutlet, Name: "x", Secret: &long},
		"carrier pigeons":     syslogSpec("pigeon", "a:1"),
		"no port":             syslogSpec("udp", "localhost"),
		"port 0":              syslogSpec("udp", "localhost:0"),
		"a control character": syslogSpec("udp", "local\nhost:514"),
		"an event with space": {Kind: reeve.FileOutlet, Name: "x", Events: []string{"job placed"}},
		"no secret":           s3(func(s *control.OutletSpec) { s.Secret = nil }),
		"no bucket":           s3(func(s *control.OutletSpec) { s.Settings.Bucket = "" }),
		"an endpoint's path":  s3(func(s *control.OutletSpec) { s.Settings.URL += "/logs" }),
		"a prefix upwards":    s3(func(s *control.OutletSpec) { s.Settings.Prefix = "a/../b" }),
		"no region":           s3(func(s *control.OutletSpec) { s.Settings.Region = "" }),
		"too rarely":          s3(func(s *control.OutletSpec) { s.Settings.Every = 1 << 40 }),
	} {
		_, err := w.CreateExport(t.Context(), w.admin, spec)
		wantKind(t, what, err, reeve.Invalid)
	}
}
