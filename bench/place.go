package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// published is the published Device Action, version 3.3.
const published = "/o/api/v3.3/devices/action"

// params are what the two actions of R are ordered with.
var params = map[string]json.RawMessage{
	exempt: json.RawMessage(`{"exempt_time":1}`),
	scan:   json.RawMessage(`{"full_scan":1}`),
}

var actions = map[string]string{exempt: "exempt", scan: "scan_threats"}

// orderOf returns the body of the published request for ids.
func orderOf(action string, ids []string) ([]byte, error) {
	return json.Marshal(map[string]any{"types": actions[action], "ids": ids, "params": params[action]})
}

// placed is an answered order.
type placed struct {
	exchange
	committed time.Time // if the job has orders for agents
}

// order orders an action on ids by the published request. Every id must be
// answered with status 1.
func (h *house) order(ctx context.Context, action string, ids []string) (placed, error) {
	body, err := orderOf(action, ids)
	if err != nil {
		return placed{}, err
	}
	e, err := h.call(ctx, http.MethodPost, published, body, http.StatusOK)
	if n := bytes.Count(e.answer, []byte(`"status":1`)); err == nil && n != len(ids) {
		err = fmt.Errorf("%d of %d devices took the order", n, len(ids))
	}
	return placed{e, h.desk.committed}, err
}

// placing is a pass that orders an action on ids in a fleet that nothing has
// touched, by a server that has just started.
func (f *fleet) placing(ctx context.Context, action string, ids []string) pass {
	return func() (time.Duration, error) {
		if err := f.fresh(ctx); err != nil {
			return 0, err
		}
		h, err := f.open(ctx)
		if err != nil {
			return 0, err
		}
		order, err := h.order(ctx, action, ids)
		return order.taken(), errors.Join(err, h.close(ctx))
	}
}
