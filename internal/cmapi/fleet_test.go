package cmapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// A fleet is a server with one device of each sort that the rules tell apart.
type fleet struct {
	*doortest.House
	devices map[string]reeve.Device
	names   map[string]string // what {name} stands for
}

// openFleet opens a server with the fleet.
func openFleet(t testing.TB, o doortest.Options) *fleet {
	t.Helper()
	f := &fleet{House: doortest.Open(t, o), devices: map[string]reeve.Device{}, names: map[string]string{}}
	for _, d := range []struct {
		name    string
		kind    reeve.AgentKind
		system  reeve.System
		version string
		mac     string
	}{
		{"windows", reeve.Persistent, reeve.Windows, "7.6.300.0", "00:0c:29:00:00:01"},
		{"oldwindows", reeve.Persistent, reeve.Windows, "7.6.70.0", "00:0c:29:00:00:02"},
		{"macos", reeve.Persistent, reeve.MacOS, "10.4.300.0", "00:0c:29:00:00:03"},
		{"linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04"},
		{"ondemand", reeve.OnDemand, reeve.Windows, "7.6.300.0", "00:0c:29:00:00:05"},
		{"phone", reeve.Mobile, reeve.IOS, "8.0.0.0", "00:0c:29:00:00:06"},
		{"domain", reeve.DomainController, reeve.Windows, "7.6.300.0", "00:0c:29:00:00:07"},
	} {
		f.devices[d.name] = f.Enrol(d.name, d.kind, d.system, d.version, d.mac)
	}
	account := f.Account()
	account.Seats = int64(len(f.devices))
	f.check(t, f.SetAccount(account))
	f.devices["unlicensed"] = f.Enrol("unlicensed", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:08")
	f.devices["unknown"] = f.Import("unknown", "00:0c:29:00:00:09")
	f.devices["ignored"] = f.Import("ignored", "00:0c:29:00:00:0a")
	_, err := f.Rules.Place(t.Context(), f.Admin(), control.Order{Action: "ignore", IDs: []string{f.devices["ignored"].ID}})
	f.check(t, err)
	lab, err := f.Rules.CreateGroup(t.Context(), f.Admin(), "Lab", "machines that may break")
	f.check(t, err)
	groups, err := f.Store.Groups(t.Context(), account.No, reeve.GroupQuery{Limit: 10, Page: 1})
	f.check(t, err)
	for _, g := range groups {
		if g.Default {
			f.names["default"] = g.ID
		}
	}
	f.names["lab"] = lab.ID
	f.names["nobody"] = strings.Repeat("0", 32)
	f.names["license"] = account.LicenseKey
	f.names["token"], f.names["client"], f.names["secret"] = f.Token, f.First.ClientID, f.First.ClientSecret
	for name, d := range f.devices {
		f.names[name] = d.ID
		f.names[name+".mac"] = d.MACs[0].String()
	}
	return f
}

// addGateway adds an app that operators may send codes to: {gateway}, with its
// secret. {password} is that of the operator admin.
func (f *fleet) addGateway(t testing.TB) {
	t.Helper()
	app, secret, err := f.Rules.CreateApp(t.Context(), f.Admin(), reeve.App{
		Name: "Gateway <1>", Description: "lets healthy devices in", Scopes: reeve.Scopes{reeve.Read, reeve.Write},
		RedirectURIs: []string{"https://app.example/back", "http://127.0.0.1/opswat?from=reeve"},
	})
	f.check(t, err)
	f.names["gateway"], f.names["gateway.secret"], f.names["password"] = app.ClientID, secret, f.First.Password
}

func (f *fleet) check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts values in the place of {name}, and strip names in that of values.
func (f *fleet) fill(text string) string {
	for name, value := range f.names {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

func (f *fleet) strip(text string) string {
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		text = strings.ReplaceAll(text, f.names[name], "{"+name+"}")
	}
	return text
}
