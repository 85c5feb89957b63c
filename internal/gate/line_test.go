package gate

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/blob"
	"reeve/internal/door"
	"reeve/internal/keys"
	"reeve/internal/link"
)

// The agent's own end enrols, uploads and leaves through this gate, over TLS
// with the server's own keys and pin.
func TestRealAgent(t *testing.T) {
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	port, err := own.ServerTLS("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := own.Endorse(port)
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	rules := &rules{devices: map[reeve.Key]reeve.Device{}}
	server := httptest.NewUnstartedServer(door.Open(door.Config{Log: slog.New(slog.DiscardHandler)}, Routes(Config{
		Rules: rules, Files: files, Agents: "127.0.0.1:8444", AgentsTLS: true,
		Identity: link.Identity{Root: own.Root(), RootCert: own.RootCert(), Endorsement: endorsement},
	})))
	address := "https://" + server.Listener.Addr().String()
	server.Listener = tls.NewListener(server.Listener, port)
	server.Start()
	t.Cleanup(server.Close)

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
	rules.mu.Lock()
	rules.devices[public] = reeve.Device{No: 36}
	rules.mu.Unlock()
	if err := agent.Upload(t.Context(), key, command, bytes.NewReader(bytes.Repeat([]byte("log\n"), 1<<20))); err != nil {
		t.Fatal(err)
	}
	file, err := files.Open(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
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
