package link

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var verbs = []string{VerbOrder, VerbAck, VerbCancel, VerbPause, VerbWelcome, VerbSettle, VerbHello, VerbBeat, VerbBye, VerbReport, VerbSaw}

func TestSubjectRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		device := rapid.Int64Range(1, math.MaxInt64).Draw(t, "device")
		verb := rapid.SampledFrom(verbs).Draw(t, "verb")
		subject := Subject(Address(device), verb)
		if strings.Count(subject, ".") != 2 || strings.ContainsAny(subject, "*> \t") {
			t.Fatalf("%q is not a subject of three words", subject)
		}
		if d, v, err := ParseSubject(subject); err != nil || d != device || v != verb {
			t.Fatalf("ParseSubject(%q) = %d, %q, %v", subject, d, v, err)
		}
	})
}

func TestParseSubjectIsStrict(t *testing.T) {
	for _, s := range []string{
		"", "v1", "v1.", "v1..", "v1.a", "v1.a.", "v1..hello", "v1.a.hello.more", "v1.a..hello", ".v1.a.hello", "v2.a.hello", "V1.a.hello", "a.hello",
		"v1.A.hello", "v1.0.hello", "v1.0a.hello", "v1.-1.hello", "v1.+a.hello", "v1. a.hello", "v1.*.hello", "v1.>.hello", "v1.a b.hello",
		"v1.1y2p0ij32e8e8.hello", "v1.zzzzzzzzzzzzzz.hello", "_INBOX.a.hello",
	} {
		if d, v, err := ParseSubject(s); err == nil {
			t.Errorf("ParseSubject(%q) = %d, %q; want it refused", s, d, v)
		}
	}
}

// Two devices with one subject would hear each other's orders.
func TestAddressesDiffer(t *testing.T) {
	for n := int64(1); n < 3000; n++ {
		if a, b := Address(n), Address(n+1); a == b || a != strings.ToLower(a) {
			t.Fatalf("devices %d and %d have the addresses %q and %q", n, n+1, a, b)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, s := range []string{"v1.a.hello", "v1.1y2p0ij32e8e7.report", "v1.A.hello", "v1.>.>", "v1.a.hello.more"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		device, verb, err := ParseSubject(s)
		if err != nil {
			return
		}
		if again := Subject(Address(device), verb); device <= 0 || again != s {
			t.Errorf("%q is device %d and verb %q, whose subject is %q", s, device, verb, again)
		}
	})
}
