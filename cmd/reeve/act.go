package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reeve"
	"reeve/client"
	"reeve/internal/action"
)

// ordering are the flags of every command that orders an action.
type ordering struct {
	dryRun, wait  bool
	comment       string
	offline       string
	deliverWithin time.Duration
	expect        int
	propose, hold bool
	approved      string
}

// terms returns what the flags say.
func (f *ordering) terms() (client.Terms, error) {
	if f.deliverWithin < 0 || f.deliverWithin%time.Second != 0 {
		return client.Terms{}, usagef("--deliver-within must be in whole seconds, such as 90s or 1h")
	}
	return client.Terms{DryRun: f.dryRun, Comment: f.comment, Offline: f.offline, DeliverWithin: int64(f.deliverWithin / time.Second),
		Expect: f.expect, Propose: f.propose, Hold: f.hold, ApprovedJobID: f.approved}, nil
}

func (f *ordering) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "only tell what would happen, and why where nothing would")
	flags.BoolVar(&f.wait, "wait", false, "wait until every command has ended")
	flags.StringVar(&f.comment, "comment", "", "why; the job and the log keep it")
	flags.StringVar(&f.offline, "offline", "queue", "what becomes of devices that are away: queue or skip")
	flags.IntVar(&f.expect, "expect", 0, "how many devices it has to find; with another number nothing is done")
	flags.BoolVar(&f.propose, "propose", false, "only propose it, for somebody else to approve")
	flags.BoolVar(&f.hold, "hold", false, "with --propose: once approved, wait for the same order with --approved-job")
	flags.StringVar(&f.approved, "approved-job", "", "id of the proposed job that was approved")
	flags.DurationVar(&f.deliverWithin, "deliver-within", 0, "give up on devices that are not heard within this time, such as 1h")
}

// targets are the flags that say which devices.
type targets struct {
	ids, macs []string
	group     string
	all       bool
	filter    []string
}

func (t *targets) add(cmd *cobra.Command, wide bool) {
	flags := cmd.Flags()
	flags.StringSliceVar(&t.ids, "id", nil, "device ids, separated by commas; @FILE reads them from the lines of a file")
	flags.StringSliceVar(&t.macs, "mac", nil, "MAC addresses, likewise")
	if wide {
		flags.StringVar(&t.group, "group", "", "every device of a group, by name or id")
		flags.BoolVar(&t.all, "all", false, "every device of the account")
		flags.StringArrayVar(&t.filter, "filter", nil, "every device that reeve devices list has with this flag, such as standing=unknown or system=linux,mac; several narrow one another")
	}
}

// put writes the targets into an order.
func (t *targets) put(ctx context.Context, c *client.Client, o *client.Order) error {
	given := 0
	for _, is := range []bool{len(t.ids) > 0, len(t.macs) > 0, t.group != "", t.all, len(t.filter) > 0} {
		if is {
			given++
		}
	}
	if given != 1 {
		return usagef("say which devices in one way: --id, --mac, --group, --all or --filter")
	}
	var err error
	if o.IDs, err = readLists(t.ids); err != nil {
		return err
	}
	if o.MACs, err = readLists(t.macs); err != nil {
		return err
	}
	o.All = t.all
	if len(t.filter) > 0 {
		o.Filter, err = filterOf(ctx, c, t.filter)
		return err
	}
	if t.group != "" {
		o.Group, err = findGroup(ctx, c, t.group)
	}
	return err
}

// filterOf reads flags of reeve devices list, without the dashes before them.
func filterOf(ctx context.Context, c *client.Client, words []string) (*client.DeviceFilter, error) {
	var which selecting
	flags := &cobra.Command{Use: "filter"}
	which.add(flags)
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok || flags.Flags().Lookup(name) == nil {
			return nil, usagef("--filter %s must be a flag of reeve devices list with its value, such as standing=unknown", word)
		}
		if err := flags.Flags().Set(name, value); err != nil {
			return nil, usagef("--filter %s: %v", word, err)
		}
	}
	filter, err := which.put(ctx, c)
	return &filter, err
}

