package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/keys"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A trap is a server, two real agents, and a hostile bus between them.
type trap struct {
	*server
	*tap
	t    *testing.T
	a, b *agentProcess
	keys *keys.Keys // the server's own
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	x := &trap{t: t, server: newServer(t)}
	x.tap = newTap(t, x.agents)
	x.more = []string{"--tls", "off", "--public-agents", x.tap.listener.Addr().String()}
	x.server.start()
	x.grant()
	x.a, x.b = newAgent(t, x.server, nil).start(), newAgent(t, x.server, nil).start()
	var err error
	x.keys, err = keys.Open(filepath.Join(x.data, "keys"), time.Now)
	must(t, err)
	return x
}

// place orders an action of both agents, and returns the agent A's command.
func (x *trap) place(action string) string {
	x.t.Helper()
	return x.order(client.Order{Action: action, IDs: []string{x.a.device(), x.b.device()}}).Outcomes[0].Command
}

// isOf reports whether a message is the order with this id.
func isOf(command string) func([]byte) bool {
	return func(m []byte) bool {
		var o link.Order
		return json.Unmarshal(m, &o) == nil && o.Command() == command
	}
}

func (x *trap) begun(a *agentProcess, command string) bool {
	return strings.Contains(a.log.String(), `msg="command begins" command=`+command)
}

