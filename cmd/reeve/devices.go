package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reeve"
	"reeve/client"
)

func devicesCommand() *cobra.Command {
	return family("devices", "The inventory",
		devicesList(), devicesExport(), devicesShow(), devicesThreats(), devicesSet(), devicesImport(), devicesRetire(), devicesRestore())
}

func devicesThreats() *cobra.Command {
	cmd := &cobra.Command{Use: "threats ID|MAC", Short: "What scans found on a device", Args: exactly("ID|MAC")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		return list(o, c.DeviceThreats(ctx, args[0]), threatColumns)
	})
}

var threatColumns = []column[client.Threat]{
	{"LAST FOUND", func(t client.Threat) string { return moment(t.Last) }},
	{"THREAT", func(t client.Threat) string { return t.Signature }},
	{"ENGINE", func(t client.Threat) string { return t.Engine }},
	{"QUARANTINE", func(t client.Threat) string { return t.Quarantine }},
	{"PATH", func(t client.Threat) string { return t.Path }},
}

// selecting are the flags that narrow the inventory down.
type selecting struct {
	filter client.DeviceFilter
	group  string
}

func (s *selecting) add(cmd *cobra.Command) {
	flags, f := cmd.Flags(), &s.filter
	flags.StringVar(&f.Search, "search", "", "only those whose name contains this")
	flags.StringSliceVar(&f.In, "in", nil, "what --search looks in: hostname, nickname, mac, address, user, id")
	flags.StringSliceVar(&f.Standings, "standing", nil, "only these: managed, unknown, ignored, out_of_license, archived")
	flags.StringVar(&s.group, "group", "", "only this group, by name or id")
	flags.StringSliceVar(&f.Kinds, "agent-kind", nil, "only these agents: persistent, on_demand, mobile, domain_controller, none")
	flags.StringSliceVar(&f.Systems, "system", nil, "only these: windows, mac, linux, ios, android, other")
	flags.StringSliceVar(&f.Types, "type", nil, "only these: desktop, laptop, server, vm, phone, tablet")
	flags.StringSliceVar(&f.Presence, "presence", nil, "only these: connected, disconnected, unseen")
}

// put returns the filter that the flags say.
func (s *selecting) put(ctx context.Context, c *client.Client) (client.DeviceFilter, error) {
	if s.group == "" {
		return s.filter, nil
	}
	id, err := findGroup(ctx, c, s.group)
	s.filter.Groups = []string{id}
	return s.filter, err
}

func devicesList() *cobra.Command {
	var which selecting
	cmd := &cobra.Command{Use: "list", Short: "List devices", Args: exactly()}
	which.add(cmd)
	cmd.Flags().StringVar(&which.filter.Sort, "sort", "", "by record, hostname or last_seen; with - before it the other way round")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		filter, err := which.put(ctx, c)
		if err != nil {
			return err
		}
		return list(o, c.Devices(ctx, filter), deviceColumns)
	})
}

func devicesExport() *cobra.Command {
	var which selecting
	cmd := &cobra.Command{Use: "export", Short: "Write devices as a table with commas, or with --json as JSON lines", Args: exactly()}
	which.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		filter, err := which.put(ctx, c)
		if err != nil {
			return err
		}
		format := "csv"
		if o.json {
			format = "jsonl"
		}
		return c.ExportDevices(ctx, filter, format, o.out)
	})
}

func devicesSet() *cobra.Command {
	cmd := &cobra.Command{Use: "set ID|MAC", Short: "Say more of a device; what is not named stays", Args: exactly("ID|MAC")}
	flags := cmd.Flags()
	nickname := flags.String("nickname", "", "a name of its own; empty takes it away")
	custom := flags.String("custom-id", "", "a third party's id for it, unique in the account")
	user := flags.String("linked-user", "", "who it belongs to")
	team := flags.String("linked-team", "", "that user's group")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		what := client.Description{
			Nickname: given(flags, "nickname", nickname), CustomID: given(flags, "custom-id", custom),
			LinkedUser: given(flags, "linked-user", user), LinkedTeam: given(flags, "linked-team", team),
		}
		if what == (client.Description{}) {
			return usagef("say what to change: --nickname, --custom-id, --linked-user or --linked-team")
		}
		device, err := c.Describe(ctx, args[0], what)
		if err != nil {
			return err
		}
		return one(o, device, deviceFields)
	})
}

