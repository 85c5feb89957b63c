package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
)

func accountsCommand() *cobra.Command {
	return family("accounts", "Accounts of the server", accountsCreate(), accountsList())
}

var accountColumns = []column[client.Account]{
	{"NAME", func(a client.Account) string { return a.Name }},
	{"SEATS", func(a client.Account) string {
		if a.Seats == 0 {
			return "unlimited"
		}
		return fmt.Sprint(a.Seats)
	}},
	{"CREATED", func(a client.Account) string { return moment(a.Created) }},
}

var accountFields = append(slices.Clone(accountColumns),
	column[client.Account]{"PER MINUTE", func(a client.Account) string { return perMinute(a.RequestsPerMinute) }},
	column[client.Account]{"DEVICES", func(a client.Account) string {
		var counts []string
		for _, standing := range sortedKeys(a.Devices) {
			counts = append(counts, plural(a.Devices[standing], standing))
		}
		return strings.Join(counts, ", ")
	}},
)

func accountCommand() *cobra.Command {
	return family("account", "The account of the app itself", accountSet(), accountShow())
}

func accountShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show", Short: "Show the account, its settings and how many devices it has", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		account, err := c.Account(ctx)
		if err != nil {
			return err
		}
		return one(o, account, accountFields)
	})
}

func accountSet() *cobra.Command {
	cmd := &cobra.Command{Use: "set", Short: "Change settings of the account; what is not named stays", Args: exactly()}
	flags := cmd.Flags()
	name := flags.String("name", "", "another name")
	seats := flags.Int64("seats", 0, "how many managed devices may report; 0 is no limit")
	requests := flags.Int64("requests-per-minute", 0, "limit for each published API: 0 the server's, negative none")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		var change client.AccountChange
		if flags.Changed("name") {
			change.Name = name
		}
		if flags.Changed("seats") {
			change.Seats = seats
		}
		if flags.Changed("requests-per-minute") {
			change.RequestsPerMinute = requests
		}
		if change == (client.AccountChange{}) {
			return usagef("say what to change: --name, --seats or --requests-per-minute")
		}
		account, err := c.ChangeAccount(ctx, change)
		if err != nil {
			return err
		}
		return one(o, account, accountFields)
	})
}

func accountsCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Create an account; its first credentials are shown once", Args: exactly("NAME")}
	seats := cmd.Flags().Int64("seats", 0, "how many managed devices may report; 0 is no limit")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		account, err := c.CreateAccount(ctx, args[0], *seats)
		if err != nil {
			return err
		}
		return one(o, account, append(accountColumns[:len(accountColumns):len(accountColumns)],
			column[client.Account]{"OPERATOR", func(a client.Account) string { return a.First.Operator }},
			column[client.Account]{"PASSWORD", func(a client.Account) string { return a.First.Password }},
			column[client.Account]{"CLIENT ID", func(a client.Account) string { return a.First.ClientID }},
			column[client.Account]{"CLIENT SECRET", func(a client.Account) string { return a.First.ClientSecret }},
			column[client.Account]{"REGISTRATION CODE", func(a client.Account) string { return a.First.RegistrationCode }},
		))
	})
}

func accountsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List accounts", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Accounts(ctx), accountColumns)
	})
}
