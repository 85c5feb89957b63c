package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRenewsOnceWithoutTouchingTheClient(t *testing.T) {
	w := newWire(t, 2)
	w.serve(20, 30)
	w.manage("eth0")
	w.manage("eth1")
	before, granted := w.clients(), w.acks()
	address := []string{w.addresses("eth0")[0], w.addresses("eth1")[0]}
	held := w.read("eth0.leases")

	a := w.renew(20*time.Second, "eth0")
	if a.Error != "" || len(a.Renewals) != 1 || a.Renewals[0].Error != "" {
		t.Fatalf("got %+v", a)
	}
	r := a.Renewals[0]
	if r.Interface != "eth0" || r.Changed || r.Old.Address != address[0] || r.New.Address != address[0] ||
		r.New.Server != "192.0.2.1" || r.New.Seconds != 3600 || r.New.Expires.Before(r.Old.Expires) {
		t.Errorf("renewed %s: old %+v, new %+v, changed: %v", address[0], r.Old, r.New, r.Changed)
	}
	if got := w.acks() - granted; got != 1 {
		t.Errorf("dnsmasq granted %d leases, want 1", got)
	}

	// Without a name, every interface.
	a = w.renew(20*time.Second, "")
	if a.Error != "" || len(a.Renewals) != 2 || w.acks()-granted != 3 {
		t.Errorf("got %+v and %d grants, want 3 in all", a, w.acks()-granted)
	}
	if got := w.clients(); !slices.Equal(got, before) {
		t.Errorf("clients %v run now, %v ran before", got, before)
	}
	if got := []string{w.addresses("eth0")[0], w.addresses("eth1")[0]}; !slices.Equal(got, address) {
		t.Errorf("addresses %v now, %v before", got, address)
	}
	if w.read("eth0.leases") != held {
		t.Error("the client's own lease file was changed")
	}
	if left, _ := filepath.Glob(w.file("*reeve*")); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

func TestAddressStaysWithoutAServer(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.manage("eth0")
	before, address := w.clients(), w.addresses("eth0")
	w.stopServing()

	a := w.renew(800*time.Millisecond, "eth0")
	if len(a.Renewals) != 1 || a.Renewals[0].Error != "no DHCP server answered within 800ms" || a.Renewals[0].Old.Address != address[0] {
		t.Errorf("got %+v", a)
	}
	if !slices.Equal(w.clients(), before) || !slices.Equal(w.addresses("eth0"), address) {
		t.Errorf("clients %v and addresses %v now, %v and %v before", w.clients(), w.addresses("eth0"), before, address)
	}
}

// A server that lends other addresses now refuses the old one. The client is
// replaced by one that takes the new address, with the same settings.
func TestTakesAnotherAddress(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.manage("eth0")
	before, address := w.clients(), w.addresses("eth0")
	w.stopServing()
	w.serve(40, 50)

	a := w.renew(20*time.Second, "eth0")
	if a.Error != "" || len(a.Renewals) != 1 || a.Renewals[0].Error != "" {
		t.Fatalf("got %+v", a)
	}
	r := a.Renewals[0]
	if !r.Changed || r.Old.Address != address[0] || r.New.Address == address[0] {
		t.Errorf("changed: %v from %+v to %+v", r.Changed, r.Old, r.New)
	}
	w.eventually("the new address is set, and alone", func() bool {
		return slices.Equal(w.addresses("eth0"), []string{r.New.Address})
	})
	w.eventually("one client is there, and it is another", func() bool {
		now := w.clients()
		return len(now) == 1 && now[0] != before[0] && now[0] == strings.TrimSpace(w.read("eth0.pid"))
	})
	// And it is the agent's to renew, as the first was.
	again := w.renew(20*time.Second, "eth0")
	if len(again.Renewals) != 1 || again.Renewals[0].Error != "" || again.Renewals[0].Changed {
		t.Errorf("renewing once more: %+v", again)
	}
}

// If the agent dies while it waits for the server, so does its request.
func TestRequestDiesWithTheAgent(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.manage("eth0")
	before, address := w.clients(), w.addresses("eth0")
	w.stopServing()

	agent := w.agent(time.Minute, "eth0")
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	w.eventually("the request runs", func() bool { return len(w.clients()) == len(before)+2 })
	agent.Process.Kill()
	agent.Wait()
	w.eventually("the request is gone", func() bool { return slices.Equal(w.clients(), before) })
	if !slices.Equal(w.addresses("eth0"), address) {
		t.Errorf("addresses %v, want %v", w.addresses("eth0"), address)
	}
}

func TestSaysWhatItLookedFor(t *testing.T) {
	w := newWire(t, 1)
	for iface, want := range map[string]string{
		"":     "no lease was found on any interface here: NetworkManager,",
		"eth0": "no lease was found on the interface eth0: NetworkManager, systemd-networkd, dhclient, dhcpcd and udhcpc",
		"eth9": "this machine has no interface eth9",
	} {
		if a := w.renew(time.Second, iface); !strings.HasPrefix(a.Error, want) {
			t.Errorf("got %+v, want %q", a, want)
		}
	}
}

func TestRefusesWhereItCouldDoHarm(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	config := w.file("dhclient.conf")
	if err := os.WriteFile(config, []byte("timeout 5;\n  script \"/bin/true\";\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.manage("eth0", "-cf", config)
	granted := w.acks()
	a := w.renew(time.Second, "eth0")
	if len(a.Renewals) != 1 || !strings.Contains(a.Renewals[0].Error, "prescribes a script") || w.acks() != granted {
		t.Errorf("got %+v and %d more grants", a, w.acks()-granted)
	}
}

// A client that somebody watches over, who would start it again, is left to
// him. It moves by itself when its time comes.
func TestLeavesAWatchedClientAlone(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	watched := exec.Command("ip", w.arguments("eth0", "-d")...)
	if err := watched.Start(); err != nil {
		t.Fatal(err)
	}
	defer watched.Wait()
	w.eventually("the client has an address and its script has ended", func() bool {
		return len(w.addresses("eth0")) == 1 && len(w.clients()) == 1
	})
	before, address := w.clients(), w.addresses("eth0")
	w.stopServing()
	w.serve(40, 50)

	a := w.renew(20*time.Second, "eth0")
	if len(a.Renewals) != 1 || !strings.Contains(a.Renewals[0].Error, "another program watches over it") || !a.Renewals[0].Changed {
		t.Errorf("got %+v", a)
	}
	if !slices.Equal(w.clients(), before) || !slices.Equal(w.addresses("eth0"), address) {
		t.Errorf("clients %v and addresses %v now, %v and %v before", w.clients(), w.addresses("eth0"), before, address)
	}
	w.killAll(w.client)
}
