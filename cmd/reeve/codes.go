package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"reeve/client"
)

func codesCommand() *cobra.Command {
	return family("codes", "Registration codes, with which devices enrol", codesCreate(), codesList(), codesRevoke())
}

var codeColumns = []column[client.Code]{
	{"BEGINS", func(c client.Code) string { return c.Hint }},
	{"NOTE", func(c client.Code) string { return c.Note }},
	{"AGENT", func(c client.Code) string { return c.Kind }},
	{"USED", func(c client.Code) string {
		if c.Uses == 0 {
			return fmt.Sprint(c.Used)
		}
		return fmt.Sprintf("%d of %d", c.Used, c.Uses)
	}},
	{"GROUP", func(c client.Code) string { return c.Group }},
	{"COMMUNITY", func(c client.Code) string { return yes(c.Community) }},
	{"EXPIRES", func(c client.Code) string { return moment(c.Expires) }},
	{"REVOKED", func(c client.Code) string { return moment(c.Revoked) }},
	{"ID", func(c client.Code) string { return c.ID }},
}

func codesCreate() *cobra.Command {
	var spec client.NewCode
	cmd := &cobra.Command{Use: "create", Short: "Create a registration code; it is shown once", Args: exactly()}
	flags := cmd.Flags()
	flags.StringVar(&spec.Note, "note", "", "what it is for")
	flags.StringVar(&spec.Group, "group", "", "group for its devices, by name or id")
	flags.StringVar(&spec.Kind, "agent-kind", "", "the only kind of agent it enrols: persistent, on_demand, mobile, domain_controller")
	flags.Int64Var(&spec.Uses, "uses", 0, "how many devices it enrols; 0 is no limit")
	flags.BoolVar(&spec.Community, "community", false, "agents with the community agent's protocol may use it")
	expires := flags.Duration("expires", 0, "how long it is valid, such as 24h; 0 is until it is revoked")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		if spec.Group != "" {
			var err error
			if spec.Group, err = findGroup(ctx, c, spec.Group); err != nil {
				return err
			}
		}
		if *expires != 0 {
			spec.Expires = time.Now().Add(*expires)
		}
		code, err := c.CreateCode(ctx, spec)
		if err != nil {
			return err
		}
		return one(o, code, append([]column[client.Code]{
			{"CODE", func(c client.Code) string { return c.Code }},
		}, codeColumns...))
	})
}

func codesList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List registration codes by how they begin", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Codes(ctx), codeColumns)
	})
}

func codesRevoke() *cobra.Command {
	cmd := &cobra.Command{Use: "revoke CODE|ID...", Short: "End registration codes", Args: atLeastOne}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, args []string) error {
		for _, code := range args {
			if err := c.RevokeCode(ctx, code); err != nil {
				return err
			}
		}
		return nil
	})
}
