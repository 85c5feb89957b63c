package host

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/act"
)

// renewed renews eth0, expects that it worked and returns what became of it.
func (w *wire) renewed(manager string) act.Renewal {
	w.t.Helper()
	a := w.renew(20*time.Second, "eth0")
	if a.Error != "" || len(a.Renewals) != 1 || a.Renewals[0].Error != "" || a.Renewals[0].Manager != manager || a.Renewals[0].New == nil {
		w.t.Fatalf("got %+v\n%s", a, w.read("server.log"))
	}
	return a.Renewals[0]
}

// stays expects that the address is kept and renewed.
func (w *wire) stays(manager string) {
	w.t.Helper()
	address, granted := w.addresses("eth0"), w.acks()
	r := w.renewed(manager)
	if r.Changed || r.Old.Address != address[0] || r.New.Address != address[0] || r.New.Server != "192.0.2.1" || r.New.Seconds != 3600 ||
		time.Until(r.New.Expires) < 59*time.Minute || w.acks() == granted {
		w.t.Errorf("renewed %v: old %+v, new %+v, changed: %v, %d grants", address, r.Old, r.New, r.Changed, w.acks()-granted)
	}
	if !slices.Equal(w.addresses("eth0"), address) {
		w.t.Errorf("addresses %v now, %v before", w.addresses("eth0"), address)
	}
}

// moves expects that the server gives another address, and the interface it alone.
func (w *wire) moves(manager string) {
	w.t.Helper()
	address := w.addresses("eth0")
	w.stopServing()
	w.serve(40, 50)
	r := w.renewed(manager)
	if !r.Changed || r.Old.Address != address[0] || !strings.HasPrefix(r.New.Address, "192.0.2.4") && r.New.Address != "192.0.2.50" {
		w.t.Errorf("changed: %v from %+v to %+v", r.Changed, r.Old, r.New)
	}
	w.eventually("the new address is set, and alone", func() bool { return slices.Equal(w.addresses("eth0"), []string{r.New.Address}) })
}

// fails expects that nothing happens without a server, whether or not the
// lease may be released.
func (w *wire) fails(manager string) {
	w.t.Helper()
	address := w.addresses("eth0")
	w.stopServing()
	for _, w.release = range []bool{false, true} {
		a := w.renew(800*time.Millisecond, "eth0")
		if len(a.Renewals) != 1 || a.Renewals[0].Manager != manager || a.Renewals[0].Released || a.Renewals[0].Restored ||
			!strings.HasPrefix(a.Renewals[0].Error, "no DHCP server answered within 800ms") {
			w.t.Errorf("release %v: got %+v", w.release, a)
		}
	}
	w.release = false
	if !slices.Equal(w.addresses("eth0"), address) {
		w.t.Errorf("addresses %v now, %v before", w.addresses("eth0"), address)
	}
}

