package control

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"reeve"
)

// A Window is where a credential stands in the rate limit of one API.
type Window struct {
	Unlimited bool
	Limit     int64         // requests per window
	Remaining int64         // left in this one
	Reset     time.Duration // until it ends, whole seconds, 1 s to 60 s
}

// rateWindow is the fixed window of the published limit, "10/min".
const rateWindow = time.Minute

// OwnAPI is the rate class of Reeve's own API, with a limit of its own.
const OwnAPI = "own"

// Admit counts one request of an API, whose versions share a class. Past the
// limit the error is Limited, and the Window still says when to come back. An
// app with a limit of its own has a window of its own.
func (c *Control) Admit(ctx context.Context, app reeve.App, account reeve.Account, class string) (Window, error) {
	limit, key := cmp.Or(account.RequestsPerMinute, c.opts.RequestsPerMinute), fmt.Sprintf("account %d %s", account.No, class)
	if class == OwnAPI && limit > 0 {
		limit = c.opts.OwnPerMinute
	}
	if app.RequestsPerMinute != 0 {
		limit, key = app.RequestsPerMinute, "app "+app.ClientID+" "+class
	}
	if limit < 0 {
		return Window{Unlimited: true}, nil
	}
	now := c.now()
	n, err := c.store.Take(ctx, key, now, rateWindow)
	if err != nil {
		return Window{}, err
	}
	left := now.Truncate(rateWindow).Add(rateWindow).Sub(now)
	w := Window{Limit: limit, Remaining: max(limit-n, 0), Reset: (left + time.Second - 1).Truncate(time.Second)}
	if n > limit {
		return w, reeve.Errorf(reeve.Limited, "the limit of %d requests per minute is reached; try again in %s", limit, reeve.Seconds(w.Reset))
	}
	return w, nil
}
