package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reeve"
	"reeve/client"
	"reeve/internal/serve"
)

var verdictFields = []column[client.Verdict]{
	{"ACCOUNT", func(v client.Verdict) string { return v.Account }},
	{"ROWS", func(v client.Verdict) string { return fmt.Sprint(v.Rows) }},
	{"CHECKPOINTS", func(v client.Verdict) string { return fmt.Sprint(v.Checkpoints) }},
	{"VERDICT", func(v client.Verdict) string {
		if v.Intact && v.From > 1 {
			return fmt.Sprintf("intact from row %d on: no row was edited, removed, reordered or cut off; those before it were pruned", v.From)
		}
		if v.Intact {
			return "intact: no row was edited, removed, reordered or cut off"
		}
		return v.Fault
	}},
}

// logVerify checks the log by way of the server, or with --data in the server's
// own folder, for which no server is needed.
func logVerify() *cobra.Command {
	cmd := &cobra.Command{Use: "verify", Short: "Check that the log is whole", Args: exactly()}
	remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		verdict, err := c.VerifyLog(ctx)
		if err != nil {
			return err
		}
		return showVerdicts(o, verdict)
	})
	throughServer := cmd.RunE
	var c serve.Config
	dataFlags(cmd, &c)
	against := cmd.Flags().String("against", "", "with --data: file of checkpoints that was kept elsewhere")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if c.Data == "" && *against != "" {
			return usagef("--against needs the server's data folder: give --data DIR as well")
		}
		if c.Data == "" {
			return throughServer(cmd, args)
		}
		asJSON, _ := cmd.Flags().GetBool("json")
		kept, err := readKept(*against)
		if err != nil {
			return err
		}
		found, err := serve.VerifyLogs(cmd.Context(), c, kept)
		if err != nil {
			return err
		}
		verdicts := make([]client.Verdict, len(found))
		for i, v := range found {
			verdicts[i] = client.Verdict{Account: v.Account, Rows: v.Rows, From: v.From, Checkpoints: v.Checkpoints, Intact: v.Fault == "", Fault: v.Fault}
		}
		return showVerdicts(output{json: asJSON, out: cmd.OutOrStdout(), notes: cmd.ErrOrStderr()}, verdicts...)
	}
	return cmd
}

func showVerdicts(o output, verdicts ...client.Verdict) error {
	var fault error
	for _, v := range verdicts {
		if err := one(o, v, verdictFields); err != nil {
			return err
		}
		if !v.Intact {
			fault = fmt.Errorf("the log of account %s is not whole", v.Account)
		}
	}
	return fault
}

func readKept(path string) ([]reeve.Checkpoint, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, reeve.Errorf(reeve.NotFound, "cannot read the file of --against; check its path").Because(err)
	}
	defer file.Close()
	return serve.ReadCheckpoints(file)
}
