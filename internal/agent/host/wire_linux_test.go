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

// asAgent, in the environment, makes the test program renew and report instead
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
	// Other programs are waited for, which say nothing when they are ready.
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within 20 s: %s\n%s", what, w.read("server.log"))
		}
	}
}
