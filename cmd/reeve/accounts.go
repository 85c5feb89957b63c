package main

import (
	"context"
	"fmt"

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
