package control

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"reeve"
)

// What is allowed of outlets.
const (
	maxExports      = 8
	maxOutletEvents = 64
	maxOutletText   = 1024      // of a key, a secret and each setting but these:
	maxOutletURL    = 2048      //
	maxOutletCA     = 64 * 1024 // several certificates
)

// webhookName is the name of every webhook among the outlets of its account. No
// export can have it.
const webhookName = "(webhook)"

// An OutletSpec is what a caller wants an outlet to be.
type OutletSpec struct {
	Kind     reeve.OutletKind // of an export; cannot be changed
	Name     string           // of an export
	Enabled  bool
	Events   []string
	Settings reeve.OutletSettings
	Secret   *string // nil keeps the one there is
}

// Webhook returns the account's webhook.
func (c *Control) Webhook(ctx context.Context, caller reeve.Caller) (reeve.Outlet, error) {
	return c.outlet(ctx, caller, isWebhook)
}

func isWebhook(o reeve.Outlet) bool { return o.Kind == reeve.WebhookOutlet }

var errNoOutlet = reeve.Errorf(reeve.NotFound, "there is no such outlet in this account")

// outlet finds one outlet of the caller's account.
func (c *Control) outlet(ctx context.Context, caller reeve.Caller, is func(reeve.Outlet) bool) (reeve.Outlet, error) {
	outlets, err := c.outlets(ctx, caller)
	if err != nil {
		return reeve.Outlet{}, err
	}
	i := slices.IndexFunc(outlets, is)
	if i < 0 {
		return reeve.Outlet{}, errNoOutlet
	}
	return outlets[i], nil
}

func (c *Control) outlets(ctx context.Context, caller reeve.Caller) ([]reeve.Outlet, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return nil, err
	}
	return c.store.Outlets(ctx, caller.Account)
}

// SetWebhook makes the account's webhook what spec says, or creates it. A key
// that is kept goes where it went before and nowhere else: for another address
// it must be given again.
func (c *Control) SetWebhook(ctx context.Context, caller reeve.Caller, spec OutletSpec) (reeve.Outlet, error) {
	had, err := c.Webhook(ctx, caller)
	if reeve.KindOf(err) != reeve.NotFound && err != nil {
		return reeve.Outlet{}, err
	}
	spec.Kind, spec.Name = reeve.WebhookOutlet, webhookName
	if had.ID != "" && spec.Secret == nil && spec.Settings.URL != had.Settings.URL {
		return reeve.Outlet{}, reeve.Errorf(reeve.Invalid, "another callback needs the API key again; send api_key with it")
	}
	return c.setOutlet(ctx, caller, had, spec, "webhook_changed")
}

// RemoveWebhook ends the account's webhook.
func (c *Control) RemoveWebhook(ctx context.Context, caller reeve.Caller) error {
	had, err := c.Webhook(ctx, caller)
	if err != nil {
		return err
	}
	return c.store.RemoveOutlet(ctx, caller.Account, had.ID, outletEntry(c, caller, had, "webhook_removed"))
}

// TestWebhook allows the caller to send a sample, notes it in the log and
// returns the webhook.
func (c *Control) TestWebhook(ctx context.Context, caller reeve.Caller) (reeve.Outlet, error) {
	had, err := c.Webhook(ctx, caller)
	if err != nil {
		return had, err
	}
	return had, c.store.Append(ctx, outletEntry(c, caller, had, "webhook_tested"))
}

// Exports returns the account's exports, oldest first.
func (c *Control) Exports(ctx context.Context, caller reeve.Caller) ([]reeve.Outlet, error) {
	outlets, err := c.outlets(ctx, caller)
	return slices.DeleteFunc(outlets, isWebhook), err
}

// Export returns one export by id.
func (c *Control) Export(ctx context.Context, caller reeve.Caller, id string) (reeve.Outlet, error) {
	return c.outlet(ctx, caller, func(o reeve.Outlet) bool { return o.ID == id && !isWebhook(o) })
}

// CreateExport adds an export, which begins at the end of the log.
func (c *Control) CreateExport(ctx context.Context, caller reeve.Caller, spec OutletSpec) (reeve.Outlet, error) {
	had, err := c.Exports(ctx, caller)
	if err != nil {
		return reeve.Outlet{}, err
	}
	if len(had) >= maxExports {
		return reeve.Outlet{}, reeve.Errorf(reeve.Invalid, "an account has at most %d exports; remove one first", maxExports)
	}
	return c.setOutlet(ctx, caller, reeve.Outlet{}, spec, "export_created")
}

