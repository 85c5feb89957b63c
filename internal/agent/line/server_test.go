package line_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

func TestOpen(t *testing.T) {
	pin := strings.Repeat("0f", 32)
	for _, tt := range []struct {
		address, pin string
		ok           bool
	}{
		{"https://reeve.example:8443", pin, true},
		{"https://reeve.example", pin, true},
		{"http://127.0.0.1:8443", "", true},
		{"http://localhost:8443", pin, true},
		{"http://[::1]:8443", "", true},
		{"https://reeve.example:8443", "", false},
		{"https://127.0.0.1:8443", "", false},
		{"https://reeve.example:8443", pin[1:], false},
		{"https://reeve.example:8443", strings.ToUpper(pin), false},
		{"http://reeve.example:8443", pin, false},
		{"http://192.0.2.1:8443", pin, false},
		{"reeve.example:8443", pin, false},
		{"ftp://127.0.0.1", pin, false},
		{"", pin, false},
	} {
		if _, err := line.Open(tt.address, tt.pin); (err == nil) != tt.ok {
			t.Errorf("Open(%q, %q): %v", tt.address, tt.pin, err)
		}
	}
}

func TestEnrol(t *testing.T) {
	s := linetest.Start(t, true)
	s.SetAhead(0)
	door, err := line.Open(s.URL, s.Pin)
	if err != nil {
		t.Fatal(err)
	}
	key := line.NewKey()
	first, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{Hostname: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if line.Pin(first.Root) != s.Pin || first.Place.Account != linetest.Account || !first.Place.TLS {
		t.Errorf("enrolled as %+v", first.Place)
	}
	again, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{Hostname: "one"})
	if err != nil || again.Place.Device != first.Place.Device {
		t.Errorf("enrolled again as %+v, %v", again.Place, err)
	}
	_, err = door.Enrol(t.Context(), line.NewKey(), "WRONG000", link.Hello{})
	if r, ok := errors.AsType[*line.Refusal](err); !ok || r.Status != 403 || !strings.Contains(err.Error(), "registration code") {
		t.Errorf("a wrong code: %v", err)
	}
	if err := door.Retire(t.Context(), key); err != nil || !s.Retired()[first.Place.Address] {
		t.Errorf("leaving: %v, %v", err, s.Retired())
	}
}

// Whoever cannot show the pinned root's word for the connection gets nothing.
func TestImpostors(t *testing.T) {
	s, other := linetest.Start(t, true), linetest.Start(t, true)
	enrol := func(address, pin string) error {
		door, err := line.Open(address, pin)
		if err != nil {
			t.Fatal(err)
		}
		_, err = door.Enrol(t.Context(), line.NewKey(), linetest.Code, link.Hello{})
		return err
	}
	if err := enrol(other.URL, s.Pin); !errors.Is(err, line.ErrNotPinned) {
		t.Errorf("another server: %v", err)
	}
	// It repeats what the pinned server says of itself, but cannot show its
	// endorsement of the certificate at hand.
	other.Forge(s)
	if err := enrol(other.URL, s.Pin); !errors.Is(err, line.ErrNotPinned) {
		t.Errorf("a server that repeats the identity of another: %v", err)
	}
	if n := len(other.Addresses()) + len(s.Addresses()); n != 0 {
		t.Errorf("%d enrolments were sent", n)
	}
}

func TestUpload(t *testing.T) {
	s := linetest.Start(t, true)
	door, _ := line.Open(s.URL, s.Pin)
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("log ", 100_000)
	if err := door.Upload(t.Context(), key, "00ff", strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if got := s.Uploads()["00ff"]; string(got) != content {
		t.Errorf("%d bytes arrived, want %d", len(got), len(content))
	}
	s.DropWeb() // also that one which was kept
	if err := door.Upload(t.Context(), key, "00fe", strings.NewReader(content)); err != nil {
		t.Error(err)
	}
	s.Refuse(m.Place.Address, true)
	err = door.Upload(t.Context(), key, "00ff", strings.NewReader(content))
	if _, ok := errors.AsType[*line.Refusal](err); !ok {
		t.Errorf("a refused upload: %v", err)
	}
	s.CloseDoor()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := door.Upload(ctx, key, "00ff", strings.NewReader(content)); err == nil || ctx.Err() == nil {
		t.Errorf("an upload without a server: %v", err)
	}
}
