package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/act"
)

// These tests let real dhclients and a real dnsmasq talk in network namespaces
// of their own. What they count, they count at dnsmasq.

// inside, in the environment, makes the test program renew and report instead
// of testing: that is how it is run in a namespace.
const asAgent = "REEVE_TEST_RENEW"

func TestMain(m *testing.M) {
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	if os.Getenv(asServer) != "" {
		offerOnly()
	}
	within, err := time.ParseDuration(os.Getenv(asAgent))
	if err != nil {
		os.Exit(m.Run())
	}
	machine := Open(os.TempDir())
	machine.renewing.answerWithin = within
	machine.renewing.bus.path = os.Args[3]
	if os.Args[4] != "" {
		machine.root = os.Args[4]
	}
	var answer answer
	if os.Args[2] == "mend" {
		if err := machine.Mend(); err != nil {
			answer.Error = err.Error()
		}
		json.NewEncoder(os.Stdout).Encode(answer)
		return
	}
	answer.Renewals, err = machine.RenewDHCP(context.Background(), act.RenewWish{Interface: os.Args[1], Release: os.Args[2] == "release"})
	if err != nil {
		answer.Error = err.Error()
	}
	json.NewEncoder(os.Stdout).Encode(answer)
}

type answer struct {
	Renewals []act.Renewal
	Error    string
}

// A wire is two namespaces: server, with dnsmasq, and client.
type wire struct {
	t              *testing.T
	server, client string
	dir            string
	dnsmasq        *exec.Cmd
	release        bool   // whether renewing may release
	root           string // of the agent's file system, if not "/"
	shy            bool   // dnsmasq says nothing to clients that it does not know
}

// newWire connects two new namespaces by links eth0, eth1 and so on, where the
// server has 192.0.2.1, 192.0.2.65 and so on, each in a /26.
func newWire(t *testing.T, links int) *wire {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces, which only root may: run it as root or through scripts/gotest.sh")
	}
	t.Parallel() // they wait for each other's programs more than they work
	for _, program := range []string{"ip", "dnsmasq", "dhclient", "dhcpcd", "udhcpc", "dbus-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: make test installs what is needed (TESTBEDS in the Makefile)", program)
		}
	}
	id := fmt.Sprintf("reeve-%d-%d", os.Getpid(), time.Now().UnixNano()%1e6)
	w := &wire{t: t, server: id + "-s", client: id + "-c", dir: t.TempDir()}
	for _, ns := range []string{w.server, w.client} {
		w.run("ip", "netns", "add", ns)
		t.Cleanup(func() {
			w.killAll(ns)
			w.run("ip", "netns", "del", ns)
		})
	}
	for i := range links {
		name := fmt.Sprintf("eth%d", i)
		w.run("ip", "link", "add", name, "netns", w.server, "type", "veth", "peer", "name", name, "netns", w.client)
		w.run("ip", "-n", w.server, "addr", "add", fmt.Sprintf("192.0.2.%d/26", 64*i+1), "dev", name)
		w.run("ip", "-n", w.server, "link", "set", name, "up")
		w.run("ip", "-n", w.client, "link", "set", name, "up")
	}
	return w
}

