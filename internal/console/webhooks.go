package console

import (
	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) webhookRoutes() []door.Route {
	return []door.Route{
		c.see("webhooks", reeve.Admin, c.webhooks),
		c.see("webhooks/edit", reeve.Admin, c.editWebhook),
		c.change("webhooks", reeve.Admin, "webhook_changed", c.setWebhook),
		c.change("webhooks/remove", reeve.Admin, "webhook_removed", c.removeWebhook),
		c.change("webhooks/test", reeve.Admin, "webhook_tested", c.testWebhook),
		c.see("webhooks/exports/new", reeve.Admin, c.newExport),
		c.change("webhooks/exports", reeve.Admin, "export_created", c.createExport),
		c.see("webhooks/exports/{id}", reeve.Admin, c.export),
		c.change("webhooks/exports/{id}", reeve.Admin, "export_changed", c.changeExport),
		c.change("webhooks/exports/{id}/remove", reeve.Admin, "export_removed", c.removeExport),
	}
}

// A webhooksPage shows where the log flows to by itself, and how that fares.
type webhooksPage struct {
	Webhook *reeve.Outlet // nil without one
	Exports []reeve.Outlet
	Reply   *reeve.Reply // to a sample that was just sent
}

func (c *console) webhooks(v *visit) (*page, error) { return c.showWebhooks(v, nil) }

func (c *console) showWebhooks(v *visit, reply *reeve.Reply) (*page, error) {
	shown := webhooksPage{Reply: reply}
	hook, err := c.webhook(v)
	if err != nil {
		return nil, err
	}
	if hook.ID != "" {
		shown.Webhook = &hook
	}
	if shown.Exports, err = c.Rules.Exports(v.Context(), v.Caller); err != nil {
		return nil, err
	}
	return &page{name: "webhooks", title: "webhooks.title", data: shown}, nil
}

// webhook returns the account's webhook, without an ID if there is none.
func (c *console) webhook(v *visit) (reeve.Outlet, error) {
	hook, err := c.Rules.Webhook(v.Context(), v.Caller)
	if reeve.KindOf(err) == reeve.NotFound {
		return reeve.Outlet{}, nil
	}
	return hook, err
}

// A webhookPage is the form for the webhook.
type webhookPage struct {
	There    bool
	Filled   filled
	Statuses []string
}

func (c *console) webhookForm(v *visit, typed filled) (*page, error) {
	hook, err := c.webhook(v)
	if err != nil {
		return nil, err
	}
	shown := webhookPage{There: hook.ID != "", Filled: typed, Statuses: reeve.WebhookStatuses}
	if typed == nil {
		f := filled{"url": hook.Settings.URL, "ca": hook.Settings.CA}
		f.tick("enabled", hook.Enabled || !shown.There)
		for _, status := range hook.Events {
			f.tick("event."+status, true)
		}
		shown.Filled = f
	}
	return &page{name: "webhook", title: "webhooks.edit", data: shown}, nil
}

func (c *console) editWebhook(v *visit) (*page, error) { return c.webhookForm(v, nil) }

func (c *console) setWebhook(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled("key")
	_, err := c.Rules.SetWebhook(v.Context(), v.Caller, control.OutletSpec{
		Enabled: f.has("enabled"), Events: chosen(f, "event", reeve.WebhookStatuses),
		Settings: reeve.OutletSettings{URL: f["url"], CA: f["ca"]}, Secret: v.newSecret("key"),
	})
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.webhookForm(v, f) })
	}
	return v.done("webhooks", "webhooks.saved")
}

// newSecret returns what was typed into a field for a secret; nil keeps the one
// that there is.
func (v *visit) newSecret(field string) *string {
	if secret := v.PostForm.Get(field); secret != "" {
		return &secret
	}
	return nil
}

func (c *console) removeWebhook(v *visit) (*page, error) {
	if err := c.Rules.RemoveWebhook(v.Context(), v.Caller); err != nil {
		return nil, err
	}
	return v.done("webhooks", "webhooks.removed")
}

func (c *console) testWebhook(v *visit) (*page, error) {
	hook, err := c.Rules.TestWebhook(v.Context(), v.Caller)
	if err != nil {
		return nil, err
	}
	reply, err := c.Sample(v.Context(), hook)
	if err != nil {
		return nil, err
	}
	return c.showWebhooks(v, &reply)
}
