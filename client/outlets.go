package client

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// A Webhook is where the account's device events are pushed.
type Webhook struct {
	URL     string    `json:"url"`
	Enabled bool      `json:"enabled"`
	Events  []string  `json:"events"`       // of installed, deleted, compliant, non_compliant, threat_found
	CA      string    `json:"ca,omitempty"` // PEM certificates to trust besides the system's
	Created time.Time `json:"created"`
	Flow
}

// A WebhookSpec is what a webhook shall be.
type WebhookSpec struct {
	URL     string   `json:"url"`
	APIKey  *string  `json:"api_key,omitempty"` // nil keeps the one there is
	Enabled *bool    `json:"enabled,omitempty"` // nil is true
	Events  []string `json:"events"`
	CA      *string  `json:"ca,omitempty"`
}

// A Flow is how a webhook or an export fares.
type Flow struct {
	Behind      int64     `json:"behind"`             // rows of the log that wait
	Failures    int64     `json:"failures,omitempty"` // in a row
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastFailure time.Time `json:"last_failure,omitzero"`
	LastError   string    `json:"last_error,omitempty"` // of the last failure
}

// A Reply is what a webhook's receiver said to a sample.
type Reply struct {
	Received bool   `json:"received"`          // it answered 2xx
	Status   int    `json:"status,omitempty"`  // of HTTP; 0 if there was no answer
	Body     string `json:"body,omitempty"`    // how the answer begins
	Failure  string `json:"failure,omitempty"` // why it does not count as received
	Millis   int64  `json:"milliseconds"`
}

// An Export is where rows of the log are written as JSON lines.
type Export struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // file, syslog or s3
	Name    string    `json:"name"`
	Enabled bool      `json:"enabled"`
	Events  []string  `json:"events"` // none is all
	Created time.Time `json:"created"`
	ExportSettings
	Flow
}

// ExportSettings are where an export leads; which count is told by its kind.
type ExportSettings struct {
	Devices bool `json:"devices,omitempty"` // also a line for each device of a job

	Network string `json:"network,omitempty"` // syslog: udp, tcp or tls
	Address string `json:"address,omitempty"` // syslog: HOST:PORT

	Endpoint  string `json:"endpoint,omitempty"` // s3
	Bucket    string `json:"bucket,omitempty"`
	Prefix    string `json:"prefix,omitempty"`
	Region    string `json:"region,omitempty"`
	AccessKey string `json:"access_key,omitempty"`
	PathStyle bool   `json:"path_style,omitempty"`
	Gzip      bool   `json:"gzip,omitempty"`
	Every     int64  `json:"every,omitempty"` // s3: seconds between objects

	CA string `json:"ca,omitempty"` // PEM certificates to trust besides the system's
}

// An ExportSpec is what an export shall be. Of a change, nil members stay; the
// kind cannot be changed.
type ExportSpec struct {
	Kind      string    `json:"kind,omitempty"`
	Name      *string   `json:"name,omitempty"`
	Enabled   *bool     `json:"enabled,omitempty"` // a new one is enabled unless this is false
	Events    *[]string `json:"events,omitempty"`
	Devices   *bool     `json:"devices,omitempty"`
	Network   *string   `json:"network,omitempty"`
	Address   *string   `json:"address,omitempty"`
	Endpoint  *string   `json:"endpoint,omitempty"`
	Bucket    *string   `json:"bucket,omitempty"`
	Prefix    *string   `json:"prefix,omitempty"`
	Region    *string   `json:"region,omitempty"`
	AccessKey *string   `json:"access_key,omitempty"`
	SecretKey *string   `json:"secret_key,omitempty"` // never shown again
	PathStyle *bool     `json:"path_style,omitempty"`
	Gzip      *bool     `json:"gzip,omitempty"`
	Every     *int64    `json:"every,omitempty"`
	CA        *string   `json:"ca,omitempty"`
}

// Webhook returns the account's webhook.
func (c *Client) Webhook(ctx context.Context) (h Webhook, err error) {
	return h, c.do(ctx, call{method: "GET", path: "/webhook"}, &h)
}

// SetWebhook creates the account's webhook or changes it as a whole.
func (c *Client) SetWebhook(ctx context.Context, spec WebhookSpec) (h Webhook, err error) {
	return h, c.do(ctx, call{method: "PUT", path: "/webhook", body: spec}, &h)
}

// RemoveWebhook ends the account's webhook.
func (c *Client) RemoveWebhook(ctx context.Context) error {
	return c.do(ctx, call{method: "DELETE", path: "/webhook"}, nil)
}

// TestWebhook has the server send one sample and returns what was answered.
func (c *Client) TestWebhook(ctx context.Context) (r Reply, err error) {
	return r, c.do(ctx, call{method: "POST", path: "/webhook/test"}, &r)
}

// Exports goes through the account's exports, oldest first.
func (c *Client) Exports(ctx context.Context) iter.Seq2[Export, error] {
	return pages[Export](ctx, c, "/exports", nil)
}

// CreateExport adds an export, which begins at the end of the log.
func (c *Client) CreateExport(ctx context.Context, spec ExportSpec) (e Export, err error) {
	return e, c.do(ctx, call{method: "POST", path: "/exports", body: spec}, &e)
}

// ChangeExport changes an export.
func (c *Client) ChangeExport(ctx context.Context, id string, spec ExportSpec) (e Export, err error) {
	return e, c.do(ctx, call{method: "PATCH", path: "/exports/" + url.PathEscape(id), body: spec}, &e)
}

// RemoveExport ends an export; what it wrote stays.
func (c *Client) RemoveExport(ctx context.Context, id string) error {
	return c.do(ctx, call{method: "DELETE", path: "/exports/" + url.PathEscape(id)}, nil)
}
