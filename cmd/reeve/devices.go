package main

import (
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
	return family("devices", "The inventory", devicesList(), devicesShow(), devicesImport(), devicesRetire())
}

func devicesList() *cobra.Command {
	var filter client.DeviceFilter
	cmd := &cobra.Command{Use: "list", Short: "List devices", Args: exactly()}
	cmd.Flags().StringVar(&filter.Search, "search", "", "only hostnames that contain this")
	cmd.Flags().StringSliceVar(&filter.Standings, "standing", nil, "only these: managed, unknown, ignored, out_of_license")
	cmd.Flags().StringVar(&filter.Group, "group", "", "only this group, by name or id")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		if filter.Group != "" {
			var err error
			if filter.Group, err = findGroup(ctx, c, filter.Group); err != nil {
				return err
			}
		}
		return list(o, c.Devices(ctx, filter), deviceColumns)
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
	column[client.Device]{"MACS", func(d client.Device) string { return strings.Join(d.MACs, " ") }},
	column[client.Device]{"CAN DO", func(d client.Device) string { return strings.Join(d.Abilities, " ") }},
	column[client.Device]{"EXEMPT UNTIL", exemptUntil},
	column[client.Device]{"OS", func(d client.Device) string { return d.OS }},
	column[client.Device]{"USER", func(d client.Device) string { return d.User }},
	column[client.Device]{"ADDRESS", func(d client.Device) string { return d.Address }},
	column[client.Device]{"IDENTITY", func(d client.Device) string {
		var answers []string
		for _, name := range sortedKeys(d.Identity) {
			answers = append(answers, name+"="+d.Identity[name])
		}
		return strings.Join(answers, " ")
	}},
	column[client.Device]{"ENROLLED", func(d client.Device) string { return moment(d.EnrolledAt) }},
)

func exemptUntil(d client.Device) string {
	switch {
	case d.ExemptUntil == nil:
		return ""
	case d.ExemptUntil.Equal(reeve.Forever):
		return "for ever"
	}
	return moment(*d.ExemptUntil)
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
		done := 0
		for part := range slices.Chunk(devices, importAtOnce) {
			if err := c.Import(ctx, part); err != nil {
				return fmt.Errorf("%d devices were imported, then: %w", done, err)
			}
			done += len(part)
		}
		if o.json {
			return o.object(map[string]int{"imported": done})
		}
		o.say("%s imported", plural(int64(done), "devices"))
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
