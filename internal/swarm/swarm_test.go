package swarm

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

// A crew is a running swarm.
type crew struct {
	*Swarm
	server *linetest.Server
	stop   func() error
}

// muster runs a swarm until the test ends and waits until all are connected.
func muster(t *testing.T, server *linetest.Server, o Options) crew {
	t.Helper()
	o.Server, o.Pin, o.Code, o.Hold = server.URL, server.Pin, linetest.Code, true
	ready := make(chan Stats, 1)
	o.Ready = func(s Stats) { ready <- s }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { stop() })
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the swarm ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatalf("the swarm is not ready: %+v", s.Stats())
	}
	return crew{s, server, stop}
}

// order orders something from every device and returns the final reports by
// address.
func (c crew) order(t *testing.T, job int64, action, params string) map[string]link.Report {
	t.Helper()
	addresses := c.server.Addresses()
	for i, o := range c.server.Seal(c.server.Header(job, action, params), addresses...) {
		c.server.Give(addresses[i], o)
	}
	ends := map[string]link.Report{}
	for len(ends) < len(addresses) {
		select {
		case r := <-c.server.Reports():
			if r.State != running {
				if _, twice := ends[r.Address]; twice {
					t.Errorf("device %s ended twice", r.Address)
				}
				ends[r.Address] = r.Report
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d devices ended", len(ends), len(addresses))
		}
	}
	return ends
}

// one is a fleet of one kind.
func one(change func(*Kind)) Fleet {
	k := Kind{
		Name: "any", Share: 1, Agent: "persistent", System: "linux", Version: "15.6.22.0", Hostname: "h{n}", MACs: 2,
		Actions: []string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats"},
	}
	change(&k)
	return Fleet{[]Kind{k}}
}

func TestDefaultFleet(t *testing.T) {
	f := DefaultFleet()
	row := f.places(60)
	kinds, away := map[string]int{}, 0
	for _, p := range row {
		kinds[p.kind.Agent+" "+p.kind.System]++
		if p.away {
			away++
		}
	}
	want := map[string]int{
		"persistent windows": 23, "persistent mac": 11, "persistent linux": 13, "mobile ios": 4, "mobile android": 2,
		"on_demand windows": 5, "domain_controller windows": 2,
	}
	if !maps.Equal(kinds, want) || away < 3 || away > 9 {
		t.Errorf("sixty devices are %v, %d away", kinds, away)
	}
	if longer := f.places(600); !slices.Equal(longer[:60], row) {
		t.Error("devices change when the fleet grows")
	}
}

func TestParseFleet(t *testing.T) {
	good := "{name: a, share: 1, kind: persistent, system: linux, version: 1.2.3, hostname: h}"
	for text, want := range map[string]string{
		"kinds: [" + good + "]": "",
		"":                      "it is empty",
		"kinds: []":             "names no kinds",
		"sorts: []":             "sorts",
		"kinds: [" + strings.Replace(good, "share: 1", "share: 0", 1) + "]":                                              "share must be",
		"kinds: [" + strings.Replace(good, "persistent", "none", 1) + "]":                                                "not a kind of agent",
		"kinds: [" + strings.Replace(good, "linux", "beos", 1) + "]":                                                     "not a system",
		"kinds: [" + strings.Replace(good, "1.2.3", "one", 1) + "]":                                                      "not a version",
		"kinds: [" + strings.Replace(good, "hostname: h", "macs: 99, hostname: h", 1) + "]":                              "macs must be",
		"kinds: [" + strings.Replace(good, "hostname: h", "offline: 1.5, hostname: h", 1) + "]":                          "offline must be",
		"kinds: [" + strings.Replace(good, "hostname: h", "actions: [exempt], hostname: h", 1) + "]":                     "not an action of agents",
		"kinds: [" + strings.Replace(good, "hostname: h", "work: {dhcprenew: {min: 2s, max: 1s}}, hostname: h", 1) + "]": "in order",
		"kinds: [" + strings.Replace(good, "name: a", "nam: a", 1) + "]":                                                 "nam",
	} {
		_, err := ParseFleet([]byte(text))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestSwarm(t *testing.T) {
	server := linetest.Start(t, true)
	var ordered sync.Map
	effects := filepath.Join(t.TempDir(), "effects")
	c := muster(t, server, Options{
		Count: 60, Seed: 3, Effects: effects,
		Fleet: one(func(k *Kind) {
			k.Work = map[string]Work{"scan_threats": {Max: 300 * time.Millisecond, Fails: 0.3, Threats: 0.5}}
		}),
		Ordered: func(device int, at time.Time) { ordered.Store(device, at) },
	})
	if st := c.Stats(); st.Enrolled != 60 || st.Connected != 60 || st.Rejected != 0 {
		t.Errorf("ready with %+v", st)
	}
	macs := map[string]bool{}
	for _, h := range server.Hellos() {
		for _, mac := range h.MACs {
			macs[mac] = true
		}
		if h.Version != "15.6.22.0" || !slices.Contains(h.Actions, retire) || len(h.MACs) != 2 {
			t.Errorf("a device said %+v", h)
		}
	}
	if len(macs) != 120 {
		t.Errorf("%d hardware addresses, want 120", len(macs))
	}

	scans := c.order(t, 1, "scan_threats", `{"scan_types":[4,0],"path":"/srv"}`)
	states, infected := map[string]int{}, 0
	for _, r := range scans {
		states[r.State]++
		var result struct {
			Areas   []struct{ Status string }
			Threats []struct{ Path string }
		}
		if r.State == succeeded {
			if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Areas) != 2 {
				t.Errorf("result %s: %v", r.Result, err)
			}
			infected += len(result.Threats)
		}
	}
	if states[failed] < 8 || states[failed] > 30 || states[succeeded]+states[failed] != 60 || infected < 8 || infected > 40 {
		t.Errorf("scans ended as %v, %d threats", states, infected)
	}
	for _, r := range c.order(t, 2, "re-identify", `{"fields":[{"name":"email"},{"name":"badge"}]}`) {
		if len(r.Identity) != 2 || !strings.HasSuffix(r.Identity["email"], "@example.org") {
			t.Errorf("answered %v", r.Identity)
		}
	}
	for _, r := range c.order(t, 3, "fetch_agent_log", `{}`) {
		b := server.Uploads()[r.Command]
		if _, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err != nil || r.State != succeeded {
			t.Errorf("%s %s: %v", r.State, r.Message, err)
		}
	}
	linetest.Eventually(t, "all is acknowledged", func() bool { return c.Stats().Completed == 180 })
	n := 0
	ordered.Range(func(any, any) bool { n++; return true })
	lines, err := os.ReadFile(effects)
	if err != nil || bytes.Count(lines, []byte("\n")) != 180 || n != 60 || c.Stats().Orders != 180 {
		t.Errorf("%d effects, %d devices ordered, %+v, %v", bytes.Count(lines, []byte("\n")), n, c.Stats(), err)
	}

	// The same again is answered alike, and has no effect.
	for address, r := range c.order(t, 1, "scan_threats", `{"scan_types":[4,0],"path":"/srv"}`) {
		if first := scans[address]; r.State != first.State || r.Message != first.Message {
			t.Errorf("answered %s %q, first %s %q", r.State, r.Message, first.State, first.Message)
		}
	}
	if st := c.Stats(); st.Repeats != 60 || st.Orders != 180 {
		t.Errorf("after repeats: %+v", st)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	linetest.Eventually(t, "all said goodbye", func() bool { return len(server.Byes()) == 60 })
}

// The same seed is the same devices; another seed is other ones.
func TestSeed(t *testing.T) {
	server := linetest.Start(t, true)
	for _, seed := range []int64{5, 6, 5, 6} {
		st, err := Run(t.Context(), Options{
			Server: server.URL, Pin: server.Pin, Code: linetest.Code, Count: 20, Seed: seed,
			Fleet: one(func(*Kind) {}),
		})
		if err != nil || st.Enrolled != 20 || st.Welcomes != 20 || st.Connected != 0 {
			t.Errorf("%+v, %v", st, err)
		}
	}
	if n := len(server.Addresses()); n != 40 {
		t.Errorf("%d devices, want 40", n)
	}
}

func TestAwayAndBack(t *testing.T) {
	server := linetest.Start(t, false)
	c := muster(t, server, Options{Count: 20, Fleet: one(func(k *Kind) { k.Offline = 0.5 })})
	if st := c.Stats(); st.Enrolled != 20 || st.Connected != 10 {
		t.Errorf("%+v", st)
	}
	c.stop()
	c = muster(t, server, Options{Count: 20, Fleet: one(func(k *Kind) { k.Offline, k.BackAfter = 0.5, 50*time.Millisecond })})
	linetest.Eventually(t, "all are back", func() bool { return c.Stats().Connected == 20 })
}

// A server that goes away loses nothing that its devices did.
func TestReconnect(t *testing.T) {
	server := linetest.Start(t, true)
	c := muster(t, server, Options{Count: 30, Fleet: one(func(*Kind) {})})
	server.Silence(true)
	first := c.order(t, 1, "dhcprenew", `{}`)
	server.StopBus()
	linetest.Eventually(t, "all noticed", func() bool { return c.Stats().Connected == 0 })
	server.Silence(false)
	server.StartBus()
	again := map[string]string{}
	for len(again) < 30 {
		r := <-server.Reports()
		again[r.Address] = r.Message
	}
	for address, r := range first {
		if again[address] != r.Message {
			t.Errorf("%s said %q, then %q", address, r.Message, again[address])
		}
	}
	linetest.Eventually(t, "all is acknowledged", func() bool { return c.Stats().Completed == 30 })
}

func TestCancelAndRetire(t *testing.T) {
	server := linetest.Start(t, true)
	c := muster(t, server, Options{Count: 5, Fleet: one(func(k *Kind) {
		k.Work = map[string]Work{"scan_threats": {Min: time.Hour, Max: time.Hour}}
	})})
	addresses := server.Addresses()
	for i, o := range server.Seal(server.Header(1, "scan_threats", `{"full_scan":1}`), addresses...) {
		server.Give(addresses[i], o)
		server.Cancel(addresses[i], 1)
	}
	linetest.Eventually(t, "all were cancelled", func() bool { return c.Stats().Completed == 5 && c.Stats().Cancelled == 5 })
	for len(server.Reports()) > 0 {
		<-server.Reports()
	}
	c.order(t, 2, retire, `{}`)
	linetest.Eventually(t, "all have left", func() bool { return c.Stats().Retired == 5 && c.Stats().Connected == 0 })
}

func TestRejected(t *testing.T) {
	server := linetest.Start(t, true)
	st, err := Run(t.Context(), Options{Server: server.URL, Pin: server.Pin, Code: "WRONG000", Count: 3})
	if err == nil || !strings.Contains(err.Error(), "registration code") || st.Rejected != 3 {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := New(Options{Server: server.URL, Pin: server.Pin}); err == nil {
		t.Error("a swarm of none was taken")
	}
}