func devicesRestore() *cobra.Command {
	cmd := &cobra.Command{Use: "restore ID...", Short: "Bring deleted devices back", Args: atLeastOne}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		ids, err := readLists(args)
		if err != nil {
			return err
		}
		done, err := c.Restore(ctx, ids)
		if err != nil {
			return err
		}
		if o.json {
			if err := o.object(done); err != nil {
				return err
			}
		}
		for _, u := range done.Refused {
			o.say("%s: %s", u.ID, u.Why)
		}
		o.say("%d of %d restored", len(done.Restored), len(done.Restored)+len(done.Refused))
		if len(done.Refused) > 0 {
			return &exit{code: exitSome}
		}
		return nil
	})
}

var deviceColumns = []column[client.Device]{
	{"ID", func(d client.Device) string { return d.ID }},
	{"HOSTNAME", func(d client.Device) string { return d.Hostname }},
	{"STANDING", func(d client.Device) string { return d.Standing }},
	{"AGENT", func(d client.Device) string { return d.AgentKind }},
	{"VERSION", func(d client.Device) string { return d.AgentVersion }},
	{"SYSTEM", func(d client.Device) string { return d.System }},
	{"GROUP", func(d client.Device) string { return d.GroupName }},
	{"ONLINE", func(d client.Device) string { return yes(d.Online) }},
	{"LAST SEEN", func(d client.Device) string { return moment(d.LastSeen) }},
}

var deviceFields = append(slices.Clone(deviceColumns),
	column[client.Device]{"NICKNAME", func(d client.Device) string { return d.Nickname }},
	column[client.Device]{"CUSTOM ID", func(d client.Device) string { return d.CustomID }},
	column[client.Device]{"LINKED TO", func(d client.Device) string { return strings.TrimSpace(d.LinkedUser + " " + d.LinkedTeam) }},
	column[client.Device]{"TYPE", func(d client.Device) string { return d.Type }},
	column[client.Device]{"MACS", func(d client.Device) string { return strings.Join(d.MACs, " ") }},
	column[client.Device]{"CAN DO", func(d client.Device) string { return strings.Join(d.Abilities, " ") }},
	column[client.Device]{"EXEMPT FROM, UNTIL", exemptUntil},
	column[client.Device]{"OS", func(d client.Device) string { return d.OS }},
	column[client.Device]{"USER", func(d client.Device) string { return d.User }},
	column[client.Device]{"LOGGED IN", func(d client.Device) string { return strings.Join(d.Users, " ") }},
	column[client.Device]{"MEMORY", func(d client.Device) string { return amount(d.Memory) }},
	column[client.Device]{"DISKS", func(d client.Device) string {
		var disks []string
		for _, disk := range d.Disks {
			disks = append(disks, fmt.Sprintf("%s %s free of %s", disk.Name, amount(disk.Free), amount(disk.Size)))
		}
		return strings.Join(disks, ", ")
	}},
	column[client.Device]{"ADDRESS", func(d client.Device) string { return d.Address }},
	column[client.Device]{"IDENTITY", func(d client.Device) string { return answersLine(d.Identity) }},
	column[client.Device]{"SOURCE", func(d client.Device) string { return d.Source }},
	column[client.Device]{"SEEN BY", func(d client.Device) string { return strings.Join(d.SeenBy, " ") }},
	column[client.Device]{"FIRST SEEN", func(d client.Device) string { return moment(d.FirstSeen) }},
	column[client.Device]{"ENROLLED", func(d client.Device) string { return moment(d.EnrolledAt) }},
	column[client.Device]{"LAST REBOOT", func(d client.Device) string { return moment(d.LastReboot) }},
	column[client.Device]{"AGENT SINCE", func(d client.Device) string { return moment(d.AgentSince) }},
)

var identificationColumns = []column[client.Identification]{
	{"IDENTIFIED", func(i client.Identification) string { return moment(i.At) }},
	{"BY", func(i client.Identification) string { return i.Door }},
	{"USER", func(i client.Identification) string { return cmp.Or(i.User, i.Address) }},
	{"ANSWERS", func(i client.Identification) string { return answersLine(i.Answers) }},
}

