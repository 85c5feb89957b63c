package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"reeve/client"
)

func groupsCommand() *cobra.Command {
	return family("groups", "Groups of devices", groupsList(), groupsCreate(), groupsSet(), groupsRemove(), groupsAssign())
}

var groupColumns = []column[client.Group]{
	{"ID", func(g client.Group) string { return g.ID }},
	{"NAME", func(g client.Group) string { return g.Name }},
	{"DEVICES", func(g client.Group) string { return fmt.Sprint(g.Devices) }},
	{"DEFAULT", func(g client.Group) string { return yes(g.Default) }},
	{"DESCRIPTION", func(g client.Group) string { return g.Description }},
}

func groupsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List groups", Args: exactly()}
	search := cmd.Flags().String("search", "", "only names that contain this")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Groups(ctx, *search), groupColumns)
	})
}

func groupsCreate() *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Create a group", Args: exactly("NAME")}
	description := cmd.Flags().String("description", "", "what the group is for")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		group, err := c.CreateGroup(ctx, client.NewGroup{Name: args[0], Description: *description})
		if err != nil {
			return err
		}
		return one(o, group, groupColumns)
	})
}

func groupsSet() *cobra.Command {
	cmd := &cobra.Command{Use: "set GROUP", Short: "Change a group; what is not named stays", Args: exactly("GROUP")}
	flags := cmd.Flags()
	name := flags.String("name", "", "another name")
	description := flags.String("description", "", "what the group is for")
	byDefault := flags.Bool("default", false, "let it take new devices from now on")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		change := client.GroupChange{
			Name: given(flags, "name", name), Description: given(flags, "description", description), Default: given(flags, "default", byDefault),
		}
		if change == (client.GroupChange{}) {
			return usagef("say what to change: --name, --description or --default")
		}
		id, err := findGroup(ctx, c, args[0])
		if err != nil {
			return err
		}
		group, err := c.ChangeGroup(ctx, id, change)
		if err != nil {
			return err
		}
		return one(o, group, groupColumns)
	})
}

func groupsRemove() *cobra.Command {
	cmd := &cobra.Command{Use: "remove GROUP", Short: "Remove a group; its devices go to the default group", Args: exactly("GROUP")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		id, err := findGroup(ctx, c, args[0])
		if err != nil {
			return err
		}
		return c.RemoveGroup(ctx, id)
	})
}

func groupsAssign() *cobra.Command {
	var who targets
	var how ordering
	cmd := &cobra.Command{
		Use:   "assign TO (--id ID... | --mac MAC... | --group GROUP | --all)",
		Short: "Put devices into a group: act assign_to_group",
		Args:  exactly("TO"),
	}
	who.add(cmd, true)
	how.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		id, err := findGroup(ctx, c, args[0])
		if err != nil {
			return err
		}
		params, err := json.Marshal(map[string]string{"group_id": id})
		if err != nil {
			return err
		}
		order := client.Order{Action: "assign_to_group", Params: params}
		if err := who.put(ctx, c, &order); err != nil {
			return err
		}
		return how.place(ctx, c, o, order)
	})
}
