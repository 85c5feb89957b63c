package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"reeve"
	"reeve/internal/api"
	"reeve/internal/cmapi"
	"reeve/internal/control"
	"reeve/internal/courier"
	"reeve/internal/door"
	"reeve/internal/link"
	"reeve/internal/sqlstore"
)

// A house is Reeve's server on a fleet, put together as internal/serve does it
// but for three things: its APIs are a handler in this process that lets
// everybody in as often as they like; placed jobs can be held back from
// delivery; and reports can be dropped instead of being stored.
type house struct {
	fleet *fleet
	store *sqlstore.Store
	rules *control.Control
	bus   *courier.Courier
	desk  *desk
	ward  *ward
	doors http.Handler
}

// open starts a server. Its agents' port speaks TLS, as the product's does.
func (f *fleet) open(ctx context.Context) (*house, error) {
	h := &house{fleet: f}
	var err error
	if h.store, err = sqlstore.Open(ctx, f.url, f.keys.Head()); err != nil {
		return nil, err
	}
	h.rules = control.New(h.store, f.keys.Seal, nil, control.Options{})
	port, err := f.keys.AgentsTLS("127.0.0.1", link.ServerName)
	if err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	h.ward = &ward{OrderStore: h.store}
	h.bus, err = courier.Open(ctx, courier.Options{
		Listen: "127.0.0.1:0", TLS: port, Orders: h.ward, Presence: h.store,
		Recognise: h.rules.Recognise, Key: f.keys.Seal,
	})
	if err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	h.desk = &desk{Wake: h.bus}
	h.rules.Attach(h.desk)
	h.doors = door.Open(door.Config{Keeper: anybody{h.rules, f.account}, Log: slog.New(slog.DiscardHandler)},
		cmapi.Routes(cmapi.Config{Rules: h.rules, Accounts: h.store, Devices: h.store, Groups: h.store, Jobs: h.store, Threats: h.store, Trail: h.store, Mark: f.keys.Mark}),
		api.Routes(api.Config{Rules: h.rules, Store: h.store}))
	return h, nil
}

// close does so once.
func (h *house) close(ctx context.Context) error {
	if h.bus == nil {
		return nil
	}
	defer func() { h.bus = nil }()
	return errors.Join(h.bus.Close(context.WithoutCancel(ctx)), h.store.Close())
}

// anybody is a Keeper that takes every token and counts nothing.
type anybody struct {
	*control.Control
	account reeve.Account
}

func (k anybody) Authenticate(context.Context, string) (reeve.App, reeve.Account, error) {
	return reeve.App{ClientID: "bench", Name: "bench", Account: k.account.No, Scopes: reeve.Scopes{reeve.Read, reeve.Write}}, k.account, nil
}

func (k anybody) Admit(context.Context, reeve.App, reeve.Account, string) (control.Window, error) {
	return control.Window{Unlimited: true}, nil
}

// A desk stands between control and delivery: it knows when a job was last
// committed, and holds jobs back if told to. It is used by one caller at a time.
type desk struct {
	control.Wake
	hold      bool
	held      []control.Batch
	committed time.Time // the last job with orders
}

func (d *desk) Placed(b control.Batch) {
	d.committed = time.Now()
	if d.hold {
		d.held = append(d.held, b)
		return
	}
	d.Wake.Placed(b)
}

// release gives everything that was held to delivery, and holds nothing more.
func (d *desk) release() {
	for _, b := range d.held {
		d.Wake.Placed(b)
	}
	d.hold, d.held = false, nil
}

// A ward is the store as delivery sees it. One that drops keeps nothing of what
// agents say and of what was sent.
type ward struct {
	reeve.OrderStore
	drops atomic.Bool
}

func (w *ward) Sent(ctx context.Context, now time.Time, ids []reeve.CommandID) error {
	if w.drops.Load() {
		return nil
	}
	return w.OrderStore.Sent(ctx, now, ids)
}

func (w *ward) Report(ctx context.Context, now time.Time, batch []reeve.Report) ([]bool, error) {
	if !w.drops.Load() {
		return w.OrderStore.Report(ctx, now, batch)
	}
	settled := make([]bool, len(batch))
	for i := range settled {
		settled[i] = true
	}
	return settled, nil
}

// An exchange is one request to the APIs.
type exchange struct {
	asked, answered time.Time // the first byte of the body, the last of the answer
	answer          []byte
}

func (e exchange) taken() time.Duration { return e.answered.Sub(e.asked) }

// call makes a request that must be answered with the given status.
func (h *house) call(ctx context.Context, method, path string, body []byte, status int) (exchange, error) {
	request := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer bench")
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	e := exchange{asked: time.Now()}
	h.doors.ServeHTTP(recorder, request)
	e.answered, e.answer = time.Now(), recorder.Body.Bytes()
	if recorder.Code != status {
		return e, fmt.Errorf("%s %s was answered %d: %.300s", method, path, recorder.Code, e.answer)
	}
	return e, nil
}