// readLists puts the lines of files in the place of @FILE.
func readLists(values []string) ([]string, error) {
	var out []string
	for _, value := range values {
		name, isFile := strings.CutPrefix(value, "@")
		if !isFile {
			out = append(out, value)
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, usagef("cannot read the list of devices: %v", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	return out, nil
}

func actCommand() *cobra.Command {
	var (
		who  targets
		how  ordering
		what []string
	)
	offered := action.Offered(action.Latest)
	cmd := &cobra.Command{
		Use:   "act ACTION (--id ID... | --mac MAC... | --group GROUP | --all | --filter FLAG=VALUE...)",
		Short: "Order an action on devices",
		Long:  "Order an action on devices. The actions are:\n\n" + actionHelp(offered),
		Args:  exactly("ACTION"),
	}
	for _, d := range offered {
		cmd.ValidArgs = append(cmd.ValidArgs, cobra.CompletionWithDesc(d.Name, d.Title))
	}
	cmd.Flags().StringArrayVar(&what, "param", nil, "a parameter of the action, such as exempt_time=24 or scan_types=1,4")
	who.add(cmd, true)
	how.add(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		definition, ok := action.Lookup(args[0])
		if !ok || !definition.OfferedIn(action.Latest) {
			return usagef("there is no action %q; reeve act --help lists them", args[0])
		}
		params, err := readParams(what, definition)
		if err != nil {
			return err
		}
		if params, err = namedGroups(ctx, c, definition, params); err != nil {
			return err
		}
		order := client.Order{Action: args[0], Params: params}
		if err := who.put(ctx, c, &order); err != nil {
			return err
		}
		return how.place(ctx, c, o, order)
	})
}

func actionHelp(offered []action.Definition) string {
	var b strings.Builder
	for _, d := range offered {
		fmt.Fprintf(&b, "  %-16s %s", d.Name, d.Title)
		if d.Example != "" {
			fmt.Fprintf(&b, "; parameters as in %s", d.Example)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// readParams makes the params object of k=v pairs. The action's example tells
// of what type a parameter is, or else how people are asked for it; one of which
// nothing is said is taken as it looks.
func readParams(pairs []string, d action.Definition) (json.RawMessage, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	model := map[string]any{}
	json.Unmarshal([]byte(d.Example), &model) // "" if the action has no parameters
	for _, p := range d.Params {
		if _, shown := model[p.Name]; !shown && p.Ask.Kind == action.Text {
			model[p.Name] = ""
		}
	}
	params := map[string]any{}
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("--param %s must be of the form name=value", pair)
		}
		switch model[name].(type) {
		case string:
			params[name] = text
		case []any:
			values := []any{}
			for part := range strings.SplitSeq(text, ",") {
				values = append(values, looksLike(part))
			}
			params[name] = values
		default:
			params[name] = looksLike(text)
		}
	}
	return json.Marshal(params)
}

// namedGroups puts ids in the place of groups' names, where a parameter asks for
// a group.
func namedGroups(ctx context.Context, c *client.Client, d action.Definition, params json.RawMessage) (json.RawMessage, error) {
	for _, p := range d.Params {
		var given map[string]any
		json.Unmarshal(params, &given) // nothing is given if there are none
		name, ok := given[p.Name].(string)
		if p.Ask.Kind != action.InGroup || !ok || name == action.DefaultGroup {
			continue
		}
		id, err := findGroup(ctx, c, name)
		if err != nil {
			return nil, err
		}
		given[p.Name] = id
		if params, err = json.Marshal(given); err != nil {
			return nil, err
		}
	}
	return params, nil
}

// looksLike reads a JSON value, and anything else as a string.
func looksLike(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

// place sends an order.
func (f *ordering) place(ctx context.Context, c *client.Client, o output, order client.Order) error {
	var err error
	if order.Terms, err = f.terms(); err != nil {
		return err
	}
	placed, err := c.Place(ctx, order, "")
	if err != nil {
		return err
	}
	return f.follow(ctx, c, o, order, placed)
}

// follow tells what became of an order, and waits for its end if that was asked for.
func (f *ordering) follow(ctx context.Context, c *client.Client, o output, order client.Order, placed client.Placement) error {
	if err := showPlacement(o, order, placed); err != nil {
		return err
	}
	if f.wait && placed.Job != nil {
		return waitFor(ctx, c, o, *placed.Job, refusedIn(placed) > 0)
	}
	if refusedIn(placed) > 0 {
		return &exit{code: exitSome}
	}
	return nil
}

// refusedIn counts what was not accepted: entries, or devices where the order
// named none.
func refusedIn(p client.Placement) int {
	n := 0
	for _, out := range p.Outcomes {
		if out.Status != 1 {
			n++
		}
	}
	if p.Outcomes == nil {
		for reason, devices := range p.Tally {
			if reason != client.Applies {
				n += devices
			}
		}
	}
	return n
}

// showPlacement tells what became of an order: a line of summary, and those
// devices with which it is not as asked. A dry run tells of all.
func showPlacement(o output, order client.Order, p client.Placement) error {
	if o.json {
		head := p
		head.Outcomes, head.Excluded = nil, nil
		if err := o.object(head); err != nil {
			return err
		}
		if err := list(o, sequence(p.Excluded), excludedColumns); err != nil {
			return err
		}
		return list(o, sequence(p.Outcomes), outcomeColumns)
	}
	refused := refusedIn(p)
	all := len(p.Outcomes)
	if p.Outcomes == nil {
		all = p.Tally[client.Applies] + refused
	}
	if p.Proposal != nil {
		o.say("job %s: %s is proposed for %d devices until %s; have somebody else approve it", p.Proposal.ID, order.Action, p.Proposal.Targets, moment(p.Proposal.Expires))
		return nil
	}
	if p.Job == nil && !order.DryRun {
		o.say("%d devices were restored", p.Restored)
		return nil
	}
	if order.DryRun {
		if p.NeedsApproval {
			o.say("somebody else has to approve it: it finds more devices than one person may order")
		}
		o.say("%s would apply to %d of %d; nothing was done", order.Action, all-refused, all)
	} else {
		o.say("job %s: %s accepted for %d of %d", p.Job.ID, order.Action, all-refused, all)
	}
	if p.Outcomes == nil {
		for _, word := range sortedKeys(p.Tally) {
			if reason, _ := reeve.ParseReason(word); reason != reeve.NoReason {
				o.say("  %d: %s", p.Tally[word], reason.Sentence())
			}
		}
		return showExcluded(o, p)
	}
	shown := p.Outcomes
	if !order.DryRun {
		shown = slices.DeleteFunc(slices.Clone(shown), func(out client.Outcome) bool { return out.Status == 1 })
	}
	if len(shown) == 0 {
		return nil
	}
	return list(o, sequence(shown), outcomeColumns)
}

// showExcluded tells of the devices that an order for many would pass by.
func showExcluded(o output, p client.Placement) error {
	if len(p.Excluded) == 0 {
		return nil
	}
	if err := list(o, sequence(p.Excluded), excludedColumns); err != nil {
		return err
	}
	if p.ExcludedMore > 0 {
		o.say("and %d more", p.ExcludedMore)
	}
	return nil
}

var excludedColumns = []column[client.Excluded]{
	{"DEVICE", func(e client.Excluded) string { return e.Device }},
	{"HOSTNAME", func(e client.Excluded) string { return e.Hostname }},
	{"WHY", func(e client.Excluded) string { return e.Why }},
}

var outcomeColumns = []column[client.Outcome]{
	{"DEVICE", func(o client.Outcome) string { return o.Device }},
	{"STATUS", func(o client.Outcome) string { return fmt.Sprint(o.Status) }},
	{"WHY", func(o client.Outcome) string { return o.Why }},
}
