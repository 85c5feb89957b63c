package proof

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve/client"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// An intruder is a connection to the bus with the key of an enrolled device, but
// with a client of its own that does not keep to any protocol of Reeve.
type intruder struct {
	*nats.Conn
	address, device string
}

// enrolKey enrols a new key as a device.
func enrolKey(t testing.TB, s *server, hostname string) (line.Key, link.Enrolled) {
	t.Helper()
	door, err := line.Open(s.first.URL, s.first.Pin)
	must(t, err)
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, s.first.RegistrationCode, link.Hello{
		Version: "26.11.0", Kind: "persistent", System: "linux", Hostname: hostname, MACs: []string{},
		Actions: []string{"dhcprenew", "scan_threats", "fetch_agent_log", "re-identify", "retire"},
	})
	must(t, err)
	return key, m.Place
}

func intrude(t testing.TB, s *server, hostname string) *intruder {
	t.Helper()
	key, place := enrolKey(t, s, hostname)
	x := &intruder{address: place.Address, device: place.Device}
	var err error
	x.Conn, err = dialAs(t, s, key)
	must(t, err)
	t.Cleanup(x.Close)
	return x
}

// dialAs connects to the bus with any key.
func dialAs(t testing.TB, s *server, key line.Key) (*nats.Conn, error) {
	t.Helper()
	pair, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, key.Seed())
	must(t, err)
	public, err := pair.PublicKey()
	must(t, err)
	return s.dialBus(nats.Nkey(public, pair.Sign))
}

// dialBus connects to the bus with any credentials.
func (s *server) dialBus(as nats.Option) (*nats.Conn, error) {
	return nats.Connect("tls://"+s.agents, as, nats.Secure(&tls.Config{RootCAs: s.roots(), ServerName: link.ServerName}),
		nats.NoReconnect(), nats.Timeout(20*time.Second), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
}

// may tries a subject, once, and reports whether the bus allowed it.
func (x *intruder) may(t testing.TB, subject string, subscribe bool) bool {
	t.Helper()
	denial := fmt.Sprintf("publish to %q", subject)
	if subscribe {
		denial = fmt.Sprintf("subscription to %q", subject)
		sub, err := x.SubscribeSync(subject)
		must(t, err)
		defer sub.Unsubscribe()
	} else {
		must(t, x.Publish(subject, nil))
	}
	must(t, x.FlushTimeout(20*time.Second)) // its answer comes after a denial
	err := x.LastError()
	return err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(denial))
}

// With the key of one device nothing can be said or heard in the name of
// another, nor of the server, nor of the bus.
func TestSubjectsAreDenied(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	a, b := intrude(t, s, "a"), intrude(t, s, "b")
	says := []string{link.VerbHello, link.VerbReport, link.VerbBye, link.VerbBeat}
	hears := []string{link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbWelcome, link.VerbSettle}
	subjects := []string{
		">", "*", "*.*", "*.*.*", "v1.>", "v1.*.>", "v1.*.*", "v1.*.order", "v1.*.report", "v1." + a.address + ".>", "v1." + a.address + ".*",
		"v2." + a.address + ".hello", "v1." + a.address, "v1." + a.address + ".hello.more", "v1." + strings.ToUpper(a.address) + ".gossip",
		"_INBOX.>", "_INBOX." + a.address + ".>", "answers.>", "answers.kick", "reeve", "_R_.>", "_GR_.>",
		"$SYS.>", "$SYS.REQ.USER.AUTH", "$SYS.REQ.USER.INFO", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.AGENTS.CONNZ",
		"$SYS.ACCOUNT.AGENTS.DISCONNECT", "$SYS.ACCOUNT.AGENTS.CONNECT", "$JS.API.>", "$JS.API.INFO", "$KV.>", "$SRV.PING", "$G.>",
	}
	for _, address := range []string{a.address, b.address, "0", "zzzzzz"} {
		for _, verb := range append(slices.Concat(says, hears), "gossip") {
			subjects = append(subjects, link.Subject(address, verb))
		}
	}
	for _, subject := range subjects {
		device, verb, err := link.ParseSubject(subject)
		own := err == nil && link.Address(device) == a.address
		if got, want := a.may(t, subject, true), own && slices.Contains(hears, verb); got != want {
			t.Errorf("subscribing to %s: allowed is %v", subject, got)
		}
		if strings.ContainsAny(subject, "*>") {
			continue // nothing can be published there
		}
		if got, want := a.may(t, subject, false), own && slices.Contains(says, verb); got != want {
			t.Errorf("publishing on %s: allowed is %v", subject, got)
		}
	}

	// What is said on one's own subject about another's command counts nothing.
	command := s.order(client.Order{Action: "scan_threats", Params: []byte(`{"full_scan":1}`), IDs: []string{b.device}}).Outcomes[0].Command
	forged := []byte(`{"command":"` + command + `","state":"succeeded","message":"nothing found"}`)
	must(t, a.Publish(link.Subject(a.address, link.VerbReport), forged))
	must(t, a.Flush())
	must(t, b.Publish(link.Subject(b.address, link.VerbReport), []byte(`{"command":"`+command+`","state":"failed","message":"no"}`)))
	must(t, b.Flush())
	if c := s.ended(command, 30*time.Second); c.State != "failed" || c.Late != "" || c.Message != "no" {
		t.Errorf("the command ended as %+v", c)
	}
}

// A key that nobody enrolled, a deleted device's key and no key at all open
// nothing on the bus.
func TestStrangersOnTheBus(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	if _, err := dialAs(t, s, line.NewKey()); err == nil {
		t.Error("a key that nobody has was let in")
	}
	for name, option := range map[string]nats.Option{
		"nothing":  nats.Name("nobody"),
		"password": nats.UserInfo("ordering", "ordering"),
		"token":    nats.Token(s.first.ClientSecret),
	} {
		if c, err := s.dialBus(option); err == nil {
			c.Close()
			t.Errorf("somebody with %s was let in", name)
		}
	}

	// A deleted device may say that it is there, in order to be told to retire,
	// and hears nothing else.
	key, place := enrolKey(t, s, "deleted")
	s.order(client.Order{Action: "delete", IDs: []string{place.Device}})
	x := &intruder{address: place.Address}
	var err error
	x.Conn, err = dialAs(t, s, key)
	if err != nil {
		t.Fatalf("a deleted device cannot hear that it must retire: %v", err)
	}
	defer x.Close()
	if x.may(t, link.Subject(place.Address, link.VerbBeat), false) {
		t.Error("a deleted device may say that it lives")
	}
	orders, err := x.SubscribeSync(link.Subject(place.Address, link.VerbOrder))
	must(t, err)
	must(t, x.Publish(link.Subject(place.Address, link.VerbHello), []byte(`{"protocol":1,"nonce":"AAAA","version":"26.11.0","kind":"persistent","system":"linux","actions":[],"hostname":"deleted","macs":[]}`)))
	m, err := orders.NextMsg(20 * time.Second)
	if err != nil || !strings.Contains(string(m.Data), `"action":"retire"`) {
		t.Errorf("a deleted device hears %v, %v", m, err)
	}
}