// ChangeExport makes the export with this id what spec says; its kind and its
// place in the log stay.
func (c *Control) ChangeExport(ctx context.Context, caller reeve.Caller, id string, spec OutletSpec) (reeve.Outlet, error) {
	had, err := c.Export(ctx, caller, id)
	if err != nil {
		return had, err
	}
	spec.Kind = had.Kind
	return c.setOutlet(ctx, caller, had, spec, "export_changed")
}

// RemoveExport ends an export; what it wrote stays.
func (c *Control) RemoveExport(ctx context.Context, caller reeve.Caller, id string) error {
	had, err := c.Export(ctx, caller, id)
	if err != nil {
		return err
	}
	return c.store.RemoveOutlet(ctx, caller.Account, had.ID, outletEntry(c, caller, had, "export_removed"))
}

// setOutlet adds an outlet, or changes the one that there was.
func (c *Control) setOutlet(ctx context.Context, caller reeve.Caller, had reeve.Outlet, spec OutletSpec, event string) (reeve.Outlet, error) {
	if spec.Kind == reeve.FileOutlet {
		if err := c.allowServer(ctx, caller); err != nil { // its disk is not the account's own
			return reeve.Outlet{}, err
		}
	}
	if err := checkOutlet(&spec, had.Sealed != nil); err != nil {
		return reeve.Outlet{}, err
	}
	o := had
	o.Kind, o.Name, o.Enabled, o.Events, o.Settings = spec.Kind, spec.Name, spec.Enabled, spec.Events, spec.Settings
	if had.ID == "" {
		o.Account, o.ID, o.Created = caller.Account, reeve.NewID(), c.now()
	}
	if spec.Secret != nil {
		o.Sealed = c.opts.Seal(o.ID, *spec.Secret)
	}
	e := outletEntry(c, caller, o, event)
	if had.ID != "" {
		e.Detail = changed(outletFacts(o), outletFacts(had))
	}
	if spec.Secret != nil {
		e.Detail = detail(e.Detail, map[string]any{"new_secret": true})
	}
	if had.ID == "" {
		return c.store.AddOutlet(ctx, o, e)
	}
	if err := c.store.SetOutlet(ctx, o, e); err != nil {
		return reeve.Outlet{}, err
	}
	return c.outlet(ctx, caller, func(other reeve.Outlet) bool { return other.ID == o.ID })
}

func outletEntry(c *Control, caller reeve.Caller, o reeve.Outlet, event string) reeve.AuditEntry {
	return entry(caller, c.now(), event, detail("", outletFacts(o)))
}

// outletFacts tell where an outlet leads, without what a URL may hide in its
// path and query.
func outletFacts(o reeve.Outlet) map[string]any {
	facts := map[string]any{"id": o.ID, "kind": o.Kind, "enabled": o.Enabled, "events": o.Events, "to": destination(o)}
	if !isWebhook(o) {
		facts["name"] = o.Name
	}
	return facts
}

var eventWord = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// checkEvents sorts the choice of events and drops repetitions.
func checkEvents(spec *OutletSpec) error {
	spec.Events = slices.Compact(slices.Sorted(slices.Values(spec.Events)))
	if len(spec.Events) > maxOutletEvents {
		return reeve.Errorf(reeve.Invalid, "more than %d events were chosen; choose none for all of them", maxOutletEvents)
	}
	for _, event := range spec.Events {
		if spec.Kind == reeve.WebhookOutlet && !slices.Contains(reeve.WebhookStatuses, event) || !eventWord.MatchString(event) {
			return noEvent(spec.Kind, event)
		}
	}
	if spec.Kind == reeve.WebhookOutlet && len(spec.Events) == 0 {
		return reeve.Errorf(reeve.Invalid, "choose at least one event: %s", strings.Join(reeve.WebhookStatuses, ", "))
	}
	return nil
}

func noEvent(kind reeve.OutletKind, event string) error {
	if isWebhook(reeve.Outlet{Kind: kind}) {
		return reeve.Errorf(reeve.Invalid, "there is no event %.40q; a webhook has %s", event, strings.Join(reeve.WebhookStatuses, ", "))
	}
	return reeve.Errorf(reeve.Invalid, "there is no event %.40q; events are words of the log such as job_placed", event)
}
