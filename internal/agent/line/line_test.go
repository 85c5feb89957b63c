package line

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nkeys"

	"reeve/internal/link"
	"reeve/internal/seal"
)

func TestUserKey(t *testing.T) {
	for range 20 {
		k := NewKey()
		raw, err := nkeys.Decode(nkeys.PrefixByteUser, []byte(k.user()))
		if err != nil || !bytes.Equal(raw, k.Public()) {
			t.Errorf("the bus reads %s as %x, %v", k.user(), raw, err)
		}
		same, err := KeyOf(k.Seed())
		if err != nil || same.user() != k.user() {
			t.Errorf("the seed makes another key: %v", err)
		}
	}
	if _, err := KeyOf([]byte("short")); err == nil {
		t.Error("a seed of 5 bytes was taken")
	}
}

func TestBackoff(t *testing.T) {
	for failures, bound := range map[int]time.Duration{1: firstWait, 2: 2 * firstWait, 8: 64 * time.Second, 9: lastWait, 1000: lastWait} {
		longest := time.Duration(0)
		for range 1000 {
			longest = max(longest, Backoff(failures))
		}
		if longest > bound || longest < bound*9/10 {
			t.Errorf("after %d failures the longest of 1000 waits was %v, want nearly %v", failures, longest, bound)
		}
	}
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 3*bufferSize)
	f := newFrames(strings.NewReader("INFO {\"a\":\"" + long + "\"}\r\nPING\r\nMSG s 2 5\r\nhello\r\nMSG s 1 reply 0\r\n\r\n" +
		"MSG s 3 12288\r\n" + long + "\r\n-ERR 'no'\r\n"))
	want := []frame{
		{op: "INFO", payload: []byte(`{"a":"` + long + `"}`)}, {op: "PING"}, {op: "MSG", topic: 2, payload: []byte("hello")},
		{op: "MSG", topic: 1}, {op: "MSG", topic: 3, payload: []byte(long)}, {op: "-ERR", payload: []byte("'no'")},
	}
	for _, w := range want {
		got, err := f.next()
		if err != nil || got.op != w.op || got.topic != w.topic || !bytes.Equal(got.payload, w.payload) {
			t.Fatalf("got %s %d with %d bytes, %v; want %s %d", got.op, got.topic, len(got.payload), err, w.op, w.topic)
		}
	}
	if _, err := f.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	for _, bad := range []string{
		"HELLO\r\n", "MSG s 1\r\n", "MSG s x 3\r\nabc\r\n", "MSG s 1 -1\r\n", "MSG s 1 3\r\nabcd\r\n",
		"MSG s 1 99999999\r\n", strings.Repeat("y", 2*maxLine) + "\r\n",
	} {
		f := newFrames(strings.NewReader(bad))
		if _, err := f.next(); !errors.Is(err, errProtocol) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("INFO {}\r\nMSG v1.a.order 1 2\r\nhi\r\nPING\r\n-ERR 'x'\r\n"))
	f.Add([]byte("MSG a b c d\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newFrames(bytes.NewReader(in))
		for {
			got, err := r.next()
			if err != nil {
				return
			}
			if len(got.payload) > max(maxLine, maxMessage) || got.op == "MSG" && len(got.payload) > len(in) {
				t.Fatalf("a payload of %d bytes from %d", len(got.payload), len(in))
			}
		}
	})
}

// Whatever arrives, nothing but what the pinned server sealed is free of fault.
func FuzzOrder(f *testing.F) {
	trust, public, message, good, now := sealedOrder(f, 2)
	f.Add(message)
	f.Add([]byte(`{"header":{"account":7},"proof":{}}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := trust.judge(in, public, 7, now)
		if err == nil && o.Fault == NoFault && (o.Command != good.Command() || o.Action != "retire" || string(o.Params) != "{}") {
			t.Fatalf("accepted %+v", o)
		}
	})
}

// sealedOrder returns an order as a server writes it, and who may take it.
func sealedOrder(tb testing.TB, leaves int) (trust *Trust, public, message []byte, order link.Order, now time.Time) {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	key, err := seal.NewKey(root, make([]byte, 32), now.Add(-time.Hour), now.Add(time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	pkix, _ := x509.MarshalPKIXPublicKey(&root.PublicKey)
	if trust, err = NewTrust(pkix, nil); err != nil {
		tb.Fatal(err)
	}
	public = NewKey().Public()
	h := seal.Header{Account: 7, Job: 9, Action: "retire", Params: []byte(`{}`), Issued: now, DeliverBy: now, FinishBy: now}
	hashes := make([]seal.Hash, leaves)
	for i := range hashes {
		hashes[i] = seal.Leaf(uint32(i), public)
	}
	tree := seal.NewTree(hashes)
	n := uint32(leaves)
	order = link.Order{Header: h, Proof: seal.Proof{
		Leaf: 1, Leaves: n, Path: tree.AppendPath(nil, 1), Signature: key.SignJob(h, n, tree.Root()), SealKey: key.Certificate(),
	}}
	message, _ = json.Marshal(order)
	return trust, public, message, order, now
}

// The quick way to read an order is taken for what servers write, and never
// reads anything otherwise than the general way.
func FuzzQuick(f *testing.F) {
	_, _, message, order, _ := sealedOrder(f, 3)
	var h headers
	if got, ok := h.quick(message); !ok || !reflect.DeepEqual(got, order) {
		f.Fatalf("%s is read as %+v, %v", message, got, ok)
	}
	f.Add(message)
	f.Add([]byte(`{"header":{"job":1,"proof":{}},"proof":{"leaf":1,"leaves":2,"path":"","sig":"","seal_key":""}}`))
	f.Add([]byte(`{"header":{"action":",\"proof\":"},"proof":{"leaf":01,"leaves":2,"path":"AA==","sig":"","seal_key":""}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var h headers
		got, ok := h.quick(in)
		if !ok {
			return
		}
		var want link.Order
		if err := json.Unmarshal(in, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %+v, generally %+v, %v", got, want, err)
		}
		if again, err := h.read(in); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("read again as %+v, %v", again, err)
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	trust, public, message, _, now := sealedOrder(b, 5000)
	for b.Loop() {
		if o, err := trust.judge(message, public, 7, now); err != nil || o.Fault != NoFault {
			b.Fatal(o.Fault, err)
		}
	}
}

// A connection on which nothing comes is given up, and until then it is kept
// alive with beats.
func TestDeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		sent := make(chan string, 100)
		go func() {
			b := make([]byte, 1000)
			for {
				n, err := there.Read(b)
				if err != nil {
					close(sent)
					return
				}
				sent <- string(b[:n])
			}
		}()
		c := &conn{Conn: here, heard: time.Now()}
		c.frames = newFrames(c)
		v := &visit{Session: &Session{Place: link.Enrolled{Address: "a"}}, conn: c, welcomed: true, beat: time.Minute}
		c.idle = v.idle
		v.wakeForBeat()
		start := time.Now()
		_, err := c.next()
		here.Close()
		if waited := time.Since(start); err == nil || waited < silenceLimit || waited > silenceLimit+2*time.Minute {
			t.Errorf("gave up after %v: %v", waited, err)
		}
		beats := 0
		for b := range sent {
			if b != "PUB v1.a.beat 0\r\n\r\nPING\r\n" {
				t.Errorf("sent %q", b)
			}
			beats++
		}
		if beats < 2 {
			t.Errorf("%d beats", beats)
		}
	})
}
