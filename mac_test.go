package reeve_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"reeve"
)

func TestParseMAC(t *testing.T) {
	const want = reeve.MAC(0x000c29cdc7b2)
	for _, s := range []string{
		"00:0c:29:cd:c7:b2", "00:0C:29:CD:C7:B2", "00-0c-29-cd-c7-b2", "00-0C-29-Cd-c7-B2",
		"000c.29cd.c7b2", "000C.29CD.C7B2", "000c29cdc7b2", "000C29CDC7B2",
	} {
		if got, ok := reeve.ParseMAC(s); !ok || got != want {
			t.Errorf("ParseMAC(%q) = %v, %v; want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", " ", "0", "00:0c:29:cd:c7", "00:0c:29:cd:c7:b2:00", "00:0c:29:cd:c7:bg", "00:0c-29:cd:c7:b2",
		"00:0c:29:cd:c7:b2 ", " 00:0c:29:cd:c7:b2", "0:c:29:cd:c7:b2", "000c29cdc7b", "000c29cdc7b2f", "000c.29cd:c7b2",
		"000c29-cdc7b2", "0x0c29cdc7b2", "+00c29cdc7b2", "00:00:00:00:fe:80:00:00", "00:0c:29:cd:c7:b2\n",
		strings.Repeat("a", 40), // the length of an InfiniBand address
		"00:00:00:00:00:00", "000000000000",
	} {
		if got, ok := reeve.ParseMAC(s); ok {
			t.Errorf("ParseMAC(%q) = %v; want it refused", s, got)
		}
	}
}

func TestMACString(t *testing.T) {
	if got := reeve.MAC(0x000c29cdc7b2).String(); got != "00:0c:29:cd:c7:b2" {
		t.Errorf("String() = %q; want the published form", got)
	}
}

func TestMACRoundTrip(t *testing.T) {
	spellings := []func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return strings.ReplaceAll(s, ":", "-") },
		func(s string) string { return strings.ReplaceAll(s, ":", "") },
		func(s string) string {
			s = strings.ReplaceAll(s, ":", "")
			return s[:4] + "." + s[4:8] + "." + s[8:]
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		m := reeve.MAC(rapid.Uint64Range(1, 1<<48-1).Draw(t, "mac"))
		spelt := rapid.SampledFrom(spellings).Draw(t, "spelling")(m.String())
		if got, ok := reeve.ParseMAC(spelt); !ok || got != m {
			t.Fatalf("ParseMAC(%q) = %v, %v; want %v", spelt, got, ok, m)
		}
	})
}

func FuzzParseMAC(f *testing.F) {
	f.Add("00:0c:29:cd:c7:b2")
	f.Add("000C29CDC7B2")
	f.Add("00:00:00:00:00:00")
	f.Fuzz(func(t *testing.T, s string) {
		m, ok := reeve.ParseMAC(s)
		if !ok {
			return
		}
		if again, ok := reeve.ParseMAC(m.String()); !ok || again != m || m == 0 || m >= 1<<48 {
			t.Errorf("%q reads as %#x, which prints as %v and reads as %v, %v", s, uint64(m), m, again, ok)
		}
	})
}
