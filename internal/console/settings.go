package console

import (
	"cmp"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) settingRoutes() []door.Route {
	return []door.Route{
		c.see("settings", reeve.Admin, c.settings),
		c.change("settings", reeve.Admin, "account_changed", c.changeSettings),
		c.see("settings/fields", reeve.Admin, c.fields),
		c.change("settings/fields", reeve.Admin, "account_changed", c.changeFields),
		c.see("settings/agents", reeve.Admin, c.agents),
		c.change("settings/agents", reeve.Admin, "agent_settings_changed", c.changeAgents),
	}
}

// A numberSetting is a setting of an account that is a whole number. Its texts
// are those of its name below settings.
type numberSetting struct {
	Name     string
	Part     string // of the form
	Max      int64  // 0 is without an end
	Default  int64  // what 0 stands for; 0 if that says something itself
	OfServer bool   // only an administrator of the first account may change it
	of       func(a *reeve.Account) *int64
}

// numberSettings are all of them, in the order in which they are shown.
var numberSettings = []numberSetting{
	{Name: "seats", Part: "given", OfServer: true, of: func(a *reeve.Account) *int64 { return &a.Seats }},
	{Name: "rate", Part: "given", OfServer: true, of: func(a *reeve.Account) *int64 { return &a.RequestsPerMinute }},
	{Name: "unseen", Part: "devices", Max: control.MaxDays, Default: control.DefaultUnseenAfterDays, of: func(a *reeve.Account) *int64 { return &a.Settings.UnseenAfterDays }},
	{Name: "approve", Part: "orders", of: func(a *reeve.Account) *int64 { return &a.Settings.ApproveAbove }},
	{Name: "confirm", Part: "orders", Default: control.DefaultConfirmAbove, of: func(a *reeve.Account) *int64 { return &a.Settings.ConfirmAbove }},
	{Name: "restore", Part: "kept", Max: control.MaxDays, Default: control.DefaultRestoreDays, of: func(a *reeve.Account) *int64 { return &a.Settings.RestoreDays }},
	{Name: "reports", Part: "kept", Max: control.MaxDays, Default: control.DefaultKeepReportsDays, of: func(a *reeve.Account) *int64 { return &a.Settings.KeepReportsDays }},
	{Name: "log", Part: "kept", Max: control.MaxDays, of: func(a *reeve.Account) *int64 { return &a.Settings.KeepLogDays }},
}

// A boxSetting is one that is on or off.
type boxSetting struct {
	Name, Part string
	of         func(a *reeve.Account) *bool
}

var boxSettings = []boxSetting{
	{"random", "devices", func(a *reeve.Account) *bool { return &a.Settings.RandomMACs }},
	{"comment", "orders", func(a *reeve.Account) *bool { return &a.Settings.RequireComment }},
}

// settingParts are the parts of the form in their order.
var settingParts = []string{"given", "devices", "orders", "kept"}

// A settingsPage is the form for what an account's administrators decide.
type settingsPage struct {
	Filled   filled
	Parts    []settingPart
	OfServer bool
	First    string // name of the account whose administrators look after the server
}

type settingPart struct {
	Name    string
	Numbers []numberSetting
	Boxes   []boxSetting
}

func (c *console) settings(v *visit) (*page, error) { return c.settingsForm(v, nil) }

func (c *console) settingsForm(v *visit, typed filled) (*page, error) {
	ofServer, err := v.view.OfServer(v.Context())
	if err != nil {
		return nil, err
	}
	shown := settingsPage{Filled: typed, OfServer: ofServer, First: control.FirstAccount}
	for _, name := range settingParts {
		part := settingPart{Name: name}
		for _, s := range numberSettings {
			if s.Part == name {
				part.Numbers = append(part.Numbers, s)
			}
		}
		for _, s := range boxSettings {
			if s.Part == name {
				part.Boxes = append(part.Boxes, s)
			}
		}
		shown.Parts = append(shown.Parts, part)
	}
	if typed == nil {
		account, err := v.view.Account(v.Context())
		if err != nil {
			return nil, err
		}
		shown.Filled = settingFields(account)
	}
	return &page{name: "settings", title: "settings.title", data: shown}, nil
}

func settingFields(a reeve.Account) filled {
	f := filled{"name": a.Name, "unassessed": cmp.Or(a.Settings.Unassessed, "pending")}
	for _, s := range numberSettings {
		f.put(s.Name, *s.of(&a))
	}
	for _, s := range boxSettings {
		f.tick(s.Name, *s.of(&a))
	}
	return f
}

func (c *console) changeSettings(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	numbers := map[string]int64{}
	for _, s := range numberSettings {
		n, err := f.number(s.Name, v.words.say("settings."+s.Name+".title"))
		if err != nil {
			return formAgain(err, func() (*page, error) { return c.settingsForm(v, f) })
		}
		if v.PostForm.Has(s.Name) { // what the form did not offer stays
			numbers[s.Name] = n
		}
	}
	_, err := c.Rules.ChangeAccount(v.Context(), v.Caller, func(a *reeve.Account) {
		a.Name, a.Settings.Unassessed = f["name"], f["unassessed"]
		for _, s := range numberSettings {
			if n, sent := numbers[s.Name]; sent {
				*s.of(a) = n
			}
		}
		for _, s := range boxSettings {
			*s.of(a) = f.has(s.Name)
		}
	})
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.settingsForm(v, f) })
	}
	return v.done("settings", "settings.changed")
}

// An agentsPage is what all agents of the account are told.
type agentsPage struct {
	Agents   agentsForm
	Groups   []reeve.Group // with settings of their own
	OfServer bool
}

func (c *console) agents(v *visit) (*page, error) { return c.showAgents(v, nil) }

func (c *console) showAgents(v *visit, typed filled) (*page, error) {
	var shown agentsPage
	var err error
	if shown.OfServer, err = v.view.OfServer(v.Context()); err != nil {
		return nil, err
	}
	if shown.Agents, err = c.agentsForm(v, "", typed); err != nil {
		return nil, err
	}
	settings, err := v.view.AgentSettings(v.Context())
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if s.Group == "" {
			continue
		}
		g, err := v.view.Group(v.Context(), s.Group)
		if err != nil {
			return nil, err
		}
		shown.Groups = append(shown.Groups, g)
	}
	return &page{name: "agents", title: "agents.title", data: shown}, nil
}

func (c *console) changeAgents(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	if err := c.saveAgents(v, "", f); err != nil {
		return formAgain(err, func() (*page, error) { return c.showAgents(v, f) })
	}
	return v.done("settings/agents", "agents.changed")
}
