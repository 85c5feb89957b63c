package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	issued  = time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)
	dawn    = issued.Add(-time.Hour)
	dusk    = issued.Add(24 * time.Hour)
	aSecond = time.Second

	testHeader = Header{
		Account: 7, Job: 0x19abcdef123, Action: "scan_threats", Params: []byte(`{"full_scan":1}`),
		Issued: issued, DeliverBy: issued.Add(24 * time.Hour), FinishBy: issued.Add(72 * time.Hour),
	}
)

func newRoot(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// testKey returns a seal key for dawn to dusk, and a verifier for its root.
func testKey(t testing.TB) (Key, *Verifier) {
	t.Helper()
	root := newRoot(t)
	return certify(t, root, 1), NewVerifier(&root.PublicKey)
}

func certify(t testing.TB, root *ecdsa.PrivateKey, seed byte) Key {
	t.Helper()
	key, err := NewKey(root, bytes.Repeat([]byte{seed}, 32), dawn, dusk)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// An order as it reaches the agent that it is for.
type order struct {
	header  Header
	subject []byte
	proof   Proof
}

func drawOrder(t *rapid.T, key Key) order {
	n := rapid.IntRange(1, 40).Draw(t, "leaves")
	subjects := subjects(n)
	tree := NewTree(leavesOf(subjects))
	i := rapid.IntRange(0, n-1).Draw(t, "leaf")
	h := Header{
		Account: rapid.Int64Range(1, 1000).Draw(t, "account"), Job: rapid.Int64Min(1).Draw(t, "job"),
		Action: rapid.SampledFrom([]string{"", "retire", "scan_threats"}).Draw(t, "action"),
		Params: rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "params"),
		Issued: issued, DeliverBy: issued.Add(time.Hour), FinishBy: issued.Add(2 * time.Hour),
	}
	sig := key.SignJob(h, uint32(n), tree.Root())
	return order{h, subjects[i], Proof{uint32(i), uint32(n), tree.AppendPath(nil, i), sig, key.Certificate()}}
}

// flip changes one bit of b, or makes b longer if it is empty.
func flip(t *rapid.T, b []byte) []byte {
	if len(b) == 0 {
		return []byte{0}
	}
	out := bytes.Clone(b)
	bit := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
	out[bit/8] ^= 1 << (bit % 8)
	return out
}

// tampers lists everything that an order is made of.
var tampers = map[string]func(t *rapid.T, o *order){
	"account":    func(_ *rapid.T, o *order) { o.header.Account++ },
	"job":        func(_ *rapid.T, o *order) { o.header.Job-- },
	"action":     func(_ *rapid.T, o *order) { o.header.Action += "x" },
	"params":     func(t *rapid.T, o *order) { o.header.Params = flip(t, o.header.Params) },
	"issued":     func(_ *rapid.T, o *order) { o.header.Issued = o.header.Issued.Add(time.Microsecond) },
	"deliver_by": func(_ *rapid.T, o *order) { o.header.DeliverBy = o.header.DeliverBy.Add(time.Microsecond) },
	"finish_by":  func(_ *rapid.T, o *order) { o.header.FinishBy = o.header.FinishBy.Add(-time.Microsecond) },
	"deadlines": func(_ *rapid.T, o *order) {
		o.header.DeliverBy, o.header.FinishBy = o.header.FinishBy, o.header.DeliverBy
	},
	"subject":       func(t *rapid.T, o *order) { o.subject = flip(t, o.subject) },
	"subject's end": func(_ *rapid.T, o *order) { o.subject = o.subject[:len(o.subject)-1] },
	"leaf":          func(t *rapid.T, o *order) { o.proof.Leaf += uint32(rapid.IntRange(1, 100).Draw(t, "by")) },
	"leaves":        func(t *rapid.T, o *order) { o.proof.Leaves += uint32(rapid.IntRange(1, 100).Draw(t, "by")) },
	"path":          func(t *rapid.T, o *order) { o.proof.Path = flip(t, o.proof.Path) },
	"path's end":    func(_ *rapid.T, o *order) { o.proof.Path = append(o.proof.Path, make([]byte, 32)...) },
	"signature":     func(t *rapid.T, o *order) { o.proof.Signature = flip(t, o.proof.Signature) },
	"no signature":  func(_ *rapid.T, o *order) { o.proof.Signature = nil },
	"seal key":      func(t *rapid.T, o *order) { o.proof.SealKey = flip(t, o.proof.SealKey) },
	"no seal key":   func(_ *rapid.T, o *order) { o.proof.SealKey = nil },
	"cut seal key":  func(_ *rapid.T, o *order) { o.proof.SealKey = o.proof.SealKey[:certBody] },
	"bytes moved from params to action": func(_ *rapid.T, o *order) {
		whole := o.header.Action + string(o.header.Params) + "x"
		o.header.Action, o.header.Params = whole[:len(whole)-1], []byte(whole[len(whole)-1:])
	},
}

func TestTampering(t *testing.T) {
	key, v := testKey(t)
	for what, tamper := range tampers {
		t.Run(what, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				o := drawOrder(t, key)
				// Half of the time the verifier has met the order before it is
				// changed: what it remembers must not help the forger.
				v := v
				if rapid.Bool().Draw(t, "fresh verifier") {
					v = NewVerifier(v.root)
				} else if err := v.CheckJob(o.header, o.subject, o.proof); err != nil {
					t.Fatalf("the order as it was made: %v", err)
				}
				tamper(t, &o)
				if err := v.CheckJob(o.header, o.subject, o.proof); !refused(err) {
					t.Fatalf("the order passes with another %s: %v", what, err)
				}
			})
		})
	}
}

