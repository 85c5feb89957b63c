package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reeve/client"
)

func agentSettingsCommand() *cobra.Command {
	return family("agent-settings", "What agents are told to be, by group", agentSettingsList(), agentSettingsSet(), agentSettingsReset())
}

var agentSettingsColumns = []column[client.AgentSettings]{
	{"GROUP", func(s client.AgentSettings) string { return s.Group }},
	{"SET", func(s client.AgentSettings) string { return s.Set }},
	{"VERSION", func(s client.AgentSettings) string {
		switch {
		case s.Set == "":
			return ""
		case s.SetVersion == 0:
			return fmt.Sprintf("%d (newest)", s.Version)
		}
		return fmt.Sprint(s.Version)
	}},
	{"NEIGHBOURS", func(s client.AgentSettings) string { return yesOrNo(s.ReportNeighbours) }},
	{"QUARANTINE", func(s client.AgentSettings) string { return yesOrNo(s.Quarantine) }},
	{"ENGINES", func(s client.AgentSettings) string {
		if len(s.Engines) == 0 {
			return "all"
		}
		return strings.Join(s.Engines, ", ")
	}},
}

func groupFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("group", "", "only this group, by name or id; without it the account, for all groups without settings of their own")
}

// settingsOf names the settings of a group, or of the account.
func settingsOf(ctx context.Context, c *client.Client, group string) (string, error) {
	if group == "" {
		return client.OfAccount, nil
	}
	return findGroup(ctx, c, group)
}

func changeSettings(ctx context.Context, c *client.Client, o output, group string, change client.AgentSettingsChange) error {
	of, err := settingsOf(ctx, c, group)
	if err != nil {
		return err
	}
	settings, err := c.ChangeAgentSettings(ctx, of, change)
	if err != nil {
		return err
	}
	return one(o, settings, agentSettingsColumns)
}

func agentSettingsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the account's settings and those of groups with their own", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.AgentSettings(ctx), agentSettingsColumns)
	})
}

func agentSettingsSet() *cobra.Command {
	cmd := &cobra.Command{Use: "set", Short: "Change settings; what is not named stays", Args: exactly()}
	group, flags := groupFlag(cmd), cmd.Flags()
	neighbours := flags.Bool("report-neighbours", false, "let agents report devices that they see and that have no agent")
	quarantine := flags.Bool("quarantine", false, "let agents put away what a scan finds")
	engines := flags.StringSlice("engines", nil, "the only engines to scan with; empty is all")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		change := client.AgentSettingsChange{
			ReportNeighbours: given(flags, "report-neighbours", neighbours), Quarantine: given(flags, "quarantine", quarantine),
		}
		if flags.Changed("engines") {
			named := slices.DeleteFunc(*engines, func(e string) bool { return e == "" })
			change.Engines = &named
		}
		if change == (client.AgentSettingsChange{}) {
			return usagef("say what to change: --report-neighbours, --quarantine or --engines; reeve sets assign chooses a set")
		}
		return changeSettings(ctx, c, o, *group, change)
	})
}

func agentSettingsReset() *cobra.Command {
	cmd := &cobra.Command{Use: "reset", Short: "Give a group the account's settings again, or clear those", Args: exactly()}
	group := groupFlag(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, _ []string) error {
		of, err := settingsOf(ctx, c, *group)
		if err != nil {
			return err
		}
		return c.RemoveAgentSettings(ctx, of)
	})
}
