package console

import (
	"slices"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// An exportPage is the form for an export of the log, which need not be there yet.
type exportPage struct {
	Export reeve.Outlet // only with a kind, if it is new
	Kinds  []reeve.OutletKind
	Filled filled
}

func (c *console) exportForm(v *visit, export reeve.Outlet, typed filled) (*page, error) {
	ofServer, err := v.view.OfServer(v.Context())
	if err != nil {
		return nil, err
	}
	shown := exportPage{Export: export, Filled: typed, Kinds: []reeve.OutletKind{reeve.SyslogOutlet, reeve.S3Outlet}}
	if ofServer { // the server's disk is not every account's own
		shown.Kinds = append(shown.Kinds, reeve.FileOutlet)
	}
	if !slices.Contains(shown.Kinds, export.Kind) {
		shown.Export.Kind = shown.Kinds[0]
	}
	if typed == nil {
		shown.Filled = exportFields(export)
	}
	if export.ID == "" {
		return &page{name: "export", title: "webhooks.newexport", data: shown}, nil
	}
	return &page{name: "export", title: "webhooks.oneexport", args: []any{export.Name}, data: shown}, nil
}

// exportFields are the fields of an export; a new one is enabled.
func exportFields(o reeve.Outlet) filled {
	s := o.Settings
	f := filled{
		"name": o.Name, "events": strings.Join(o.Events, "\n"), "network": s.Network, "address": s.Address, "url": s.URL, "bucket": s.Bucket,
		"prefix": s.Prefix, "region": s.Region, "access": s.AccessKey, "ca": s.CA,
	}
	f.put("every", s.Every)
	f.tick("enabled", o.Enabled || o.ID == "")
	f.tick("devices", s.Devices)
	f.tick("path_style", s.PathStyle)
	f.tick("gzip", s.Gzip)
	return f
}

// exportSpec is what a form asks for. Fields that the kind does not have are empty.
func exportSpec(v *visit, f filled) (control.OutletSpec, error) {
	every, err := f.number("every", v.words.say("webhooks.every"))
	return control.OutletSpec{
		Kind: reeve.OutletKind(f["kind"]), Name: f["name"], Enabled: f.has("enabled"), Events: f.lines("events"), Secret: v.newSecret("secret"),
		Settings: reeve.OutletSettings{
			URL: f["url"], CA: f["ca"], Devices: f.has("devices"), Network: f["network"], Address: f["address"], Bucket: f["bucket"],
			Prefix: f["prefix"], Region: f["region"], AccessKey: f["access"], PathStyle: f.has("path_style"), Gzip: f.has("gzip"), Every: every,
		},
	}, err
}

func (c *console) newExport(v *visit) (*page, error) {
	return c.exportForm(v, reeve.Outlet{Kind: reeve.OutletKind(v.URL.Query().Get("kind"))}, nil)
}

func (c *console) createExport(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled("secret")
	spec, err := exportSpec(v, f)
	if err == nil {
		_, err = c.Rules.CreateExport(v.Context(), v.Caller, spec)
	}
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.exportForm(v, reeve.Outlet{Kind: spec.Kind}, f) })
	}
	return v.done("webhooks", "webhooks.exportmade", spec.Name)
}

func (c *console) export(v *visit) (*page, error) {
	o, err := c.Rules.Export(v.Context(), v.Caller, v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return c.exportForm(v, o, nil)
}

func (c *console) changeExport(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	had, err := c.Rules.Export(v.Context(), v.Caller, v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	f := v.filled("secret")
	spec, err := exportSpec(v, f)
	if err == nil {
		_, err = c.Rules.ChangeExport(v.Context(), v.Caller, had.ID, spec)
	}
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.exportForm(v, had, f) })
	}
	return v.done("webhooks", "webhooks.exportsaved", spec.Name)
}

func (c *console) removeExport(v *visit) (*page, error) {
	if err := c.Rules.RemoveExport(v.Context(), v.Caller, v.PathValue("id")); err != nil {
		return nil, err
	}
	return v.done("webhooks", "webhooks.exportremoved")
}