func refused(err error) bool { return errors.Is(err, ErrForged) || errors.Is(err, errSealKey) }

func TestSealKeys(t *testing.T) {
	root := newRoot(t)
	key, v := certify(t, root, 1), NewVerifier(&root.PublicKey)
	subjects := subjects(5)
	tree := NewTree(leavesOf(subjects))
	check := func(by Key, certificate []byte, at time.Time) error {
		h := testHeader
		h.Issued = at
		return v.CheckJob(h, subjects[3], Proof{3, 5, tree.AppendPath(nil, 3), by.SignJob(h, 5, tree.Root()), certificate})
	}
	for at, good := range map[time.Time]bool{
		dawn: true, issued: true, dusk.Add(-time.Microsecond): true,
		dawn.Add(-time.Microsecond): false, dusk: false, dusk.Add(aSecond): false,
	} {
		if err := check(key, key.Certificate(), at); (err == nil) != good {
			t.Errorf("issued %v by a key for %v to %v: %v", at, dawn, dusk, err)
		}
	}
	other := certify(t, root, 2)
	if err := check(other, other.Certificate(), issued); err != nil {
		t.Errorf("the next seal key of the same root: %v", err)
	}
	if err := check(other, key.Certificate(), issued); !refused(err) {
		t.Errorf("a signature by another key than the certified one: %v", err)
	}
	foreign := certify(t, newRoot(t), 1) // the same seal key under another root
	if err := check(foreign, foreign.Certificate(), issued); !refused(err) {
		t.Errorf("a key that another root certified: %v", err)
	}
}

