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

// place orders an action on ids by the published request and returns how long
// the answer took. Every id must be answered with status 1.
func (h *house) place(ctx context.Context, action string, ids []string) (time.Duration, error) {
	body, err := orderOf(action, ids)
	if err != nil {
		return 0, err
	}
	answer, taken, err := h.call(ctx, http.MethodPost, published, body, http.StatusOK)
	if n := bytes.Count(answer, []byte(`"status":1`)); err == nil && n != len(ids) {
		err = fmt.Errorf("%d of %d devices took the order", n, len(ids))
	}
	return taken, err
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
		taken, err := h.place(ctx, action, ids)
		return taken, errors.Join(err, h.close(ctx))
	}
}
