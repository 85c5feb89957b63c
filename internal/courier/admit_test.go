package courier

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve"
	"reeve/internal/link"
)

func connects(b *table, options ...nats.Option) error {
	conn, err := nats.Connect("nats://"+b.Addr().String(), append(options, nats.NoReconnect(), nats.Timeout(20*time.Second))...)
	if err == nil {
		conn.Close()
	}
	return err
}

func TestStrangersAreRefused(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1)
	public, _ := a.pair.PublicKey()
	other, _ := nkeys.CreateUser()
	otherPublic, _ := other.PublicKey()
	replayed := ""
	tests := map[string][]nats.Option{
		"nobody":         nil,
		"password":       {nats.UserInfo("1", "secret")},
		"token":          {nats.Token("1")},
		"unknown key":    {nats.Nkey(otherPublic, other.Sign)},
		"another's key":  {nats.Nkey(public, other.Sign)},
		"no signature":   {nats.Nkey(public, func([]byte) ([]byte, error) { return nil, nil })},
		"old signature":  {nats.Nkey(public, func([]byte) ([]byte, error) { return a.pair.Sign([]byte(replayed)) })},
		"account as key": {nats.Nkey("A"+public[1:], a.pair.Sign)},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			if err := connects(b, options...); !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("connected with %v", err)
			}
		})
	}
	if err := connects(b, nats.Nkey(public, a.pair.Sign)); err != nil {
		t.Error("the device itself was refused:", err)
	}
}

func TestStrangersCostNoLookups(t *testing.T) {
	b := lay(t, nil)
	stranger, _ := nkeys.CreateUser()
	public, _ := stranger.PublicKey()
	for range 10 {
		if err := connects(b, nats.Nkey(public, stranger.Sign)); err == nil {
			t.Fatal("a stranger connected")
		}
	}
	b.shelf.locked(func() {
		if b.shelf.lookups != 1 {
			t.Errorf("%d lookups for one stranger", b.shelf.lookups)
		}
	})
}

// A store that fails must not look like a bad key, for an agent that is refused
// waits long before it tries again.
func TestFailureIsNoRefusal(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1)
	b.shelf.setDown(errors.New("the disk is full"))
	public, _ := a.pair.PublicKey()
	if err := connects(b, nats.Nkey(public, a.pair.Sign)); err == nil || errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("connected with %v", err)
	}
	b.shelf.setDown(nil)
	a.arrive()
}

// An agent speaks and listens under its own address, on the verbs of its side,
// and nowhere else.
func TestForeignSubjectsAreDenied(t *testing.T) {
	b := lay(t, nil)
	verbs := []string{
		link.VerbHello, link.VerbBeat, link.VerbBye, link.VerbReport,
		link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbWelcome, link.VerbSettle,
	}
	says := map[reeve.Standing][]string{
		reeve.Managed:  {link.VerbHello, link.VerbBeat, link.VerbBye, link.VerbReport},
		reeve.Archived: {link.VerbHello, link.VerbBye, link.VerbReport},
	}
	hears := verbs[4:]
	subjects := []string{
		">", "*", "v1.>", "v1.*.order", "v1.*.report", "*.1.order", "v1.1.>", "v1.1.*", "v1.1", "v1.1.order.x", "v1.1.inbox", "v1.1.inbox.>", "v2.1.order",
		"_INBOX.>", "_INBOX.abc", "_R_.>", "$SYS.>", "$SYS.REQ.USER.AUTH", "$SYS.REQ.USER.INFO", "$SYS.REQ.SERVER.PING",
		"$SYS.ACCOUNT.AGENTS.DISCONNECT", "$SYS.REQ.SERVER." + b.broker.ID() + ".KICK", "$SYS._INBOX.abc", "$JS.API.INFO", "$KV.x", "$O.x", "$MQTT.x",
	}
	for _, address := range []string{"1", "2"} {
		for _, verb := range verbs {
			subjects = append(subjects, link.Subject(address, verb))
		}
	}
	for standing, may := range says {
		t.Run(standing.String(), func(t *testing.T) {
			a := b.device(1)
			b.shelf.locked(func() {
				d := b.shelf.devices[a.key]
				d.Class.Standing = standing
				b.shelf.devices[a.key] = d
			})
			conn, err := net.Dial("tcp", b.Addr().String())
			w := openWire(t, conn, err, a.pair)
			for _, subject := range subjects {
				address, verb, _ := strings.Cut(strings.TrimPrefix(subject, "v1."), ".")
				own := address == "1" && strings.HasPrefix(subject, "v1.")
				if got, want := w.may(subject, false), own && slices.Contains(may, verb); got != want {
					t.Errorf("publishing on %s: %v", subject, got)
				}
				if got, want := w.may(subject, true), own && slices.Contains(hears, verb); got != want {
					t.Errorf("subscribing to %s: %v", subject, got)
				}
			}
		})
	}
}

// A wire is a connection to the bus without a client: it sees violations in the
// order in which the bus answers.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	subs int
}

