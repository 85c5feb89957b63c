package agent

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"reeve/internal/agent/linetest"
	"reeve/internal/seal"
)

// A machine whose clock is decades behind or ahead connects, takes orders in
// time and refuses late ones: only the server's time counts.
func TestClockOfTheMachine(t *testing.T) {
	for name, years := range map[string]int{"in 2000": 0, "in 2100": 100} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			must(t, r.start()()) // enrolled
			dir, server, address, enrolled := r.dir, r.server, r.address, r.server.Hellos()[r.address].Nonce
			// The bubble's time begins in 2000. What happens in it waits for the
			// network, so the server's part is played outside.
			ended := make(chan string, 2)
			go func() {
				linetest.Eventually(r.T, "the agent said Hello", func() bool {
					return string(server.Hellos()[address].Nonce) != string(enrolled)
				})
				r.order(1, "dhcprenew", `{}`)
				r.order(2, "dhcprenew", `{}`, func(h *seal.Header) { h.DeliverBy = h.Issued.Add(-time.Hour) })
				for n := 0; n < 2; {
					if got := <-server.Reports(); got.State != running {
						ended <- got.State + got.Reason
						n++
					}
				}
				close(ended)
			}()
			synctest.Test(t, func(t *testing.T) {
				<-time.After(time.Until(time.Now().AddDate(years, 0, 0)))
				state, err := OpenState(dir)
				must(t, err)
				defer state.Close()
				i, err := state.Identity()
				must(t, err)
				ctx, stop := context.WithCancel(t.Context())
				gone := make(chan error, 1)
				go func() {
					gone <- Run(ctx, Options{State: state, Identity: i, Machine: r.machine, Log: slog.New(slog.DiscardHandler),
						Policy: func() (*Policy, error) { return &Policy{}, nil }})
				}()
				got := map[string]int{}
				for end := range ended {
					got[end]++
				}
				if got["succeeded"] != 1 || got["refuseddelivery"] != 1 || r.machine.count() != 1 {
					t.Errorf("in %d: %v, %d effects", time.Now().Year(), got, r.machine.count())
				}
				stop()
				must(t, <-gone)
			})
		})
	}
}
