package api_test

import (
	"encoding/json"
	"testing"

	"reeve/client"
)

func TestAccounts(t *testing.T) {
	r := open(t)
	var made client.Account
	r.ask("POST", "/accounts", `{"name":"acme","seats":5}`, 201, &made)
	other := r.Grant(made.First.ClientID, made.First.ClientSecret)
	if got := r.askAs(other, "GET", "/accounts", ""); got.Code != 403 {
		t.Errorf("another account lists accounts: %d", got.Code)
	}
	if got := r.askAs(other, "PATCH", "/account", `{"seats":9}`); got.Code != 403 {
		t.Errorf("another account gives itself seats: %d", got.Code)
	}
	got := r.askAs(other, "PATCH", "/account", `{"identity_fields":[{"name":"badge","label":"Badge","required":true}]}`)
	var changed client.Account
	if err := json.Unmarshal(got.Body.Bytes(), &changed); err != nil || changed.Seats != 5 || changed.IdentityFields[0].Name != "badge" || changed.Name != "acme" {
		t.Errorf("changed: %d %s", got.Code, got.Body)
	}
	if r.ask("PATCH", "/accounts/acme", `{"seats":6}`, 200, &changed); changed.Seats != 6 || changed.Name != "acme" {
		t.Errorf("given more: %+v", changed)
	}
	if got := r.askAs(other, "PATCH", "/accounts/acme", `{"seats":9}`); got.Code != 403 {
		t.Errorf("another account gives itself seats: %d", got.Code)
	}
	r.ask("PATCH", "/account", `{"settings":{"restore_days":7}}`, 200, nil)
	r.ask("PATCH", "/account", `{"settings":{"unassessed":"compliant","keep_log_days":90}}`, 200, &changed)
	if want := (client.Settings{Unassessed: "compliant", UnseenAfterDays: 30, RestoreDays: 7, KeepReportsDays: 30, KeepLogDays: 90, ConfirmAbove: 100}); changed.Settings != want {
		t.Errorf("the settings are %+v", changed.Settings)
	}
	var mine client.Account
	if r.ask("GET", "/account", "", 200, &mine); mine.Name != "default" || mine.Seats != 0 {
		t.Errorf("the first account: %+v", mine)
	}
}

func TestDefaultGroup(t *testing.T) {
	r := open(t)
	var lab client.Group
	r.ask("POST", "/groups", `{"name":"Lab"}`, 201, &lab)
	if r.ask("PATCH", "/groups/"+lab.ID, `{"default":true}`, 200, &lab); !lab.Default || lab.Name != "Lab" {
		t.Errorf("%+v", lab)
	}
	if got := r.askAs(r.Token, "PATCH", "/groups/"+lab.ID, `{"default":false}`); got.Code != 400 {
		t.Errorf("no default group: %d", got.Code)
	}
	if d := r.Import("pc", "00:0c:29:00:00:01"); d.GroupName != "Lab" {
		t.Errorf("a new device is in %s", d.GroupName)
	}
}
