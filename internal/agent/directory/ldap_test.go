package directory

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSettingsAreChecked(t *testing.T) {
	good := Directory{URL: "ldaps://dc1.example.org", User: "reader", PasswordFile: "password"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"", "ldap://dc1", "ldaps://", "dc1", "ldaps://dc1/dc=x", "ldaps://u:p@dc1", "ldaps://dc1?x"} {
		bad := good
		bad.URL = url
		if bad.Check() == nil {
			t.Errorf("%q was taken", url)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good.PasswordFile = empty
	if _, err := good.Computers(t.Context()); err == nil {
		t.Error("an empty password was taken")
	}
}

func TestNumbersAndTimes(t *testing.T) {
	for n, want := range map[int][]byte{0: {2, 1, 0}, 127: {2, 1, 127}, 128: {2, 2, 0, 128}, 500: {2, 2, 1, 0xf4}} {
		got := number(tagInteger, n)
		if back, err := integer(got[2:]); !bytes.Equal(got, want) || back != n || err != nil {
			t.Errorf("%d is written %x and read %d, %v", n, got, back, err)
		}
	}
	for _, size := range []int{0, 127, 128, 255, 256, 70_000} {
		tag, value, rest, err := split(append(element(tagOctets, make([]byte, size)), 5))
		if tag != tagOctets || len(value) != size || len(rest) != 1 || err != nil {
			t.Errorf("%d bytes: %x, %d, %d, %v", size, tag, len(value), len(rest), err)
		}
	}
	if at := fileTime("133495776000000000"); !at.Equal(time.Date(2024, 1, 13, 0, 0, 0, 0, time.UTC)) || !fileTime("0").IsZero() || !fileTime("").IsZero() {
		t.Errorf("%s", at)
	}
	raw := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	if got := guid(raw); got != "00112233445566778899aabbccddeeff" || guid(raw[1:]) != "" {
		t.Errorf("guid %s", got)
	}
}

// Whatever a server sends, reading it ends.
func FuzzAnswers(f *testing.F) {
	f.Add(element(tagSequence, element(tagOctets, []byte("dn")), element(tagSequence, element(tagSequence, text("a"), element(0x31, text("b"))))))
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 3, 2, 1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		split(data)
		readEntry(data)
		nextPage(data)
		result(data)
	})
}
