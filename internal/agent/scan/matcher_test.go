package scan

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

// bodiesOf reads hexadecimal signatures, each a line behind its name.
func bodiesOf(t testing.TB, lines ...string) *matcher {
	t.Helper()
	m := newMatcher()
	for i, line := range lines {
		_, b, err := parseBody([]byte(line))
		if err == nil {
			b.name = uint32(i)
			err = m.add(b)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	m.seal()
	return m
}

// matchesIn gives data to a stream in pieces, and returns what it finds.
func matchesIn(s *stream, data []byte, piece int) []int32 {
	s.reset(true)
	for len(data) > 0 {
		n := copy(s.room(), data[:min(piece, len(data))])
		s.add(n)
		data = data[n:]
	}
	return slices.Clone(s.finish())
}

// naive says whether a body is in data, by trying every way at every place.
func naive(b body, data []byte) bool {
	if b.target&targetsOf(data) == 0 {
		return false
	}
	from, to := int64(0), int64(len(data))
	switch b.place {
	case fromStart:
		from, to = b.from, min(b.to, to)
	case fromEnd:
		from, to = max(int64(len(data))-b.from, 0), int64(len(data))-b.to
	}
	for at := from; at <= to; at++ {
		if naiveAt(b.elements, data[at:], map[[2]int]bool{}) {
			return true
		}
	}
	return false
}

func naiveAt(elements []element, data []byte, failed map[[2]int]bool) bool {
	if len(elements) == 0 {
		return true
	}
	place := [2]int{len(elements), len(data)}
	if failed[place] {
		return false
	}
	e := elements[0]
	var ways []int // lengths that the element can have here
	switch e.kind {
	case gap:
		for n := int(e.min); n <= min(int(e.max), len(data)); n++ {
			ways = append(ways, n)
		}
	case literal:
		if bytes.HasPrefix(data, e.value) {
			ways = []int{len(e.value)}
		}
	case masked:
		if len(data) >= len(e.value) {
			ways = []int{len(e.value)}
			for i, m := range e.mask {
				if data[i]&m != e.value[i]&m {
					ways = nil
				}
			}
		}
	default:
		hit, length := false, 0
		for choice := range e.choices {
			length = len(choice)
			if bytes.HasPrefix(data, choice) {
				hit = true
				if e.kind == either {
					ways = append(ways, length)
				}
			}
		}
		if e.kind == neither && !hit && len(data) >= length {
			ways = []int{length}
		}
	}
	for _, n := range ways {
		if naiveAt(elements[1:], data[n:], failed) {
			return true
		}
	}
	failed[place] = true
	return false
}

func TestMatcher(t *testing.T) {
	text := []byte("MZ" + strings.Repeat(".", 98) + "needle in a haystack, and a second needle at the end")
	hexOf := func(s string) string { return hex.EncodeToString([]byte(s)) }
	tests := map[string]struct {
		line string
		want bool
	}{
		"bytes":                    {"n:0:*:" + hexOf("haystack"), true},
		"bytes in upper case hex":  {"n:0:*:" + strings.ToUpper(hexOf("haystack")) + ":73:255", true},
		"other bytes":              {"n:0:*:" + hexOf("haystick"), false},
		"at the end":               {"n:0:*:" + hexOf("the end"), true},
		"beyond the end":           {"n:0:*:" + hexOf("the end") + "??", false},
		"any byte":                 {"n:0:*:" + hexOf("hay") + "??" + hexOf("tack"), true},
		"half bytes":               {"n:0:*:" + hexOf("hay") + "7??4" + hexOf("ack"), true},
		"another half byte":        {"n:0:*:" + hexOf("hay") + "6?" + hexOf("tack"), false},
		"an open gap":              {"n:0:*:" + hexOf("second") + "*" + hexOf("end"), true},
		"an open gap, wrong order": {"n:0:*:" + hexOf("second") + "*" + hexOf("haystack"), false},
		"a gap of so many":         {"n:0:*:" + hexOf("needle") + "{6}" + hexOf("haystack"), true},
		"a gap of more":            {"n:0:*:" + hexOf("needle") + "{7}" + hexOf("haystack"), false},
		"a gap within":             {"n:0:*:" + hexOf("needle") + "{4-8}" + hexOf("haystack"), true},
		"a gap up to":              {"n:0:*:" + hexOf("needle") + "{-5}" + hexOf("haystack"), false},
		"a gap from":               {"n:0:*:" + hexOf("needle") + "{6-}" + hexOf("haystack"), true},
		"a gap from more":          {"n:0:*:" + hexOf("needle") + "{40-}" + hexOf("end"), true},
		"a gap too far":            {"n:0:*:" + hexOf("needle") + "{46-}" + hexOf("end"), false},
		"a choice":                 {"n:0:*:" + hexOf("needle ") + "(" + hexOf("at") + "|" + hexOf("into") + ")" + hexOf(" the"), true},
		"no choice":                {"n:0:*:" + hexOf("needle ") + "(" + hexOf("on") + "|" + hexOf("into") + ")" + hexOf(" the"), false},
		"none of a choice":         {"n:0:*:" + hexOf("needle ") + "!(" + hexOf("in") + "|" + hexOf("on") + ")" + hexOf(" the"), true},
		"one of none":              {"n:0:*:" + hexOf("needle ") + "!(" + hexOf("in") + "|" + hexOf("at") + ")" + hexOf(" the"), false},
		"where it is":              {"n:0:100:" + hexOf("needle"), true},
		"where it is not":          {"n:0:99:" + hexOf("needle"), false},
		"up to where it is":        {"n:0:90,10:" + hexOf("needle"), true},
		"not so far":               {"n:0:90,9:" + hexOf("needle"), false},
		"from the end":             {"n:0:EOF-7:" + hexOf("the end"), true},
		"not from the end":         {"n:0:EOF-6:" + hexOf("the end"), false},
		"at most from the end":     {"n:0:EOF-30,23:" + hexOf("the end"), true},
		"a few bytes at a place":   {"n:0:0:4d??2e", true},
		"other bytes at a place":   {"n:0:0:4e??2e", false},
		"two bytes anywhere":       {"n:0:*:7973", true},
		"a Windows program":        {"n:1:*:" + hexOf("haystack"), true},
		"an ELF program":           {"n:6:*:" + hexOf("haystack"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := bodiesOf(t, tt.line)
			if got := naive(m.bodies[0], text); got != tt.want {
				t.Errorf("the naive matcher says %v", got)
			}
			for _, chunk := range []int{1, 7, 64, 4096} {
				if got := matchesIn(newStream(m, chunk), text, chunk+1); (len(got) > 0) != tt.want {
					t.Errorf("in chunks of %d found %v, want %v", chunk, got, tt.want)
				}
			}
		})
	}
}

// A reader of random signatures and texts: every byte decides something.
type dice struct{ seed []byte }

func (d *dice) roll(sides int) int {
	if len(d.seed) == 0 {
		return 0
	}
	n := int(d.seed[0]) % sides
	d.seed = d.seed[1:]
	return n
}

// line writes a signature over an alphabet of two, so that it matches often.
func (d *dice) line() string {
	var out strings.Builder
	targets, closed := []string{"0", "0", "0", "1"}, false
	fmt.Fprintf(&out, "n:%s:", targets[d.roll(len(targets))])
	switch d.roll(6) {
	case 0:
		fmt.Fprintf(&out, "%d:", d.roll(20))
	case 1:
		fmt.Fprintf(&out, "%d,%d:", d.roll(20), d.roll(20))
	case 2:
		fmt.Fprintf(&out, "EOF-%d,%d:", d.roll(30), d.roll(8))
		closed = true
	default:
		out.WriteString("*:")
	}
	byteOf := func() string { return []string{"4d", "5a"}[d.roll(2)] }
	run := func(n int) {
		for range n {
			out.WriteString(byteOf())
		}
	}
	run(2 + d.roll(8))
	for range d.roll(5) {
		switch d.roll(9) {
		case 0:
			out.WriteString("??")
		case 1:
			out.WriteString([]string{"4?", "?a", "?d", "5?"}[d.roll(4)])
		case 2, 3:
			if closed { // what counts from the end has no open gap
				continue
			}
			out.WriteString([]string{"*", "{1-}", "{4-}"}[d.roll(3)])
		case 4:
			fmt.Fprintf(&out, "{-%d}", d.roll(6))
		case 5:
			low := d.roll(4)
			fmt.Fprintf(&out, "{%d-%d}", low, low+d.roll(6))
		case 6:
			fmt.Fprintf(&out, "(%s|%s%s)", byteOf(), byteOf(), byteOf())
		case 7:
			fmt.Fprintf(&out, "!(%s%s|%s%s)", byteOf(), byteOf(), byteOf(), byteOf())
		}
		run(2 + d.roll(6))
	}
	return out.String()
}

// agree compares the matcher with the naive one on signatures and a text that
// the seed describes.
func agree(t *testing.T, seed []byte) (matched int) {
	d := &dice{seed}
	chunk, piece := 1+d.roll(40), 1+d.roll(60)
	var lines []string
	for range 1 + d.roll(6) {
		lines = append(lines, d.line())
	}
	var text []byte
	for len(d.seed) > 0 {
		text = append(text, "MZMZMZM."[d.roll(8)])
	}
	m := bodiesOf(t, lines...)
	got := matchesIn(newStream(m, chunk), text, piece)
	var want []int32
	for i, b := range m.bodies {
		if naive(b, text) {
			want = append(want, int32(i))
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("in %q by chunks of %d, pieces of %d\n%s\ngot %v, want %v", text, chunk, piece, strings.Join(lines, "\n"), got, want)
	}
	return len(want)
}

// Whatever the signatures and the text, the matcher finds what a simple one
// does.
func TestMatcherIsTheNaiveOne(t *testing.T) {
	state := uint64(1)
	seed := make([]byte, 300)
	matched := 0
	for range 6_000 {
		for i := range seed {
			state = bits.RotateLeft64(state*0x9e3779b97f4a7c15+1, 29)
			seed[i] = byte(state >> 32)
		}
		matched += agree(t, seed[:60+int(seed[0])%240])
	}
	if matched < 500 {
		t.Errorf("only %d signatures matched: the texts prove little", matched)
	}
	t.Log(matched, "signatures matched")
}

func FuzzMatcher(f *testing.F) {
	f.Add([]byte("\x10\x20\x03\x00\x01\x02MZMZMZ"))
	f.Add(bytes.Repeat([]byte("MZ5"), 60))
	f.Fuzz(func(t *testing.T, seed []byte) {
		if len(seed) > 400 {
			seed = seed[:400]
		}
		agree(t, seed)
	})
}

// A signature is read, matched against what it is made of, or refused with a
// reason; it never breaks anything.
func FuzzParseBody(f *testing.F) {
	for _, line := range []string{"n:0:*:4d5a9000", "n:1:EOF-30,4:4d5a??9?{-5}ff!(aa|bb)00*(aa|bbcc)0011:73:255", "n:6:0:7f{1-}45", "::::", "n:0:*:{}"} {
		f.Add([]byte(line), []byte("MZ.."))
	}
	f.Fuzz(func(t *testing.T, line, data []byte) {
		if len(line) > 500 || len(data) > 200 {
			return
		}
		_, b, err := parseBody(line)
		if err != nil {
			return
		}
		m := newMatcher()
		if m.add(b) != nil {
			return
		}
		m.seal()
		if got := matchesIn(newStream(m, 16), data, 16); (len(got) > 0) != naive(b, data) {
			t.Errorf("%q in %q: got %v", line, data, got)
		}
	})
}