func (w *wire) run(args ...string) string {
	w.t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (w *wire) killAll(ns string) {
	for _, pid := range strings.Fields(w.run("ip", "netns", "pids", ns)) {
		number, _ := strconv.Atoi(pid)
		if process, err := os.FindProcess(number); err == nil {
			process.Kill()
		}
	}
}

func (w *wire) file(name string) string { return filepath.Join(w.dir, name) }

func (w *wire) read(name string) string {
	data, _ := os.ReadFile(w.file(name))
	return string(data)
}

// serve starts dnsmasq, which lends addresses from and up to the given last
// bytes on every link, and forgets what an earlier one lent.
func (w *wire) serve(from, to int) {
	w.t.Helper()
	os.Remove(w.file("server.leases"))
	log, err := os.Create(w.file("server.log"))
	if err != nil {
		w.t.Fatal(err)
	}
	args := []string{"netns", "exec", w.server, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
		"--user=root", "--no-ping", "--dhcp-authoritative", "--log-dhcp", "--log-facility=-", "--pid-file=" + w.file("server.pid"),
		"--dhcp-leasefile=" + w.file("server.leases")}
	for i := range strings.Count(w.run("ip", "-n", w.server, "-o", "-4", "addr"), "192.0.2.") {
		args = append(args, fmt.Sprintf("--dhcp-range=192.0.2.%d,192.0.2.%d,1h", 64*i+from, 64*i+to))
	}
	if w.shy {
		args = slices.DeleteFunc(args, func(arg string) bool { return arg == "--dhcp-authoritative" })
	}
	w.dnsmasq = exec.Command("ip", args...)
	w.dnsmasq.Stderr = log
	if err := w.dnsmasq.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("dnsmasq serves", func() bool { return strings.Contains(w.read("server.log"), "IP range") })
}

func (w *wire) stopServing() {
	w.dnsmasq.Process.Kill()
	w.dnsmasq.Wait()
}

// acks counts the leases that this dnsmasq has granted.
func (w *wire) acks() int { return strings.Count(w.read("server.log"), "DHCPACK(") }

// script sets only the address, so that nothing else of this machine changes.
const script = `#!/bin/sh
case "$reason" in
BOUND|REBOOT|RENEW|REBIND) ip -4 addr replace "$new_ip_address/26" dev "$interface" valid_lft "$new_dhcp_lease_time" preferred_lft "$new_dhcp_lease_time" ;;
EXPIRE|FAIL|RELEASE|STOP) ip -4 addr flush dev "$interface" ;;
TIMEOUT) ip -4 addr flush dev "$interface"; exit 2 ;;
esac
`

// manage starts a dhclient for an interface and waits until it has a lease.
func (w *wire) manage(iface string, more ...string) {
	w.t.Helper()
	w.run(append([]string{"ip"}, w.arguments(iface, more...)...)...)
}

// arguments are those of ip, to start a dhclient in the client's namespace.
func (w *wire) arguments(iface string, more ...string) []string {
	w.t.Helper()
	if err := os.WriteFile(w.file("script"), []byte(script), 0o755); err != nil {
		w.t.Fatal(err)
	}
	args := []string{"netns", "exec", w.client, "dhclient", "-4", "-cf", "/dev/null", "-sf", w.file("script"),
		"-lf", w.file(iface + ".leases"), "-pf", w.file(iface + ".pid")}
	return append(append(args, more...), iface)
}

// clients lists the processes in the client's namespace, all of them dhclients.
func (w *wire) clients() []string {
	return strings.Fields(w.run("ip", "netns", "pids", w.client))
}

func (w *wire) addresses(iface string) (out []string) {
	for _, word := range strings.Fields(w.run("ip", "-n", w.client, "-4", "-o", "addr", "show", "dev", iface)) {
		if address, ok := strings.CutSuffix(word, "/26"); ok {
			out = append(out, address)
		}
	}
	return out
}

func (w *wire) agent(within time.Duration, iface string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	release := "keep"
	if w.release {
		release = "release"
	}
	cmd := exec.Command("ip", "netns", "exec", w.client, program, iface, release, w.file("bus"), w.root)
	cmd.Env = append(os.Environ(), asAgent+"="+within.String(), "TMPDIR="+w.dir)
	return cmd
}

// mend runs Mend in the client's namespace.
func (w *wire) mend() {
	w.t.Helper()
	cmd := w.agent(time.Minute, "eth0")
	cmd.Args[6] = "mend"
	out, err := cmd.Output()
	var a answer
	if err == nil {
		err = json.Unmarshal(out, &a)
	}
	if err != nil || a.Error != "" {
		w.t.Fatalf("mending ended with %v and said %q", err, out)
	}
}

// renew runs RenewDHCP in the client's namespace.
func (w *wire) renew(within time.Duration, iface string) answer {
	w.t.Helper()
	out, err := w.agent(within, iface).Output()
	var a answer
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(out), &a)
	}
	if err != nil {
		w.t.Fatalf("the renewing process ended with %v and said %q", err, out)
	}
	return a
}

func (w *wire) eventually(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within 20 s: %s\n%s", what, w.read("server.log"))
		}
	}
}

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
