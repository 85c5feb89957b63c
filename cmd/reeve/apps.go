package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
)

func appsCommand() *cobra.Command {
	return family("apps", "Programs that may use the API", appsCreate(), appsList(), appsRevoke())
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

func appsCreate() *cobra.Command {
	var spec client.App
	cmd := &cobra.Command{Use: "create NAME", Short: "Create an app; its secret is shown once", Args: exactly("NAME")}
	cmd.Flags().StringSliceVar(&spec.Scopes, "scope", []string{"read", "write"}, "what it may do: read, write (actions), admin (apps, codes, settings)")
	cmd.Flags().BoolVar(&spec.CLI, "cli", false, "it is for the command line: the log says so")
	cmd.Flags().Int64Var(&spec.RequestsPerMinute, "requests-per-minute", 0, "limit of its own for each API: 0 the account's, negative none")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		spec.Name = args[0]
		app, err := c.CreateApp(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, app, append(appColumns[:len(appColumns):len(appColumns)],
			column[client.App]{"CLIENT SECRET", func(a client.App) string { return a.ClientSecret }}))
	})
}

func appsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List apps", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Apps(ctx), appColumns)
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
