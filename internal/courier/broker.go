package courier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve/internal/link"
)

// The accounts of the bus. What is published in one is not heard in another.
const (
	agentsAccount = "AGENTS"
	authAccount   = "AUTH"
	systemAccount = "SYS"
)

// Subjects of the bus itself.
const (
	subjectLeft = "$SYS.ACCOUNT." + agentsAccount + ".DISCONNECT"
	subjectKick = "$SYS.REQ.SERVER.%s.KICK" // %s is a server's id
	answers     = "answers"                 // to our own requests
)

// A role is a user of the bus that we are ourselves. Each may do what it needs
// and nothing else, so that a bug in one cannot do the work of another.
type role struct {
	name, account      string
	publish, subscribe []string
}

var (
	ordering = role{
		name:    "ordering",
		account: agentsAccount,
		publish: everywhere(link.VerbOrder, link.VerbCancel, link.VerbPause, link.VerbWelcome, link.VerbSettle),
	}
	reporting = role{
		name:      "reporting",
		account:   agentsAccount,
		publish:   everywhere(link.VerbAck),
		subscribe: everywhere(link.VerbHello, link.VerbBeat, link.VerbBye, link.VerbReport, link.VerbSaw),
	}
	admitting = role{
		name:      "admitting",
		account:   authAccount,
		publish:   []string{server.InboxPrefix + ">"},
		subscribe: []string{server.AuthCalloutSubject},
	}
	administering = role{
		name:      "administering",
		account:   systemAccount,
		publish:   []string{fmt.Sprintf(subjectKick, "*")},
		subscribe: []string{subjectLeft, answers + ".>"},
	}
)

func everywhere(verbs ...string) []string {
	subjects := make([]string, len(verbs))
	for i, verb := range verbs {
		subjects[i] = link.Subject("*", verb)
	}
	return subjects
}

// Limits of the bus. They are those of docs/limits.md.
const (
	patience      = 30 * time.Second       // for a handshake, when a whole fleet returns
	writePatience = 10 * time.Second       // for an agent that does not read
	closing       = 2 * time.Second        // for the bus itself
	leaving       = 300 * time.Millisecond // of these for the connections, one after the other
	pingEvery     = time.Minute            // two unanswered ones end a connection
	maxPending    = 64 << 20               // bytes that wait for one connection
	maxSubs       = 16                     // subscriptions of one connection
	maxConns      = 1 << 20
)

// A broker is the embedded bus.
type broker struct {
	*server.Server
	issuer nkeys.KeyPair            // signs who may do what
	users  map[string]nkeys.KeyPair // by role
	said   *logger
}

// newBroker prepares the bus, which listens only when told to.
func newBroker(o Options) (*broker, error) {
	host, port, err := splitListen(o.Listen)
	if err != nil {
		return nil, err
	}
	if o.TLS == nil && !isLoopback(host) {
		return nil, fmt.Errorf("the agents' port on %s needs TLS; without it only loopback is allowed", o.Listen)
	}
	b := &broker{users: map[string]nkeys.KeyPair{}, said: &logger{log: o.Log}}
	if b.issuer, err = nkeys.CreateAccount(); err != nil {
		return nil, fmt.Errorf("making the bus's keys: %w", err)
	}
	issuer, err := b.issuer.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("making the bus's keys: %w", err)
	}
	accounts := map[string]*server.Account{}
	settings := &server.Options{
		Host: host, Port: port, DontListen: true,
		TLSConfig: o.TLS, TLSTimeout: patience.Seconds(), AuthTimeout: patience.Seconds(),
		AuthCallout:   &server.AuthCallout{Issuer: issuer, Account: authAccount},
		SystemAccount: systemAccount,
		MaxPayload:    link.MaxReport, MaxPending: maxPending, MaxSubs: maxSubs, MaxConn: maxConns,
		MaxClosedClients: 1, PingInterval: pingEvery, WriteDeadline: writePatience,
		// A subject belongs to one device: a cache of them would only turn over.
		NoSublistCache:   true,
		LameDuckDuration: leaving, LameDuckGracePeriod: time.Millisecond,
		NoLog: true, NoSigs: true,
	}
	for _, name := range []string{agentsAccount, authAccount, systemAccount} {
		accounts[name] = server.NewAccount(name)
		settings.Accounts = append(settings.Accounts, accounts[name])
	}
	for _, r := range []role{ordering, reporting, admitting, administering} {
		pair, err := nkeys.CreateUser()
		if err != nil {
			return nil, fmt.Errorf("making the bus's keys: %w", err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			return nil, fmt.Errorf("making the bus's keys: %w", err)
		}
		b.users[r.name] = pair
		settings.AuthCallout.AuthUsers = append(settings.AuthCallout.AuthUsers, public)
		settings.Nkeys = append(settings.Nkeys, &server.NkeyUser{
			Nkey: public, Account: accounts[r.account],
			Permissions: &server.Permissions{Publish: only(r.publish), Subscribe: only(r.subscribe)},
		})
	}
	if b.Server, err = server.NewServer(settings); err != nil {
		return nil, fmt.Errorf("setting up the message bus: %w", err)
	}
	b.SetLoggerV2(b.said, o.Log.Enabled(context.Background(), slog.LevelDebug), false, false)
	b.Start()
	if !b.ReadyForConnections(patience) {
		b.Shutdown()
		return nil, errors.Join(errors.New("the message bus did not start"), b.said.fatal())
	}
	return b, nil
}

func only(subjects []string) *server.SubjectPermission {
	if len(subjects) == 0 {
		return &server.SubjectPermission{Deny: []string{">"}}
	}
	return &server.SubjectPermission{Allow: subjects}
}

// dial connects as r, for as long as the bus lives.
func (b *broker) dial(r role, log *slog.Logger) (*nats.Conn, error) {
	pair := b.users[r.name]
	public, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("connecting to the message bus: %w", err)
	}
	conn, err := nats.Connect("", nats.InProcessServer(b),
		nats.Nkey(public, pair.Sign), nats.Timeout(patience), nats.CustomInboxPrefix(answers),
		nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("the message bus reports a problem; what was lost is sent again", "err", err)
		}))
	if err != nil {
		return nil, fmt.Errorf("connecting to the message bus: %w", err)
	}
	return conn, nil
}

// listen opens the port for agents.
func (b *broker) listen() error {
	b.AcceptLoop(make(chan struct{}))
	if b.Addr() == nil {
		return fmt.Errorf("opening the agents' port: %w", b.said.fatal())
	}
	return nil
}

// close ends the bus. Its port closes at once and then its connections, so that
// nobody is at its door when it goes: the bus breaks when it is shut down in the
// middle of admitting somebody. It may keep waiting for itself all the same.
func (b *broker) close() {
	done := make(chan struct{})
	go func() {
		b.LameDuckShutdown() // does nothing on a bus that does not listen
		b.Shutdown()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closing):
	}
}

func splitListen(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("the agents' address must be HOST:PORT: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("the agents' address must be HOST:PORT: %w", err)
	}
	if host == "" {
		host = server.DEFAULT_HOST
	}
	if port == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(port), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
