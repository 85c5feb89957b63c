package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"reeve/client"
)

var verdictFields = []column[client.Verdict]{
	{"ACCOUNT", func(v client.Verdict) string { return v.Account }},
	{"ROWS", func(v client.Verdict) string { return fmt.Sprint(v.Rows) }},
	{"CHECKPOINTS", func(v client.Verdict) string { return fmt.Sprint(v.Checkpoints) }},
	{"VERDICT", func(v client.Verdict) string {
		if v.Intact {
			return "intact: no row was edited, removed, reordered or cut off"
		}
		return v.Fault
	}},
}

// logVerify checks the log by way of the server.
func logVerify() *cobra.Command {
	cmd := &cobra.Command{Use: "verify", Short: "Check that the log is whole", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		verdict, err := c.VerifyLog(ctx)
		if err != nil {
			return err
		}
		if err := one(o, verdict, verdictFields); err != nil {
			return err
		}
		if !verdict.Intact {
			return fmt.Errorf("the log of account %s is not whole", verdict.Account)
		}
		return nil
	})
}
