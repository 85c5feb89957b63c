package courier

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve"
	"reeve/internal/link"
)

// agent is the other end, as simple as can be.
type agent struct {
	t       testing.TB
	table   *table
	no      int64
	pair    nkeys.KeyPair
	key     reeve.Key
	address string

	conn     *nats.Conn
	messages chan *nats.Msg
	faults   chan error
	closed   chan struct{}
}

func (a agent) options() []nats.Option {
	public, _ := a.pair.PublicKey()
	return []nats.Option{
		nats.Nkey(public, a.pair.Sign), nats.NoReconnect(), nats.Timeout(20 * time.Second),
		nats.CustomInboxPrefix(link.Subject(a.address, "inbox")),
	}
}

// connect joins the bus and subscribes to everything it may.
func (a agent) connect() agent {
	a.t.Helper()
	a.messages, a.faults, a.closed = make(chan *nats.Msg, 1000), make(chan error, 100), make(chan struct{})
	conn, err := nats.Connect("nats://"+a.table.Addr().String(), append(a.options(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { a.faults <- err }),
		nats.ClosedHandler(func(*nats.Conn) { close(a.closed) }))...)
	if err != nil {
		a.t.Fatal("connecting:", err)
	}
	a.conn = conn
	a.t.Cleanup(conn.Close)
	for _, verb := range []string{link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbWelcome, link.VerbSettle} {
		if _, err := conn.ChanSubscribe(link.Subject(a.address, verb), a.messages); err != nil {
			a.t.Fatal(err)
		}
	}
	return a
}

func (a agent) hello() link.Hello {
	return link.Hello{
		Protocol: 1, Nonce: []byte("nonce"), Version: "26.11.0", Kind: "persistent", System: "linux",
		Actions: []string{"scan_threats"}, Hostname: "host-" + a.address, MACs: []string{"00:0c:29:cd:c7:b2"},
	}
}

// arrive says Hello and waits for the Welcome.
func (a agent) arrive() agent {
	a.t.Helper()
	a = a.connect()
	a.say(link.VerbHello, a.hello())
	var w link.Welcome
	a.hear(link.VerbWelcome, &w)
	if err := a.table.verifier.CheckNow(w.At, []byte("nonce"), w.Signature, w.SealKey); err != nil {
		a.t.Fatal("the time is not sealed:", err)
	}
	return a
}

func (a agent) say(verb string, v any) {
	a.t.Helper()
	message, err := json.Marshal(v)
	if err == nil {
		err = a.conn.Publish(link.Subject(a.address, verb), message)
	}
	if err == nil {
		err = a.conn.Flush()
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// hear waits for the next message, which must have the verb.
func (a agent) hear(verb string, v any) {
	a.t.Helper()
	select {
	case m := <-a.messages:
		if _, got, _ := link.ParseSubject(m.Subject); got != verb {
			a.t.Fatalf("heard %s, want %s: %s", got, verb, m.Data)
		}
		if err := json.Unmarshal(m.Data, v); err != nil {
			a.t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		a.t.Fatalf("no %s came", verb)
	}
}

// order waits for an order and checks its seal.
func (a agent) order() link.Order {
	a.t.Helper()
	var o link.Order
	a.hear(link.VerbOrder, &o)
	if err := a.table.verifier.CheckJob(o.Header, a.key[:], o.Proof); err != nil {
		a.t.Fatal("the order is not sealed:", err)
	}
	return o
}

// silent checks that nothing has come, after a round trip of its own.
func (a agent) silent() {
	a.t.Helper()
	if err := a.conn.Flush(); err != nil {
		a.t.Fatal(err)
	}
	select {
	case m := <-a.messages:
		a.t.Fatalf("heard %s: %s", m.Subject, m.Data)
	default:
	}
}

// eventually waits until what holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