func openWire(t *testing.T, conn net.Conn, err error, pair nkeys.KeyPair) *wire {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	w := &wire{t: t, conn: conn, in: bufio.NewReader(conn)}
	var info struct {
		Nonce string `json:"nonce"`
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(w.line(), "INFO ")), &info); err != nil {
		t.Fatal(err)
	}
	public, _ := pair.PublicKey()
	signature, _ := pair.Sign([]byte(info.Nonce))
	violations := w.ask(`CONNECT {"verbose":false,"nkey":"` + public + `","sig":"` + base64.RawURLEncoding.EncodeToString(signature) + `"}`)
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	return w
}

func (w *wire) line() string {
	w.t.Helper()
	w.conn.SetDeadline(time.Now().Add(20 * time.Second))
	line, err := w.in.ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// ask sends a line and returns the errors with which the bus answers it.
func (w *wire) ask(line string) (errs []string) {
	w.t.Helper()
	if _, err := w.conn.Write([]byte(line + "\r\nPING\r\n")); err != nil {
		w.t.Fatal(err)
	}
	for {
		switch line := w.line(); {
		case line == "PONG":
			return errs
		case line == "PING":
			w.conn.Write([]byte("PONG\r\n"))
		case strings.HasPrefix(line, "-ERR"):
			errs = append(errs, line)
		}
	}
}

// may tries a subject.
func (w *wire) may(subject string, subscribe bool) bool {
	w.t.Helper()
	question := "PUB " + subject + " 0\r\n"
	if subscribe {
		w.subs++
		question = fmt.Sprintf("SUB %s %d", subject, w.subs)
	}
	violations := w.ask(question)
	if subscribe {
		w.ask(fmt.Sprintf("UNSUB %d", w.subs))
	}
	for _, v := range violations {
		if !strings.Contains(v, "Permissions Violation") && !strings.Contains(v, "Invalid Publish Subject") {
			w.t.Fatalf("%s: %s", question, v)
		}
	}
	return len(violations) == 0
}

func TestConnectionsAreLimited(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1)
	conn, err := net.Dial("tcp", b.Addr().String())
	w := openWire(t, conn, err, a.pair)
	for sid := range maxSubs {
		if errs := w.ask(fmt.Sprintf("SUB v1.1.order %d", sid)); len(errs) > 0 {
			t.Fatal(errs)
		}
	}
	if errs := w.ask("SUB v1.1.order extra"); len(errs) != 1 || !strings.Contains(strings.ToLower(errs[0]), "maximum subscriptions exceeded") {
		t.Errorf("one subscription too many: %v", errs)
	}
	fmt.Fprintf(w.conn, "PUB v1.1.report %d\r\n", link.MaxReport+1)
	if line := w.line(); !strings.Contains(line, "Maximum Payload") {
		t.Errorf("a message that is too long: %s", line)
	}
	if _, err := w.in.ReadByte(); err == nil {
		t.Error("the connection is still open")
	}
}

// Our own users may do their own work only.
func TestRolesAreNarrow(t *testing.T) {
	b := lay(t, nil)
	subjects := []string{
		"v1.1.order", "v1.1.ack", "v1.1.cancel", "v1.1.welcome", "v1.1.hello", "v1.1.report", "v1.>", ">",
		"$SYS.REQ.USER.AUTH", "$SYS.>", subjectLeft, fmt.Sprintf(subjectKick, "X"), "$SYS._INBOX.X", "$SYS.REQ.SERVER.X.RELOAD",
	}
	for _, r := range []role{ordering, reporting, admitting, administering} {
		t.Run(r.name, func(t *testing.T) {
			conn, err := b.broker.InProcessConn()
			w := openWire(t, conn, err, b.broker.users[r.name])
			for _, subject := range subjects {
				if got, want := w.may(subject, false), slices.ContainsFunc(r.publish, covers(subject)); got != want {
					t.Errorf("publishing on %s: %v", subject, got)
				}
				if got, want := w.may(subject, true), slices.ContainsFunc(r.subscribe, covers(subject)); got != want {
					t.Errorf("subscribing to %s: %v", subject, got)
				}
			}
		})
	}
}

// covers reports whether a pattern names the subject.
func covers(subject string) func(string) bool {
	return func(pattern string) bool {
		p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
		for i, word := range p {
			if word == ">" {
				return i < len(s)
			}
			if i >= len(s) || word != "*" && word != s[i] {
				return false
			}
		}
		return len(p) == len(s) && !strings.ContainsAny(subject, "*>")
	}
}

func TestPermitsEnd(t *testing.T) {
	b := lay(t, nil)
	p := newPorter(b.Courier, b.broker.issuer)
	user, _ := nkeys.CreateUser()
	public, _ := user.PublicKey()
	for range 20 {
		text, err := p.permit(public, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		left := time.Until(expiry(t, text))
		if left < permitLife-permitJitter || left > permitLife+permitJitter {
			t.Errorf("a permit holds for %v", left)
		}
	}
}

func TestPlainIsForLoopbackOnly(t *testing.T) {
	for address, good := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true,
		"0.0.0.0:0": false, ":0": false, "192.0.2.1:0": false, "example.org:0": false, "127.0.0.1": false, "127.0.0.1:x": false,
	} {
		b, err := newBroker(Options{Listen: address, Log: lay(t, nil).opts.Log})
		if (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			b.close()
		}
	}
}