// daemon starts a program in the client's namespace, with files of the test's
// where it would change the machine's, and ends it with the test.
func (w *wire) daemon(args ...string) {
	w.t.Helper()
	if err := os.WriteFile(w.file("resolv.conf"), nil, 0o644); err != nil {
		w.t.Fatal(err)
	}
	log, err := os.Create(w.file("daemon.log"))
	if err != nil {
		w.t.Fatal(err)
	}
	apart := `mount --make-rprivate / && mount --bind "$0/resolv.conf" /etc/resolv.conf && for dir in /run /var/lib/dhcpcd; do
		mkdir -p "$0$dir" && mount --bind "$0$dir" $dir || exit; done; exec "$@"`
	cmd := exec.Command("ip", append([]string{"netns", "exec", w.client, "sh", "-c", apart, w.dir}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

func (w *wire) addressed() {
	w.t.Helper()
	w.eventually("the client has an address", func() bool { return len(w.addresses("eth0")) == 1 })
}

const udhcpcScript = `#!/bin/sh
case "$1" in
bound|renew) ip -4 addr replace "$ip/26" dev "$interface"
	ip -4 -o addr show dev "$interface" | while read -r _ _ _ a _; do [ "$a" = "$ip/26" ] || ip addr del "$a" dev "$interface"; done ;;
deconfig) ip -4 addr flush dev "$interface" ;;
esac
`

func (w *wire) udhcpc() {
	w.t.Helper()
	if err := os.WriteFile(w.file("udhcpc.sh"), []byte(udhcpcScript), 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.daemon("udhcpc", "-f", "-i", "eth0", "-s", w.file("udhcpc.sh"))
	w.addressed()
}

func TestUdhcpc(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.udhcpc()
	w.stays("udhcpc")
	w.moves("udhcpc")
	w.fails("udhcpc")
}

// A server that has forgotten and says nothing to a client that it does not
// know, but has addresses to lend.
func TestReleases(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.udhcpc()
	address := w.addresses("eth0")
	w.stopServing()
	w.shy = true
	w.serve(40, 50)
	a := w.renew(800*time.Millisecond, "eth0")
	if len(a.Renewals) != 1 || a.Renewals[0].Error == "" || a.Renewals[0].Released || !slices.Equal(w.addresses("eth0"), address) {
		t.Fatalf("without release: got %+v and %v", a, w.addresses("eth0"))
	}
	w.release = true
	a = w.renew(5*time.Second, "eth0")
	if len(a.Renewals) != 1 || a.Renewals[0].Error != "" || !a.Renewals[0].Released || !a.Renewals[0].Changed {
		t.Fatalf("with release: got %+v", a)
	}
	if now := w.addresses("eth0"); !slices.Equal(now, []string{a.Renewals[0].New.Address}) {
		t.Errorf("addresses %v, want %s", now, a.Renewals[0].New.Address)
	}
}

// A server that offers and then grants nothing: the agent has udhcpc release
// its lease for the offer, and it gets none.
func TestPutsBackWhatWasLost(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.udhcpc()
	address := w.addresses("eth0")
	w.run("ip", "-n", w.client, "route", "add", "default", "via", "192.0.2.1")
	routes := w.run("ip", "-n", w.client, "route")
	w.stopServing()
	w.offer()
	w.release = true
	a := w.renew(3*time.Second, "eth0")
	if len(a.Renewals) != 1 || !a.Renewals[0].Released || !a.Renewals[0].Restored || !strings.HasSuffix(a.Renewals[0].Error, "; the address was put back") {
		t.Fatalf("got %+v", a)
	}
	if now := w.addresses("eth0"); !slices.Equal(now, address) {
		t.Errorf("addresses %v now, %v before", now, address)
	}
	if now := w.run("ip", "-n", w.client, "route"); now != routes {
		t.Errorf("routes now:\n%sbefore:\n%s", now, routes)
	}
}

// offer starts a server that offers an address and says nothing more.
func (w *wire) offer() {
	w.t.Helper()
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command("ip", "netns", "exec", w.server, program)
	cmd.Env = append(os.Environ(), asServer+"=yes")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := out.Read(make([]byte, 1)); err != nil { // it listens
		w.t.Fatal(err)
	}
}

// asServer, in the environment, makes the test program a server that offers
// and never grants.
const asServer = "REEVE_TEST_OFFER"

func offerOnly() {
	mouth, err := net.ListenPacket("udp4", ":67")
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	for packet := make([]byte, 2048); ; {
		n, _, err := mouth.ReadFrom(packet)
		if err != nil {
			panic(err)
		}
		question, err := decodeDHCP(packet[:n])
		if err != nil || question.kind() != dhcpDiscover {
			continue
		}
		answer := dhcpMessage{reply: true, xid: question.xid, yours: netip.MustParseAddr("192.0.2.44"), mac: question.mac,
			options: map[byte][]byte{optKind: {dhcpOffer}, optServer: {192, 0, 2, 1}, optSeconds: {0, 0, 14, 16}}}
		mouth.WriteTo(answer.encode(), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 63), Port: clientPort})
	}
}

func TestDhcpcd(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	if err := os.WriteFile(w.file("dhcpcd.conf"), []byte("duid\nnoarp\nscript /bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.root = w.dir
	if err := os.Symlink("/proc", w.file("proc")); err != nil {
		t.Fatal(err)
	}
	w.daemon("dhcpcd", "-B", "-4", "-f", w.file("dhcpcd.conf"), "eth0")
	w.addressed()
	w.stays("dhcpcd")
	w.moves("dhcpcd")
	w.fails("dhcpcd")
}

// The client that got the lease is gone.
func TestOrphan(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.manage("eth0")
	w.killAll(w.client)
	w.eventually("the client is gone", func() bool { return len(w.clients()) == 0 })
	w.stays("reeve-agent")
	w.fails("reeve-agent")
	w.serve(20, 30)
	w.moves("reeve-agent")
	if route := w.run("ip", "-n", w.client, "route", "show", "default"); !strings.HasPrefix(route, "default via 192.0.2.1 ") {
		t.Errorf("the default route is %q", route)
	}
}

// An address that nobody lent is nobody's to renew.
func TestLeavesOtherAddressesAlone(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.run("ip", "-n", w.client, "addr", "add", "192.0.2.9/26", "dev", "eth0")
	if a := w.renew(time.Second, ""); !strings.HasPrefix(a.Error, "no lease was found") || strings.Contains(w.read("server.log"), "DHCPREQUEST") {
		t.Errorf("got %+v", a)
	}
}

// mock starts a message bus and, in the client's namespace, a service on it.
func (w *wire) mock(service string) {
	w.t.Helper()
	w.run("ip", "-n", w.client, "addr", "add", "192.0.2.25/26", "dev", "eth0", "valid_lft", "3000", "preferred_lft", "3000")
	config := fmt.Sprintf(`<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen><policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`, w.file("bus"))
	if err := os.WriteFile(w.file("bus.conf"), []byte(config), 0o644); err != nil {
		w.t.Fatal(err)
	}
	bus := exec.Command("dbus-daemon", "--config-file="+w.file("bus.conf"), "--nofork", "--nopidfile", "--nosyslog")
	if err := bus.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { bus.Process.Kill(); bus.Wait() })
	w.eventually("the bus listens", func() bool { _, err := os.Stat(w.file("bus")); return err == nil })
	w.daemon("/usr/bin/python3", "testdata/"+service, w.file("bus"), w.file("mock.log"))
	w.eventually("the service is there", func() bool { return strings.Contains(w.read("mock.log"), "ready") })
}

func TestNetworkManager(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.mock("networkmanager.py")
	w.stays("NetworkManager")
	if got := w.read("mock.log"); !strings.Contains(got, "Reapply method=auto timeout=45 version=7") {
		t.Errorf("NetworkManager was asked: %s", got)
	}
	w.moves("NetworkManager")
	asked := strings.Count(w.read("mock.log"), "Reapply")
	w.fails("NetworkManager")
	if got := strings.Count(w.read("mock.log"), "Reapply"); got != asked {
		t.Errorf("NetworkManager was asked %d times without a server", got-asked)
	}
}

func TestNetworkd(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.root = w.dir
	w.mock("networkd.py")
	w.stays("systemd-networkd")
	if got := w.read("mock.log"); !strings.Contains(got, "RenewLink") || strings.Contains(got, "ReconfigureLink") {
		t.Errorf("systemd-networkd was asked: %s", got)
	}
	w.moves("systemd-networkd")
	if got := w.read("mock.log"); !strings.Contains(got, "ReconfigureLink") {
		t.Errorf("systemd-networkd was asked: %s", got)
	}
	w.fails("systemd-networkd")
}
