package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"reeve/client"
	"reeve/internal/action"
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
	{"EXPIRES", expiry},
	{"ACTION", func(p client.Proposal) string { return p.Action }},
	{"PARAMS", func(p client.Proposal) string { return string(p.Params) }},
	{"DEVICES", func(p client.Proposal) string { return fmt.Sprint(p.Targets) }},
	{"WHICH", func(p client.Proposal) string {
		return cmp.Or(whichDevices(p.Selected), "too long for a list; show says")
	}},
	{"BY", func(p client.Proposal) string { return p.By }},
	{"COMMENT", func(p client.Proposal) string { return p.Comment }},
	{"DECIDED BY", func(p client.Proposal) string { return p.DecidedBy }},
	{"REASON", func(p client.Proposal) string { return p.Reason }},
}

// proposalFields are what one proposal has to say, for whoever decides on it. The
// group is the one that its parameters name, by its name.
func proposalFields(group string) []column[client.Proposal] {
	return []column[client.Proposal]{
		{"ID", func(p client.Proposal) string { return p.ID }},
		{"STATE", func(p client.Proposal) string { return p.State }},
		{"ACTION", func(p client.Proposal) string { return p.Action }},
		{"PARAMS", func(p client.Proposal) string { return string(p.Params) }},
		{"TO GROUP", func(client.Proposal) string { return group }},
		{"WHICH", func(p client.Proposal) string { return whichDevices(p.Selected) }},
		{"NAMED", func(p client.Proposal) string { return firstOf(p.Selected) }},
		{"DEVICES", func(p client.Proposal) string {
			if p.Applies == nil {
				return fmt.Sprint(p.Targets)
			}
			return fmt.Sprintf("%d, of which it applied to %d when it was proposed", p.Targets, *p.Applies)
		}},
		{"COMMENT", func(p client.Proposal) string { return p.Comment }},
		{"SOURCE", func(p client.Proposal) string { return p.Source }},
		{"BY", func(p client.Proposal) string { return p.By }},
		{"ASKED", func(p client.Proposal) string { return moment(p.Asked) }},
		{"EXPIRES", expiry},
		{"ONCE APPROVED", func(p client.Proposal) string {
			if p.Hold && waits(p) {
				return "it waits for the same order with --approved-job " + p.ID
			}
			return ""
		}},
		{"DECIDED", func(p client.Proposal) string { return moment(p.Decided) }},
		{"DECIDED BY", func(p client.Proposal) string { return p.DecidedBy }},
		{"REASON", func(p client.Proposal) string { return p.Reason }},
	}
}

// waits reports whether a proposal has not come to its end.
func waits(p client.Proposal) bool { return p.State == "proposed" || p.State == "approved" }

// expiry is when a proposal that nobody used or rejected is good for nothing any
// more.
func expiry(p client.Proposal) string {
	if p.State == "used" || p.State == "rejected" {
		return ""
	}
	return moment(p.Expires)
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
		return showProposal(ctx, c, o, p)
	})
}

// showProposal writes one proposal.
func showProposal(ctx context.Context, c *client.Client, o output, p client.Proposal) error {
	if o.json {
		return o.object(p)
	}
	name, _ := groupIn(ctx, c, p.Action, p.Params) // its id is told in any case
	return one(o, p, proposalFields(name))
}

// groupIn returns the name of the group that an order's parameters name by its
// id; "" for none.
func groupIn(ctx context.Context, c *client.Client, name string, params json.RawMessage) (string, error) {
	d, _ := action.Lookup(name)
	var given map[string]any
	json.Unmarshal(params, &given) // the server made it
	for _, p := range d.Params {
		id, ok := given[p.Name].(string)
		if p.Ask.Kind != action.InGroup || !ok || id == action.DefaultGroup {
			continue
		}
		for g, err := range c.Groups(ctx, "") {
			if err != nil || g.ID == id {
				return g.Name, err
			}
		}
	}
	return "", nil
}

func proposalDecision(use, short string, decide func(*client.Client, context.Context, string, client.Decision) (client.Proposal, error)) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: exactly("ID")}
	reason := cmd.Flags().String("reason", "", "why; the log keeps it")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		p, err := decide(c, ctx, args[0], client.Decision{Reason: *reason})
		if err != nil {
			return err
		}
		return showProposal(ctx, c, o, p)
	})
}
