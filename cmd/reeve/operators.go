package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
	"reeve/internal/serve"
)

func operatorsCommand() *cobra.Command {
	return family("operators", "People who sign in",
		operatorsCreate(), operatorsList(), operatorsChange(), operatorsRemove(), operatorsReset())
}

var operatorColumns = []column[client.Operator]{
	{"NAME", func(o client.Operator) string { return o.Name }},
	{"ROLE", func(o client.Operator) string { return o.Role }},
	{"GROUPS", func(o client.Operator) string {
		roles := make([]string, len(o.Groups))
		for i, g := range o.Groups {
			roles[i] = g.Group + "=" + g.Role
		}
		return strings.Join(roles, " ")
	}},
	{"AT PROVIDER", func(o client.Operator) string { return o.Provider }},
	{"CREATED", func(o client.Operator) string { return moment(o.Created) }},
}

var operatorFields = append(operatorColumns[:len(operatorColumns):len(operatorColumns)],
	column[client.Operator]{"PASSWORD", func(o client.Operator) string { return o.Password }})

func operatorsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List operators", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Operators(ctx), operatorColumns)
	})
}

// passwordFlag is a file with a password, since command lines can be read by
// others; its result is "" without one.
func passwordFlag(cmd *cobra.Command) func() (string, error) {
	file := cmd.Flags().String("password-file", "", "file with the password, - for standard input (default: the server makes one)")
	return func() (string, error) {
		if *file == "" {
			return "", nil
		}
		read := os.ReadFile
		if *file == "-" {
			read = func(string) ([]byte, error) { return io.ReadAll(cmd.InOrStdin()) }
		}
		text, err := read(*file)
		if err != nil {
			return "", usagef("cannot read the password: %v", err)
		}
		password := strings.TrimRight(string(text), "\r\n")
		if password == "" {
			return "", usagef("the file with the password is empty")
		}
		return password, nil
	}
}

// roleFlags say what an operator may do. Their result is what was given of it,
// with the ids of groups in the place of names.
func roleFlags(cmd *cobra.Command, otherwise string) func(context.Context, *client.Client) (client.OperatorChange, error) {
	flags := cmd.Flags()
	role := flags.String("role", otherwise, "what the operator may do in the account: viewer, operator, administrator, auditor or none")
	scopes := flags.StringSlice("scope", nil, "the scopes of a role, in its place")
	groups := flags.StringSlice("group-role", nil, "what the operator may do with the devices of a group, as GROUP=ROLE; may be repeated")
	return func(ctx context.Context, c *client.Client) (change client.OperatorChange, err error) {
		change = client.OperatorChange{Role: given(flags, "role", role), Scopes: given(flags, "scope", scopes)}
		if change.Role != nil && change.Scopes != nil {
			return change, usagef("say either --role or --scope")
		}
		if change.Scopes == nil && otherwise != "" {
			change.Role = role
		}
		if change.Role != nil && *change.Role == "none" {
			change.Role = new("")
		}
		if !flags.Changed("group-role") {
			return change, nil
		}
		change.Groups = &[]client.GroupRole{}
		for _, text := range *groups {
			at := strings.LastIndex(text, "=")
			if text == "" {
				continue
			}
			if at < 0 {
				return change, usagef("--group-role must be GROUP=ROLE, not %q", text)
			}
			group, err := findGroup(ctx, c, text[:at])
			if err != nil {
				return change, err
			}
			*change.Groups = append(*change.Groups, client.GroupRole{Group: group, Role: text[at+1:]})
		}
		return change, nil
	}
}

func operatorsCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Create an operator; the password is shown once", Args: exactly("NAME")}
	password := passwordFlag(cmd)
	roles := roleFlags(cmd, "operator")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		chosen, err := password()
		if err != nil {
			return err
		}
		may, err := roles(ctx, c)
		if err != nil {
			return err
		}
		spec := client.NewOperator{Name: args[0], Password: chosen}
		takeValue(&spec.Role, may.Role)
		takeValue(&spec.Scopes, may.Scopes)
		takeValue(&spec.Groups, may.Groups)
		operator, err := c.CreateOperator(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, operator, operatorFields)
	})
}

// takeValue stores what was given, if anything was.
func takeValue[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

func operatorsChange() *cobra.Command {
	cmd := &cobra.Command{Use: "change NAME", Short: "Change an operator; a new password ends what the operator authorised", Args: exactly("NAME")}
	password := passwordFlag(cmd)
	roles := roleFlags(cmd, "")
	provider := cmd.Flags().String("provider-name", "", "by what the OpenID provider names the operator, for the first time that he signs in there; empty for the operator's name")
	renew := cmd.Flags().Bool("new-password", false, "have the server make a new password, and show it")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		change, err := roles(ctx, c)
		if err != nil {
			return err
		}
		chosen, err := password()
		if err != nil {
			return err
		}
		if *renew || chosen != "" {
			change.Password = &chosen
		}
		change.Provider = given(cmd.Flags(), "provider-name", provider)
		if change == (client.OperatorChange{}) {
			return usagef("say what to change: --role, --group-role, --provider-name, --new-password or --password-file")
		}
		operator, err := c.ChangeOperator(ctx, args[0], change)
		if err != nil {
			return err
		}
		return one(o, operator, operatorFields)
	})
}

func operatorsRemove() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME...", Short: "Remove operators and end what they authorised", Args: atLeastOne}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, args []string) error {
		for _, name := range args {
			if err := c.RemoveOperator(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// operatorsReset works on the data folder, since who needs it cannot sign in.
func operatorsReset() *cobra.Command {
	var c serve.Config
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "reset --data DIR [NAME]",
		Short: "Give an operator a new password and show it (the server must be stopped)",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "admin"
			if len(args) > 1 {
				return usagef("usage: %s", cmd.UseLine())
			}
			if len(args) == 1 {
				name = args[0]
			}
			password, err := serve.ResetOperator(cmd.Context(), c, name)
			if err != nil {
				return err
			}
			if asJSON {
				o := output{json: true, out: cmd.OutOrStdout()}
				return o.object(map[string]string{"operator": name, "password": password})
			}
			fmt.Fprintln(cmd.OutOrStdout(), password)
			return nil
		},
	}
	dataFlags(cmd, &c)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
}

// dataFlags are those of commands that work on a server's data without it.
func dataFlags(cmd *cobra.Command, c *serve.Config) {
	cmd.Flags().StringVar(&c.Data, "data", "", "the server's data folder")
	cmd.Flags().StringVar(&c.Keys, "keys", "", "folder of the keys (default: DATA/keys)")
	cmd.Flags().StringVar(&c.Database, "database", "", "postgres:// URL (default: SQLite in --data)")
}
