package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"reeve/internal/serve"
)

func operatorsCommand() *cobra.Command {
	return family("operators", "People who sign in", operatorsReset())
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
