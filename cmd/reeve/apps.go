package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
)

func appsCommand() *cobra.Command {
	return family("apps", "Programs that may use the API", appsCreate(), appsList(), appsChange(), appsSecret(), appsRevoke())
}

var appColumns = []column[client.App]{
	{"CLIENT ID", func(a client.App) string { return a.ClientID }},
	{"NAME", func(a client.App) string { return a.Name }},
	{"SCOPES", func(a client.App) string { return strings.Join(a.Scopes, " ") }},
	{"CLI", func(a client.App) string { return yes(a.CLI) }},
	{"PER MINUTE", func(a client.App) string { return perMinute(a.RequestsPerMinute) }},
	{"CREATED", func(a client.App) string { return moment(a.Created) }},
	{"REVOKED", func(a client.App) string { return moment(a.Revoked) }},
}

// appFields are what is shown of a single app.
var appFields = append(appColumns[:len(appColumns):len(appColumns)],
	column[client.App]{"DESCRIPTION", func(a client.App) string { return a.Description }},
	column[client.App]{"REDIRECT URIS", func(a client.App) string { return strings.Join(a.RedirectURIs, " ") }},
	column[client.App]{"CREATED BY", func(a client.App) string { return a.CreatedBy }},
	column[client.App]{"CLIENT SECRET", func(a client.App) string { return a.ClientSecret }},
)

// perMinute writes a limit; "" where that of what is above it counts.
func perMinute(n int64) string {
	switch {
	case n < 0:
		return "unlimited"
	case n == 0:
		return ""
	}
	return fmt.Sprint(n)
}

// appFlags are the flags of what an app is; the result says which were given.
func appFlags(cmd *cobra.Command, scopes []string) func() (spec client.NewApp, change client.AppChange) {
	var spec client.NewApp
	flags := cmd.Flags()
	flags.StringSliceVar(&spec.Scopes, "scope", scopes, "what it may do: read, write (actions), admin (apps, codes, operators, settings)")
	flags.StringVar(&spec.Description, "description", "", "what it is for")
	flags.StringSliceVar(&spec.RedirectURIs, "redirect-uri", nil, "where operators' browsers may be sent with a code")
	flags.Int64Var(&spec.RequestsPerMinute, "requests-per-minute", 0, "limit of its own for each API: 0 the account's, negative none")
	return func() (client.NewApp, client.AppChange) {
		return spec, client.AppChange{
			Scopes:            given(flags, "scope", &spec.Scopes),
			Description:       given(flags, "description", &spec.Description),
			RedirectURIs:      given(flags, "redirect-uri", &spec.RedirectURIs),
			RequestsPerMinute: given(flags, "requests-per-minute", &spec.RequestsPerMinute),
		}
	}
}

func appsCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Create an app; its secret is shown once", Args: exactly("NAME")}
	read := appFlags(cmd, []string{"read", "write"})
	cli := cmd.Flags().Bool("cli", false, "it is for the command line: the log says so")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		spec, _ := read()
		spec.Name, spec.CLI = args[0], *cli
		app, err := c.CreateApp(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, app, appFields)
	})
}

func appsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List apps", Args: exactly()}
	var filter client.AppFilter
	cmd.Flags().StringVar(&filter.Search, "search", "", "only names that contain this")
	cmd.Flags().StringVar(&filter.Sort, "sort", "created", "created or name; with - before it the other way round")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Apps(ctx, filter), appColumns)
	})
}

func appsChange() *cobra.Command {
	cmd := &cobra.Command{Use: "change CLIENT-ID", Short: "Change an app; what is not given stays", Args: exactly("CLIENT-ID")}
	read := appFlags(cmd, nil)
	name := cmd.Flags().String("name", "", "another name")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		_, change := read()
		change.Name = given(cmd.Flags(), "name", name)
		if change == (client.AppChange{}) {
			return usagef("say what to change: --name, --description, --redirect-uri, --scope or --requests-per-minute")
		}
		app, err := c.ChangeApp(ctx, args[0], change)
		if err != nil {
			return err
		}
		return one(o, app, appFields)
	})
}

func appsSecret() *cobra.Command {
	cmd := &cobra.Command{Use: "secret CLIENT-ID", Short: "Give an app another secret and show it; the old one and its tokens end", Args: exactly("CLIENT-ID")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		app, err := c.RenewSecret(ctx, args[0])
		if err != nil {
			return err
		}
		return one(o, app, appFields)
	})
}

func appsRevoke() *cobra.Command {
	cmd := &cobra.Command{Use: "revoke CLIENT-ID...", Short: "End apps and their tokens", Args: atLeastOne}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, args []string) error {
		for _, id := range args {
			if err := c.RevokeApp(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
}
