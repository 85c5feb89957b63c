package cmapi_test

import (
	"strings"
	"testing"

	"reeve/internal/doortest"
)

// FuzzForms looks for a form or a query that breaks the server: tokens, the
// pages on which operators agree, reports and statistics. {client}, {secret},
// {gateway} and {linux} stand for what there is.
func FuzzForms(f *testing.F) {
	fleet := openFleet(f, doortest.Options{})
	fleet.addGateway(f)
	targets := []string{
		"/o/oauth/token", "/o/oauth2/authorize", "/o/api/v2/get_reports", "/o/api/v3/get_reports", "/o/api/v3.1/get_reports", "/o/api/v2/devices/stats",
	}
	for _, seed := range []string{
		"grant_type=client_credentials&client_id={client}&client_secret={secret}&scope=read",
		"grant_type=authorization_code&client_id={gateway}&client_secret={gateway.secret}&code=A&redirect_uri=https://app.example/back",
		"grant_type=refresh_token&client_id={gateway}&client_secret={gateway.secret}&refresh_token=" + strings.Repeat("A", 48),
		"client_id={gateway}&redirect_uri=https://app.example/back&response_type=code&state=a%00b&scope=read&code_challenge=x&code_challenge_method=S256",
		"client_id={gateway}&redirect_uri=http://127.0.0.1:9/opswat?from=reeve&response_type=code&agreement=" + strings.Repeat("A", 48) + "&decision=allow",
		"command_id=" + strings.Repeat("0", 24) + "&type=agent_log", "type=patch_report&device_id={linux}", "type=scan_threats_log&command_id=%ff",
		"event=added&opt=1&in=1&period=month&device_type=managed", "event=not_seen&start_date=20260101&end_date=20260231", "event=added&in=9223372036854775807&period=hour",
		"a=%zz&b;c", "grant_type=client_credentials&grant_type=x",
	} {
		for i := range targets {
			f.Add(byte(i), false, seed)
			f.Add(byte(i), true, seed)
		}
	}
	f.Fuzz(func(t *testing.T, target byte, post bool, form string) {
		path, form := targets[int(target)%len(targets)], fleet.fill(form)
		method, body := "GET", ""
		if post {
			method, body = "POST", form
		} else {
			path += "?" + strings.Map(printable, form)
		}
		got := fleet.Ask(method, path, body, asForm, "Authorization: Bearer "+fleet.Token)
		if got.Code >= 500 {
			t.Fatalf("%s %s %q: %d %s", method, path, body, got.Code, got.Body)
		}
	})
}

// printable drops what cannot stand in the first line of a request.
func printable(r rune) rune {
	if r <= ' ' || r > '~' {
		return -1
	}
	return r
}
