package gate

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/blob"
	"reeve/internal/door"
	"reeve/internal/keys"
	"reeve/internal/link"
)

// A house is a server behind TLS with its own keys and pin, as agents meet it.
type house struct {
	keys    *keys.Keys
	rules   *rules
	dir     string // of the files
	files   *blob.Folder
	address string
	close   func()
	mu      sync.Mutex // held while it is opened again, and looked at
}

func newHouse(t *testing.T) *house {
	t.Helper()
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{keys: own, rules: &rules{devices: map[reeve.Key]reeve.Device{}}, dir: t.TempDir()}
	h.open(t)
	t.Cleanup(func() { h.close() })
	return h
}

// open starts the server, after close on another port.
func (h *house) open(t *testing.T) {
	t.Helper()
	port, err := h.keys.ServerTLS("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := h.keys.Endorse(port)
	if err != nil {
		t.Fatal(err)
	}
	if h.files, err = blob.Open(h.dir); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(door.Open(door.Config{Log: slog.New(slog.DiscardHandler)}, Routes(Config{
		Rules: h.rules, Files: h.files, Agents: "127.0.0.1:8444", AgentsTLS: true,
		Identity: link.Identity{Root: h.keys.Root(), RootCert: h.keys.RootCert(), Endorsement: endorsement},
	})))
	h.address = server.Listener.Addr().String()
	server.Listener = tls.NewListener(server.Listener, port)
	server.Start()
	h.close = func() {
		server.CloseClientConnections()
		server.Close()
		h.files.Close()
	}
}

// know makes a key that of a device.
func (h *house) know(key line.Key) {
	h.rules.mu.Lock()
	defer h.rules.mu.Unlock()
	h.rules.devices[reeve.Key(key.Public())] = reeve.Device{No: 36}
}

func (h *house) stored(t *testing.T) []byte {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	file, err := h.files.Open(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The agent's own end enrols, uploads and leaves through this gate, over TLS
// with the server's own keys and pin.
func TestRealAgent(t *testing.T) {
	h := newHouse(t)
	own, rules, address := h.keys, h.rules, "https://"+h.address
	key := line.NewKey()
	agent, err := line.Open(address, own.Pin())
	if err != nil {
		t.Fatal(err)
	}
	hello := link.Hello{Version: "26.11.0", Kind: "persistent", System: "linux"}
	if _, err := agent.Enrol(t.Context(), key, "WRONG", hello); err == nil {
		t.Error("enrolled with a wrong code")
	} else if refusal, ok := errors.AsType[*line.Refusal](err); !ok || refusal.Status != 401 {
		t.Errorf("a wrong code: %v", err)
	}
	member, err := agent.Enrol(t.Context(), key, "GOODCODE", hello)
	if err != nil {
		t.Fatal(err)
	}
	if member.Place.Device != "id" || !bytes.Equal(member.Root, own.Root()) {
		t.Errorf("enrolled as %+v", member)
	}
	public := reeve.Key(key.Public())
	h.know(key)
	content := bytes.Repeat([]byte("log\n"), 1<<20)
	if err := agent.Upload(t.Context(), key, command, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(h.stored(t), content) {
		t.Error("another file is stored")
	}
	if err := agent.Retire(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if len(rules.left) != 1 || rules.left[0] != public {
		t.Errorf("left: %v", rules.left)
	}

	other, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := line.Open(address, other.Pin())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Enrol(t.Context(), key, "GOODCODE", hello); !errors.Is(err, line.ErrNotPinned) {
		t.Errorf("enrolled at another server than the pinned one: %v", err)
	}
}