// refusals counts what the server's log says about refused commands.
func (x *trap) refusals() (n int64) {
	x.t.Helper()
	entries, err := x.own.LogAfter(x.t.Context(), client.LogFilter{Events: []string{"reports"}}, 0, 0)
	must(x.t, err)
	for _, e := range entries {
		var detail struct{ States map[string]int64 }
		must(x.t, json.Unmarshal(e.Detail, &detail))
		n += detail.States["refused"]
	}
	return n
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

// Whatever is changed in an order, the agent refuses it, says so, and does
// nothing.
func TestTamperedOrders(t *testing.T) {
	t.Parallel()
	x := newTrap(t)
	a := x.a.identity().Place.Address
	foreign, err := keys.Open(t.TempDir(), time.Now)
	must(t, err)
	resealed := func(o *link.Order, by *keys.Keys, leaves ...[]byte) {
		hashes := make([]seal.Hash, len(leaves))
		for i, subject := range leaves {
			hashes[i] = seal.Leaf(uint32(i), subject)
		}
		tree := seal.NewTree(hashes)
		n := uint32(len(leaves))
		o.Proof.Leaves, o.Proof.Path = n, tree.AppendPath(nil, int(o.Proof.Leaf))
		o.Proof.Signature, o.Proof.SealKey = by.Seal().SignJob(o.Header, n, tree.Root()), by.Seal().Certificate()
	}
	tampers := []struct {
		name    string
		change  func(o *link.Order)
		another bool   // the order claims to be another command
		reason  string // of the refusal
	}{
		{"params", func(o *link.Order) { o.Header.Params = []byte(`{"path":"/etc"}`) }, false, "seal"},
		{"action", func(o *link.Order) { o.Header.Action = "dhcprenew" }, false, "seal"},
		{"retire", func(o *link.Order) { o.Header.Action = "retire" }, false, "seal"},
		{"issued", func(o *link.Order) { o.Header.Issued = o.Header.Issued.Add(time.Second) }, false, "seal"},
		{"deliver by", func(o *link.Order) { o.Header.DeliverBy = o.Header.DeliverBy.Add(time.Hour) }, false, "seal"},
		{"finish by", func(o *link.Order) { o.Header.FinishBy = o.Header.FinishBy.Add(time.Hour) }, false, "seal"},
		{"account", func(o *link.Order) { o.Header.Account++ }, false, "seal"},
		{"job", func(o *link.Order) { o.Header.Job++ }, true, "seal"},
		{"leaf", func(o *link.Order) { o.Proof.Leaf = 1 }, true, "seal"},
		{"leaves", func(o *link.Order) { o.Proof.Leaves++ }, false, "seal"},
		{"path", func(o *link.Order) { o.Proof.Path = flip(o.Proof.Path) }, false, "seal"},
		{"no path", func(o *link.Order) { o.Proof.Path = nil }, false, "seal"},
		{"signature", func(o *link.Order) { o.Proof.Signature = flip(o.Proof.Signature) }, false, "seal"},
		{"no signature", func(o *link.Order) { o.Proof.Signature = nil }, false, "seal"},
		{"seal key", func(o *link.Order) { o.Proof.SealKey = flip(o.Proof.SealKey) }, false, "seal"},
		{"sealed by another server", func(o *link.Order) {
			resealed(o, foreign, x.a.publicKey(), x.b.publicKey())
		}, false, "seal"},
		{"for another device", func(o *link.Order) {
			resealed(o, x.keys, x.b.publicKey(), x.a.publicKey())
		}, false, "seal"},
		{"for another account", func(o *link.Order) {
			o.Header.Account++
			resealed(o, x.keys, x.a.publicKey(), x.b.publicKey())
		}, false, "seal"},
		{"too late", func(o *link.Order) {
			o.Header.Issued, o.Header.DeliverBy = o.Header.Issued.Add(-time.Hour), o.Header.Issued.Add(-6*time.Minute)
			resealed(o, x.keys, x.a.publicKey(), x.b.publicKey())
		}, false, "delivery"},
	}
	for _, tamper := range tampers {
		x.with(func(address, verb string, message []byte) [][]byte {
			var o link.Order
			if address != a || verb != link.VerbOrder || json.Unmarshal(message, &o) != nil {
				return [][]byte{message}
			}
			tamper.change(&o)
			changed, _ := json.Marshal(o)
			return [][]byte{changed}
		})
		lines := strings.Count(x.a.log.String(), "order refused")
		command := x.place("fetch_agent_log")
		eventually(t, 30*time.Second, tamper.name+": the agent refuses", func() bool {
			return strings.Count(x.a.log.String(), "order refused") > lines
		})
		if tamper.another {
			// The answer is on a command that does not exist or is another
			// device's, so the server has no use for it.
			if c, err := x.own.Command(t.Context(), command); err != nil || isFinal(c.State) {
				t.Errorf("%s: the command is %+v, %v", tamper.name, c, err)
			}
		} else if c := x.ended(command, 30*time.Second); c.State != "refused" || c.Reason != tamper.reason {
			t.Errorf("%s: the command ended as %+v", tamper.name, c)
		}
		if x.begun(x.a, command) {
			t.Errorf("%s: the agent began", tamper.name)
		}
	}
	if n := x.refusals(); n != int64(len(tampers)-2) {
		t.Errorf("the server's log speaks of %d refusals, want %d", n, len(tampers)-2)
	}
	// What is no order at all is dropped, and the next order is carried out.
	for _, message := range []string{"", "null", "[]", `{"header":`, `{"header":{"account":"1"}}`, strings.Repeat("[", 1000), "\x00\xff"} {
		x.inject(a, link.VerbOrder, []byte(message))
	}
	x.with(nil)
	if c := x.ended(x.place("fetch_agent_log"), time.Minute); c.State != "succeeded" {
		t.Errorf("an honest order ended as %+v", c)
	}
}

// An order that is brought again, to whom it was for or to another, has no
// effect again.
func TestReplayedOrders(t *testing.T) {
	t.Parallel()
	x := newTrap(t)
	a := x.a.identity().Place.Address
	b := x.b.identity().Place.Address
	command := x.place("fetch_agent_log")
	if c := x.ended(command, time.Minute); c.State != "succeeded" {
		t.Fatalf("the command ended as %+v", c)
	}
	order := x.heard(a, link.VerbOrder, isOf(command))

	x.inject(a, link.VerbOrder, order, order, order)
	eventually(t, 30*time.Second, "the agent knows the order", func() bool {
		return strings.Count(x.a.log.String(), "order came again") == 3
	})
	x.a.kill()
	x.a.start()
	x.inject(a, link.VerbOrder, order)
	eventually(t, 30*time.Second, "the agent still knows the order", func() bool {
		return strings.Count(x.a.log.String(), "order came again") == 4
	})
	x.inject(b, link.VerbOrder, order)
	eventually(t, 30*time.Second, "the other agent refuses the order", func() bool {
		return strings.Contains(x.b.log.String(), "order refused")
	})
	if n := strings.Count(x.a.log.String(), `msg="command begins" command=`+command); n != 1 || x.begun(x.b, command) {
		t.Errorf("the command began %d times at the right agent, and at the other: %v", n, x.begun(x.b, command))
	}
	// The other agent's refusal is not taken for the right one's.
	if c, err := x.own.Command(t.Context(), command); err != nil || c.State != "succeeded" || c.Late != "" {
		t.Errorf("the command is now %+v, %v", c, err)
	}
	if n := x.refusals(); n != 0 {
		t.Errorf("the server's log speaks of %d refusals", n)
	}
}

// A cancellation and the time are the server's alone to tell.
func TestForgedCancelAndTime(t *testing.T) {
	t.Parallel()
	x := newTrap(t)
	a := x.a.identity().Place.Address
	foreign, err := keys.Open(t.TempDir(), time.Now)
	must(t, err)
	command := x.place("re-identify") // goes on until somebody answers
	eventually(t, time.Minute, "the command runs", func() bool {
		c, err := x.own.Command(t.Context(), command)
		return err == nil && c.State == "running"
	})
	var o link.Order
	must(t, json.Unmarshal(x.heard(a, link.VerbOrder, isOf(command)), &o))

	now := time.Now().UTC().Truncate(time.Microsecond)
	honest := link.Cancel{Job: o.Header.Job, At: now, Signature: x.keys.Seal().SignCancel(o.Header.Job, now), SealKey: x.keys.Seal().Certificate()}
	forged := honest
	forged.Signature, forged.SealKey = foreign.Seal().SignCancel(honest.Job, now), foreign.Seal().Certificate()
	another := honest
	another.Signature = x.keys.Seal().SignCancel(honest.Job+1, now)
	aged := honest
	aged.At = now.Add(time.Second)
	for i, c := range []link.Cancel{forged, another, aged} {
		message, err := json.Marshal(c)
		must(t, err)
		x.inject(a, link.VerbCancel, message)
		eventually(t, 30*time.Second, fmt.Sprintf("cancellation %d is dropped", i), func() bool {
			return strings.Count(x.a.log.String(), `msg="message dropped" verb=cancel`) == i+1
		})
	}

	// The time of an earlier connection, and one of another server, come before
	// the true one. Neither is believed.
	old := x.heard(a, link.VerbWelcome, func([]byte) bool { return true })
	tomorrow := now.Add(24 * time.Hour)
	lie, err := json.Marshal(link.Welcome{
		At: tomorrow, BeatSeconds: 60,
		Signature: foreign.Seal().Now(tomorrow, []byte("nonce")), SealKey: foreign.Seal().Certificate(),
	})
	must(t, err)
	x.with(func(address, verb string, message []byte) [][]byte {
		if address == a && verb == link.VerbWelcome {
			return [][]byte{old, lie, message}
		}
		return [][]byte{message}
	})
	x.a.kill()
	x.a.start()
	if n := strings.Count(x.a.log.String(), `msg="message dropped" verb=welcome`); n != 2 {
		t.Errorf("%d of 2 false times were dropped", n)
	}
	if c, err := x.own.Command(t.Context(), command); err != nil || c.State != "running" {
		t.Errorf("after forged cancellations the command is %+v, %v", c, err)
	}
	if _, err := x.own.Cancel(t.Context(), o.Command()[:16]); err != nil {
		t.Fatal(err)
	}
	if c := x.ended(command, 30*time.Second); c.State != "cancelled" {
		t.Errorf("after an honest cancellation the command is %+v", c)
	}
}