// Every signature says what it is for.
func TestSignaturesAreNotInterchangeable(t *testing.T) {
	key, v := testKey(t)
	const number = 42
	hash := Hash{1, 2, 3}
	nonce := []byte("nonce")
	signatures := map[string][]byte{
		"job":        key.SignJob(testHeader, 1, Leaf(0, hash[:])),
		"time":       key.Now(issued, nonce),
		"cancel":     key.SignCancel(number, issued),
		"checkpoint": key.SignCheckpoint(number, number, hash, issued)[:64],
		"settings":   key.SignSettings(number, number, issued, nonce),
	}
	checks := map[string]func(sig []byte) error{
		"job": func(sig []byte) error {
			return v.CheckJob(testHeader, hash[:], Proof{0, 1, nil, sig, key.Certificate()})
		},
		"time":   func(sig []byte) error { return v.CheckNow(issued, nonce, sig, key.Certificate()) },
		"cancel": func(sig []byte) error { return v.CheckCancel(number, issued, sig, key.Certificate()) },
		"settings": func(sig []byte) error {
			return v.CheckSettings(number, number, issued, nonce, sig, key.Certificate())
		},
		"checkpoint": func(sig []byte) error {
			return v.CheckCheckpoint(number, number, hash, issued, append(bytes.Clone(sig), key.Certificate()...))
		},
	}
	for made, sig := range signatures {
		for asked, check := range checks {
			if err := check(sig); (err == nil) != (made == asked) {
				t.Errorf("a signature of a %s checked as that of a %s: %v", made, asked, err)
			}
		}
	}
}

func TestSmallStatements(t *testing.T) {
	key, v := testKey(t)
	cert, nonce := key.Certificate(), []byte("nonce")
	now, cancel := key.Now(issued, nonce), key.SignCancel(42, issued)
	settings := key.SignSettings(7, 42, issued, nonce)
	later := issued.Add(time.Microsecond)
	for what, err := range map[string]error{
		"another time":              v.CheckNow(later, nonce, now, cert),
		"another nonce":             v.CheckNow(issued, []byte("nonc"), now, cert),
		"no nonce":                  v.CheckNow(issued, nil, now, cert),
		"time without a key":        v.CheckNow(issued, nonce, now, nil),
		"another job":               v.CheckCancel(43, issued, cancel, cert),
		"another time of cancel":    v.CheckCancel(42, later, cancel, cert),
		"no signature of a cancel":  v.CheckCancel(42, issued, nil, cert),
		"another account":           v.CheckSettings(8, 42, issued, nonce, settings, cert),
		"another revision":          v.CheckSettings(7, 43, issued, nonce, settings, cert),
		"another time of settings":  v.CheckSettings(7, 42, later, nonce, settings, cert),
		"another content":           v.CheckSettings(7, 42, issued, []byte("nonc"), settings, cert),
		"settings without a key":    v.CheckSettings(7, 42, issued, nonce, settings, nil),
		"a time after the key's":    v.CheckNow(dusk, nonce, key.Now(dusk, nonce), cert),
		"a cancel before the key's": v.CheckCancel(42, dawn.Add(-aSecond), key.SignCancel(42, dawn.Add(-aSecond)), cert),
	} {
		if !refused(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzCheckJob(f *testing.F) {
	key, v := testKey(f)
	subjects := subjects(5)
	tree := NewTree(leavesOf(subjects))
	sig := key.SignJob(testHeader, 5, tree.Root())
	good := Proof{3, 5, tree.AppendPath(nil, 3), sig, key.Certificate()}
	f.Add(good.Leaf, good.Leaves, good.Path, good.Signature, good.SealKey, subjects[3])
	f.Add(uint32(0), uint32(0), []byte{}, []byte{}, []byte{}, []byte{})
	f.Add(uint32(1<<31), uint32(1<<32-1), good.Path, sig, key.Certificate(), subjects[3])
	f.Fuzz(func(t *testing.T, leaf, leaves uint32, path, sig, sealKey, subject []byte) {
		p := Proof{leaf, leaves, path, sig, sealKey}
		if v.CheckJob(testHeader, subject, p) != nil {
			return
		}
		if leaf >= 5 || leaves != 5 || !bytes.Equal(path, tree.AppendPath(nil, int(leaf))) || !bytes.Equal(subject, subjects[leaf]) {
			t.Errorf("an order that was never signed passes: %+v for %x", p, subject)
		}
	})
}
