package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reeve/client"
)

func exportsCommand() *cobra.Command {
	return family("exports", "Exports of the log as JSON lines", exportsCreate(), exportsList(), exportsSet(), exportsRemove())
}

var exportColumns = append([]column[client.Export]{
	{"NAME", func(e client.Export) string { return e.Name }},
	{"KIND", func(e client.Export) string { return e.Kind }},
	{"TO", exportTarget},
	{"ENABLED", func(e client.Export) string { return yesOrNo(e.Enabled) }},
	{"EVENTS", func(e client.Export) string {
		if len(e.Events) == 0 {
			return "all"
		}
		return strings.Join(e.Events, ", ")
	}},
	{"DEVICES", func(e client.Export) string { return yesOrNo(e.Devices) }},
}, append(flowFields(func(e client.Export) client.Flow { return e.Flow }),
	column[client.Export]{"ID", func(e client.Export) string { return e.ID }})...)

// exportTarget says in short where an export leads.
func exportTarget(e client.Export) string {
	switch e.Kind {
	case "syslog":
		return e.Network + "://" + e.Address
	case "s3":
		return e.Endpoint + " " + e.Bucket + "/" + e.Prefix
	}
	return e.Name + ".jsonl"
}

// exportFlags are the settings of an export on a command line.
type exportFlags struct {
	flags              *pflag.FlagSet
	spec               client.ExportSpec
	secretFile, caFile string
	texts              map[string]*string
	enabled, devices   bool
	pathStyle, gzip    bool
	every              int64
	events             []string
	name               string
}

func (f *exportFlags) add(cmd *cobra.Command) {
	f.flags, f.texts = cmd.Flags(), map[string]*string{}
	f.flags.BoolVar(&f.enabled, "enabled", true, "false keeps the export without using it")
	f.flags.StringSliceVar(&f.events, "events", nil, "events of the log; none is all")
	f.flags.BoolVar(&f.devices, "devices", false, "also a line for each device of a row about many")
	for _, t := range [][2]string{
		{"network", "syslog: udp, tcp or tls"}, {"address", "syslog: HOST:PORT"},
		{"endpoint", "s3: URL of the storage"}, {"bucket", "s3: the bucket"}, {"prefix", "s3: how the keys begin"},
		{"region", "s3: the region"}, {"access-key", "s3: the access key"},
	} {
		f.texts[t[0]] = f.flags.String(t[0], "", t[1])
	}
	f.flags.StringVar(&f.secretFile, "secret-key-file", "", "s3: file with the secret key")
	f.flags.BoolVar(&f.pathStyle, "path-style", false, "s3: the bucket is in the path, not in the host name")
	f.flags.BoolVar(&f.gzip, "gzip", false, "s3: pack the objects")
	f.flags.Int64Var(&f.every, "every", 300, "s3: seconds between objects")
	f.flags.StringVar(&f.caFile, "trust-file", "", "file with PEM certificates to trust besides the system's")
}

// read returns what was said; what was not stays nil.
func (f *exportFlags) read() (client.ExportSpec, error) {
	s := f.spec
	for name, into := range map[string]**string{"network": &s.Network, "address": &s.Address, "endpoint": &s.Endpoint, "bucket": &s.Bucket,
		"prefix": &s.Prefix, "region": &s.Region, "access-key": &s.AccessKey} {
		said(f.flags, name, into, f.texts[name])
	}
	said(f.flags, "enabled", &s.Enabled, &f.enabled)
	said(f.flags, "events", &s.Events, &f.events)
	said(f.flags, "devices", &s.Devices, &f.devices)
	said(f.flags, "path-style", &s.PathStyle, &f.pathStyle)
	said(f.flags, "gzip", &s.Gzip, &f.gzip)
	said(f.flags, "every", &s.Every, &f.every)
	if err := readFile(f.secretFile, &s.SecretKey); err != nil {
		return s, err
	}
	return s, readFile(f.caFile, &s.CA)
}

// said sets a member of a request if its flag was given.
func said[T any](flags *pflag.FlagSet, name string, into **T, value *T) {
	if flags.Changed(name) {
		*into = value
	}
}

func exportsCreate() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{Use: "create NAME file|syslog|s3", Short: "Export the log from now on", Args: exactly("NAME", "KIND")}
	f.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		spec, err := f.read()
		if err != nil {
			return err
		}
		spec.Name, spec.Kind = &args[0], args[1]
		export, err := c.CreateExport(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, export, exportColumns)
	})
}

func exportsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List exports and how they fare", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Exports(ctx), exportColumns)
	})
}

func exportsSet() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{Use: "set NAME|ID", Short: "Change an export; what is not named stays", Args: exactly("NAME|ID")}
	f.add(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "another name")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		spec, err := f.read()
		if err != nil {
			return err
		}
		said(f.flags, "name", &spec.Name, &f.name)
		id, err := findExport(ctx, c, args[0])
		if err != nil {
			return err
		}
		export, err := c.ChangeExport(ctx, id, spec)
		if err != nil {
			return err
		}
		return one(o, export, exportColumns)
	})
}

func exportsRemove() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME|ID...", Short: "End exports; what they wrote stays", Args: atLeastOne}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, args []string) error {
		for _, name := range args {
			id, err := findExport(ctx, c, name)
			if err != nil {
				return err
			}
			if err := c.RemoveExport(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// findExport returns the id of the export with this name or id.
func findExport(ctx context.Context, c *client.Client, name string) (string, error) {
	var known []string
	for e, err := range c.Exports(ctx) {
		switch {
		case err != nil:
			return "", err
		case e.Name == name || e.ID == name:
			return e.ID, nil
		}
		known = append(known, e.Name)
	}
	if len(known) == 0 {
		return "", fmt.Errorf("there is no export named %q, nor any other", name)
	}
	return "", fmt.Errorf("there is no export named %q; there are %s", name, strings.Join(slices.Sorted(slices.Values(known)), ", "))
}