// answersLine writes answers to re-identify in one line.
func answersLine(answers map[string]string) string {
	var parts []string
	for _, name := range sortedKeys(answers) {
		parts = append(parts, name+"="+answers[name])
	}
	return strings.Join(parts, ", ")
}

func exemptUntil(d client.Device) string {
	switch {
	case d.ExemptUntil == nil:
		return ""
	case d.ExemptUntil.Equal(reeve.Forever):
		return d.Exempt + ", for ever"
	}
	return d.Exempt + ", " + moment(*d.ExemptUntil)
}

func devicesShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID|MAC", Short: "Show a device and what was ordered of it", Args: exactly("ID|MAC")}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		device, err := c.Device(ctx, args[0])
		if err != nil {
			return err
		}
		if err := one(o, device, deviceFields); err != nil {
			return err
		}
		if o.json { // one object; its commands are reeve jobs show's
			return nil
		}
		if len(device.Identity) > 0 {
			o.say("")
			if err := list(o, first(10, c.Identifications(ctx, device.ID)), identificationColumns); err != nil {
				return err
			}
		}
		o.say("")
		return list(o, first(10, c.DeviceCommands(ctx, device.ID)), commandColumns)
	})
}

// importAtOnce is how many devices go into one request. Each request is stored
// as a whole or not at all.
const importAtOnce = 50_000

func devicesImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Add devices that have no agent, from columns hostname, mac[, mac...]",
		Args:  exactly("FILE.csv"),
	}
	dryRun := cmd.Flags().Bool("dry-run", false, "only count")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		file, err := os.Open(args[0])
		if err != nil {
			return reeve.Errorf(reeve.NotFound, "cannot read %s; check its path and rights", args[0]).Because(err)
		}
		defer file.Close()
		devices, err := readDevices(file)
		if err != nil {
			return err
		}
		var all client.Imported
		for part := range slices.Chunk(devices, importAtOnce) {
			done, err := c.Import(ctx, client.Import{Devices: part, DryRun: *dryRun})
			if err != nil {
				return fmt.Errorf("%d devices were imported, then: %w", all.Imported, err)
			}
			all.Imported, all.Skipped = all.Imported+done.Imported, all.Skipped+done.Skipped
		}
		if o.json {
			return o.object(all)
		}
		verb := "imported"
		if *dryRun {
			verb = "would be imported"
		}
		o.say("%s %s, %d are there already", plural(int64(all.Imported), "devices"), verb, all.Skipped)
		return nil
	})
}

// readDevices reads the table of an import. A first row that begins with
// "hostname" is taken for a heading.
func readDevices(r io.Reader) ([]client.NewDevice, error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = -1
	table.TrimLeadingSpace = true
	var out []client.NewDevice
	for n := 1; ; n++ {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, usagef("the file is not a table with commas: %v", err)
		}
		if n == 1 && strings.EqualFold(strings.TrimPrefix(row[0], "\ufeff"), "hostname") {
			continue
		}
		device := client.NewDevice{Hostname: strings.TrimSpace(row[0])}
		for _, mac := range row[1:] {
			if mac = strings.TrimSpace(mac); mac != "" {
				device.MACs = append(device.MACs, mac)
			}
		}
		line, _ := table.FieldPos(0)
		if device.Hostname == "" || len(device.MACs) == 0 {
			return nil, usagef("line %d needs a hostname and at least one MAC address", line)
		}
		for _, mac := range device.MACs {
			if _, ok := reeve.ParseMAC(mac); !ok {
				return nil, usagef("line %d: %q is not a MAC address", line, mac)
			}
		}
		out = append(out, device)
	}
	if len(out) == 0 {
		return nil, usagef("the file holds no devices")
	}
	return out, nil
}

func devicesRetire() *cobra.Command {
	var who targets
	var how ordering
	cmd := &cobra.Command{
		Use:   "retire (--id ID... | --mac MAC...)",
		Short: "Delete devices and order their agents to retire: act delete",
		Args:  exactly(),
	}
	who.add(cmd, false)
	how.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		order := client.Order{Action: "delete"}
		if err := who.put(ctx, c, &order); err != nil {
			return err
		}
		return how.place(ctx, c, o, order)
	})
}
