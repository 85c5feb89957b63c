package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"reeve/client"
)

func proposalsCommand() *cobra.Command {
	return family("proposals", "Orders that somebody else has to approve", proposalsList(), proposalsShow(),
		proposalDecision("approve ID", "Agree to a proposed job; with a token that an operator agreed to", (*client.Client).Approve),
		proposalDecision("reject ID", "End a proposed job, or take one's own back", (*client.Client).Reject))
}

var proposalColumns = []column[client.Proposal]{
	{"ID", func(p client.Proposal) string { return p.ID }},
	{"STATE", func(p client.Proposal) string { return p.State }},
	{"ASKED", func(p client.Proposal) string { return moment(p.Asked) }},
	{"EXPIRES", func(p client.Proposal) string { return moment(p.Expires) }},
	{"ACTION", func(p client.Proposal) string { return p.Action }},
	{"PARAMS", func(p client.Proposal) string { return string(p.Params) }},
	{"DEVICES", func(p client.Proposal) string { return fmt.Sprint(p.Targets) }},
	{"BY", func(p client.Proposal) string { return p.By }},
	{"COMMENT", func(p client.Proposal) string { return p.Comment }},
	{"DECIDED BY", func(p client.Proposal) string { return p.DecidedBy }},
	{"REASON", func(p client.Proposal) string { return p.Reason }},
}

func proposalsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List proposed jobs, newest first", Args: exactly()}
	states := cmd.Flags().StringSlice("state", nil, "only these: proposed, approved, rejected, used, expired")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Proposals(ctx, *states...), proposalColumns)
	})
}

func proposalsShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "Show a proposed job", Args: exactly("ID")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		p, err := c.Proposal(ctx, args[0])
		if err != nil {
			return err
		}
		return one(o, p, proposalColumns)
	})
}

func proposalDecision(use, short string, decide func(*client.Client, context.Context, string, client.Decision) (client.Proposal, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: exactly("ID")}
	reason := cmd.Flags().String("reason", "", "why; the log keeps it")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		p, err := decide(c, ctx, args[0], client.Decision{Reason: *reason})
		if err != nil {
			return err
		}
		return one(o, p, proposalColumns)
	})
}
