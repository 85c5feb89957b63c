package client

import (
	"context"
	"iter"
	"net/url"
)

// Apps goes through the apps of the account, revoked ones too.
func (c *Client) Apps(ctx context.Context, f AppFilter) iter.Seq2[App, error] {
	query := url.Values{}
	for name, value := range map[string]string{"search": f.Search, "sort": f.Sort} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return pages[App](ctx, c, "/apps", query)
}

// CreateApp makes an app. The answer is the only one that has its secret.
func (c *Client) CreateApp(ctx context.Context, spec NewApp) (a App, err error) {
	return a, c.do(ctx, call{method: "POST", path: "/apps", body: spec}, &a)
}

// ChangeApp changes an app.
func (c *Client) ChangeApp(ctx context.Context, clientID string, change AppChange) (a App, err error) {
	return a, c.do(ctx, call{method: "PATCH", path: "/apps/" + url.PathEscape(clientID), body: change}, &a)
}

// RenewSecret gives an app another secret; the answer is the only one that has
// it. The old one and the app's access tokens end at once.
func (c *Client) RenewSecret(ctx context.Context, clientID string) (a App, err error) {
	return a, c.do(ctx, call{method: "POST", path: "/apps/" + url.PathEscape(clientID) + "/secret"}, &a)
}

// RevokeApp ends an app and its tokens.
func (c *Client) RevokeApp(ctx context.Context, clientID string) error {
	return c.do(ctx, call{method: "DELETE", path: "/apps/" + url.PathEscape(clientID)}, nil)
}

// Operators goes through the operators of the account by name.
func (c *Client) Operators(ctx context.Context) iter.Seq2[Operator, error] {
	return pages[Operator](ctx, c, "/operators", nil)
}

// CreateOperator makes an operator. The answer is the only one that has the
// password, which the server makes if there is none.
func (c *Client) CreateOperator(ctx context.Context, spec NewOperator) (o Operator, err error) {
	return o, c.do(ctx, call{method: "POST", path: "/operators", body: spec}, &o)
}

// ChangeOperator changes an operator.
func (c *Client) ChangeOperator(ctx context.Context, name string, change OperatorChange) (o Operator, err error) {
	return o, c.do(ctx, call{method: "PATCH", path: "/operators/" + url.PathEscape(name), body: change}, &o)
}

// RemoveOperator removes an operator.
func (c *Client) RemoveOperator(ctx context.Context, name string) error {
	return c.do(ctx, call{method: "DELETE", path: "/operators/" + url.PathEscape(name)}, nil)
}
