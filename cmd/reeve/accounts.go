package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reeve"
	"reeve/client"
)

func accountsCommand() *cobra.Command {
	return family("accounts", "Accounts of the server", accountsCreate(), accountsList(), accountsSet())
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
	column[client.Account]{"LICENSE KEY", func(a client.Account) string { return a.LicenseKey }},
	column[client.Account]{"UNASSESSED", func(a client.Account) string { return a.Settings.Unassessed }},
	column[client.Account]{"UNSEEN AFTER", func(a client.Account) string { return plural(a.Settings.UnseenAfterDays, "days") }},
	column[client.Account]{"RESTORABLE FOR", func(a client.Account) string { return plural(a.Settings.RestoreDays, "days") }},
	column[client.Account]{"REPORTS KEPT", func(a client.Account) string { return plural(a.Settings.KeepReportsDays, "days") }},
	column[client.Account]{"LOG KEPT", func(a client.Account) string {
		if a.Settings.KeepLogDays == 0 {
			return "for ever"
		}
		return plural(a.Settings.KeepLogDays, "days")
	}},
	column[client.Account]{"RANDOM MACS", func(a client.Account) string { return yes(a.Settings.RandomMACs) }},
	column[client.Account]{"APPROVE ABOVE", func(a client.Account) string {
		if a.Settings.ApproveAbove == 0 {
			return "never"
		}
		return plural(a.Settings.ApproveAbove, "devices")
	}},
	column[client.Account]{"CONFIRM FROM", func(a client.Account) string { return plural(a.Settings.ConfirmAbove, "devices") }},
	column[client.Account]{"COMMENTS", func(a client.Account) string {
		if a.Settings.RequireComment {
			return "required"
		}
		return ""
	}},
	column[client.Account]{"ASKED", func(a client.Account) string {
		var asked []string
		for _, f := range a.IdentityFields {
			asked = append(asked, f.Name)
		}
		return strings.Join(asked, ", ")
	}},
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
	seats, requests := giftFlags(flags)
	unassessed := flags.String("unassessed", "", "how a device counts whose posture nobody assessed: pending or compliant")
	unseen := flags.Int64("unseen-after-days", 0, "days without a word until a device counts as unseen; 0 is the default")
	restore := flags.Int64("restore-days", 0, "days that a deleted device can be restored; 0 is the default")
	reports := flags.Int64("keep-reports-days", 0, "days that results can be fetched; 0 is the default")
	fields := flags.String("identity-fields", "", "a file with the questions of re-identify: a JSON array of objects with name, label, type, required, pattern and choices")
	log := flags.Int64("keep-log-days", 0, "days after which rows of the log are pruned; 0 is never")
	random := flags.Bool("random-macs", false, "whether a machine that was seen with a made-up MAC address becomes a device")
	approve := flags.Int64("approve-above", 0, "devices that one person may order at once; on more, a second person has to approve; 0 is any number")
	confirm := flags.Int64("confirm-above", 0, "devices from which on the console asks for their number; 0 is the default")
	comment := flags.Bool("require-comment", false, "whether an order needs a comment, but on the published API, which has no place for one")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		settings := client.SettingsChange{
			Unassessed: given(flags, "unassessed", unassessed), UnseenAfterDays: given(flags, "unseen-after-days", unseen),
			RestoreDays: given(flags, "restore-days", restore), KeepReportsDays: given(flags, "keep-reports-days", reports),
			KeepLogDays: given(flags, "keep-log-days", log), RandomMACs: given(flags, "random-macs", random),
			ApproveAbove: given(flags, "approve-above", approve), ConfirmAbove: given(flags, "confirm-above", confirm), RequireComment: given(flags, "require-comment", comment),
		}
		change := client.AccountChange{
			Name: given(flags, "name", name), Seats: given(flags, "seats", seats), RequestsPerMinute: given(flags, "requests-per-minute", requests),
		}
		if *fields != "" {
			questions, err := readIdentityFields(*fields)
			if err != nil {
				return err
			}
			change.IdentityFields = &questions
		}
		if settings != (client.SettingsChange{}) {
			change.Settings = &settings
		}
		if change == (client.AccountChange{}) {
			return usagef("say what to change; reeve account set --help lists it")
		}
		account, err := c.ChangeAccount(ctx, change)
		if err != nil {
			return err
		}
		return one(o, account, accountFields)
	})
}

// readIdentityFields reads the questions of re-identify.
func readIdentityFields(name string) ([]client.IdentityField, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, reeve.Errorf(reeve.NotFound, "cannot read %s; check its path and rights", name).Because(err)
	}
	defer file.Close()
	fields := []client.IdentityField{}
	read := json.NewDecoder(file)
	read.DisallowUnknownFields()
	if err := read.Decode(&fields); err != nil {
		return nil, usagef("%s is not an array of identity fields: %v", name, err)
	}
	return fields, nil
}

// giftFlags are what an account is given.
func giftFlags(flags *pflag.FlagSet) (seats, requests *int64) {
	return flags.Int64("seats", 0, "how many managed devices may report; 0 is no limit"),
		flags.Int64("requests-per-minute", 0, "limit for each published API: 0 the server's, negative none")
}

func accountsSet() *cobra.Command {
	cmd := &cobra.Command{Use: "set NAME", Short: "Change what an account is given; what is not named stays", Args: exactly("NAME")}
	flags := cmd.Flags()
	seats, requests := giftFlags(flags)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		gift := client.Gift{Seats: given(flags, "seats", seats), RequestsPerMinute: given(flags, "requests-per-minute", requests)}
		if gift == (client.Gift{}) {
			return usagef("say what to change: --seats or --requests-per-minute")
		}
		account, err := c.Give(ctx, args[0], gift)
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
		account, err := c.CreateAccount(ctx, client.NewAccount{Name: args[0], Seats: *seats})
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
