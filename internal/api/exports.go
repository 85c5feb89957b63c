package api

import (
	"maps"
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (a *api) exportRoutes() []door.Route {
	const x = reeve.Admin
	page := func(about string, inputs, answer []door.Field, codes map[int]string) *door.Page {
		return &door.Page{Family: "Exports", About: about, Inputs: inputs, Answer: answer, Codes: codes, Notes: exportNotes}
	}
	id := door.Field{Name: "id", In: "path", Type: "string", About: "of the export"}
	bad := map[int]string{http.StatusBadRequest: "a setting that the kind needs is missing or wrong", http.StatusConflict: "the name is taken",
		http.StatusForbidden: "the scope is missing, or an export of kind file was asked for in another account than default"}
	added := maps.Clone(bad)
	added[http.StatusCreated] = "it was added"
	return []door.Route{
		told(own("GET", "/exports", x, "", a.exports), page("Lists the account's exports and how they fare, oldest first. Secrets are never shown.", door.None, listOf(exportAnswer), nil)),
		told(own("POST", "/exports", x, "export_created", a.createExport), page(
			"Adds an export of the log, which begins with what happens from now on. An account has at most 8.", exportInputs, exportAnswer, added)),
		told(own("PATCH", "/exports/{id}", x, "export_changed", a.changeExport), page(
			"Changes an export; what is not named stays, and so do its kind and its place in the log.", append([]door.Field{id}, exportInputs[1:]...), exportAnswer, bad)),
		told(own("DELETE", "/exports/{id}", x, "export_removed", a.removeExport), page("Ends an export. What it wrote stays.", []door.Field{id}, door.None, nil)),
	}
}

var exportInputs = []door.Field{
	{Name: "kind", In: "body", Type: "string", About: "file, syslog or s3"},
	{Name: "name", In: "body", Type: "string", About: "1 to 64 of a-z, 0-9, - and _, unique in the account; of kind file also the file's name"},
	{Name: "enabled", In: "body", Type: "bool", About: "default true"},
	{Name: "events", In: "body", Type: "array of string", About: "events of the log; empty (default) is all"},
	{Name: "devices", In: "body", Type: "bool", About: "also a line for each device of a row about many; default false"},
	{Name: "network", In: "body", Type: "string", About: "syslog: udp, tcp or tls"},
	{Name: "address", In: "body", Type: "string", About: "syslog: HOST:PORT"},
	{Name: "endpoint", In: "body", Type: "string", About: "s3: URL of the storage, without a path"},
	{Name: "bucket", In: "body", Type: "string", About: "s3"},
	{Name: "prefix", In: "body", Type: "string", About: "s3: how the keys begin, such as reeve/; default empty"},
	{Name: "region", In: "body", Type: "string", About: "s3"},
	{Name: "access_key", In: "body", Type: "string", About: "s3"},
	{Name: "secret_key", In: "body", Type: "string", About: "s3; kept encrypted and never shown"},
	{Name: "path_style", In: "body", Type: "bool", About: "s3: the bucket is in the path, not in the host name; default false"},
	{Name: "gzip", In: "body", Type: "bool", About: "s3: objects are packed, and their keys end in .gz; default false"},
	{Name: "every", In: "body", Type: "int", About: "s3: seconds between objects, 1 to 86,400; default 300. 10,000 rows that wait are written earlier"},
	{Name: "ca", In: "body", Type: "string", About: "PEM certificates to trust besides the system's"},
}

var exportAnswer = append([]door.Field{
	{Name: "id", Type: "string"},
	{Name: "kind", Type: "string"},
	{Name: "name", Type: "string"},
	{Name: "enabled", Type: "bool"},
	{Name: "events", Type: "array of string"},
	{Name: "created", Type: "string", About: "RFC 3339, UTC"},
	{Name: "devices", Type: "bool", About: "this and the following: as given, left out where it does not apply"},
	{Name: "network", Type: "string"}, {Name: "address", Type: "string"},
	{Name: "endpoint", Type: "string"}, {Name: "bucket", Type: "string"}, {Name: "prefix", Type: "string"}, {Name: "region", Type: "string"},
	{Name: "access_key", Type: "string"}, {Name: "path_style", Type: "bool"}, {Name: "gzip", Type: "bool"}, {Name: "every", Type: "int"},
	{Name: "ca", Type: "string"},
}, flowAnswer...)

var exportNotes = []string{
	"A line is a row of the log as GET /api/v1/log shows it. With devices, a row about many devices is followed by a line for each: the same row with device, with outcome as its command now stands, and in detail the command, action, hostname and reason.",
	"Every row is delivered at least once: after a crash the last batch may come again, with the same seq. What cannot be delivered is tried again, after a second and then ever more rarely up to every 5 minutes, and nothing behind it is skipped.",
	"file: DIR/exports/NAME.jsonl on the server, for the account default only. At 64 MiB it is put aside as NAME.1.jsonl, and so on up to NAME.9.jsonl.",
	"syslog: RFC 5424, facility 13, severity 6, program reeve, message id the event, no structured data, text the line. One datagram each over udp, cut at 65,000 bytes; with its length before it (octet counting) over tcp and tls. Syslog has no acknowledgement: what was on its way when a connection broke may be lost, and over udp what the receiver had no room for.",
	"s3: objects PREFIX2026/11/22/20261122T081500.000000Z-SEQ-LEAF.jsonl, named by the first row in them, at most 10,000 lines each.",
}

func shapeExport(o reeve.Outlet) client.Export {
	s := o.Settings
	return client.Export{
		ID: o.ID, Kind: string(o.Kind), Name: o.Name, Enabled: o.Enabled, Events: o.Events, Created: o.Created, Flow: shapeFlow(o.Flow),
		ExportSettings: client.ExportSettings{
			Devices: s.Devices, Network: s.Network, Address: s.Address, Endpoint: s.URL, Bucket: s.Bucket, Prefix: s.Prefix, Region: s.Region,
			AccessKey: s.AccessKey, PathStyle: s.PathStyle, Gzip: s.Gzip, Every: s.Every, CA: s.CA,
		},
	}
}

func (a *api) exports(w http.ResponseWriter, r *door.Request) error {
	exports, err := a.Rules.Exports(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return whole(w, exports, shapeExport)
}

func (a *api) createExport(w http.ResponseWriter, r *door.Request) error {
	var want client.ExportSpec
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	spec := control.OutletSpec{Kind: reeve.OutletKind(want.Kind), Enabled: true}
	overlay(&spec, want)
	o, err := a.Rules.CreateExport(r.Context(), r.Caller, spec)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusCreated, shapeExport(o))
}

func (a *api) changeExport(w http.ResponseWriter, r *door.Request) error {
	var want client.ExportSpec
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	id := r.PathValue("id")
	had, err := a.Rules.Export(r.Context(), r.Caller, id)
	if err != nil {
		return named(err, "export")
	}
	if want.Kind != "" && want.Kind != string(had.Kind) {
		return reeve.Errorf(reeve.Invalid, "the kind of an export cannot be changed; remove it and create another")
	}
	spec := control.OutletSpec{Name: had.Name, Enabled: had.Enabled, Events: had.Events, Settings: had.Settings}
	overlay(&spec, want)
	o, err := a.Rules.ChangeExport(r.Context(), r.Caller, id, spec)
	if err != nil {
		return named(err, "export")
	}
	return door.Write(w, http.StatusOK, shapeExport(o))
}

func (a *api) removeExport(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RemoveExport(r.Context(), r.Caller, r.PathValue("id")), "export"))
}

// overlay puts what was sent over what there is.
func overlay(spec *control.OutletSpec, want client.ExportSpec) {
	s := &spec.Settings
	put(&spec.Name, want.Name)
	put(&spec.Enabled, want.Enabled)
	put(&spec.Events, want.Events)
	put(&s.Devices, want.Devices)
	put(&s.Network, want.Network)
	put(&s.Address, want.Address)
	put(&s.URL, want.Endpoint)
	put(&s.Bucket, want.Bucket)
	put(&s.Prefix, want.Prefix)
	put(&s.Region, want.Region)
	put(&s.AccessKey, want.AccessKey)
	put(&s.PathStyle, want.PathStyle)
	put(&s.Gzip, want.Gzip)
	put(&s.Every, want.Every)
	put(&s.CA, want.CA)
	spec.Secret = want.SecretKey
}

func put[T any](into *T, sent *T) {
	if sent != nil {
		*into = *sent
	}
}
