package proof

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/client"
)

// A wire is two network namespaces with a link between them: in one a DHCP
// server, in the other its client. Nothing of it is seen on this machine.
type wire struct {
	t           testing.TB
	near, far   string // the server's and the client's
	dir         string
	dnsmasq     *process
	granted     *transcript // what dnsmasq says
	nearAddress string
}

func newWire(t testing.TB) *wire {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces, which only root may: run it as root or through scripts/gotest.sh")
	}
	id := fmt.Sprintf("proof-%d-%d", os.Getpid(), rand.IntN(1e6))
	w := &wire{t: t, near: id + "-n", far: id + "-f", dir: t.TempDir(), granted: newTranscript(t, "dnsmasq"), nearAddress: "192.0.2.1"}
	for _, ns := range []string{w.near, w.far} {
		w.run("ip", "netns", "add", ns)
		t.Cleanup(func() {
			for _, pid := range strings.Fields(w.run("ip", "netns", "pids", ns)) {
				number, _ := strconv.Atoi(pid)
				syscall.Kill(number, syscall.SIGKILL)
			}
			w.run("ip", "netns", "del", ns)
		})
		w.run("ip", "-n", ns, "link", "set", "lo", "up")
	}
	w.run("ip", "link", "add", "eth0", "netns", w.near, "type", "veth", "peer", "name", "eth0", "netns", w.far)
	w.run("ip", "-n", w.near, "addr", "add", w.nearAddress+"/26", "dev", "eth0")
	w.run("ip", "-n", w.near, "link", "set", "eth0", "up")
	w.run("ip", "-n", w.far, "link", "set", "eth0", "up")

	w.dnsmasq = run(t, w.granted, lookUp(t, "ip"), "netns", "exec", w.near, lookUp(t, "dnsmasq"), "--keep-in-foreground",
		"--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping", "--dhcp-authoritative", "--log-dhcp", "--log-facility=-",
		"--pid-file="+w.file("dnsmasq.pid"), "--dhcp-leasefile="+w.file("server.leases"), "--dhcp-range=192.0.2.20,192.0.2.30,1h")
	eventually(t, 20*time.Second, "dnsmasq serves", func() bool { return strings.Contains(w.granted.String(), "IP range") })

	// The script sets the address alone, so that nothing of this machine changes.
	must(t, os.WriteFile(w.file("script"), []byte(`#!/bin/sh
case "$reason" in
BOUND|REBOOT|RENEW|REBIND) ip -4 addr replace "$new_ip_address/26" dev "$interface" ;;
esac
`), 0o755))
	w.run("ip", "netns", "exec", w.far, lookUp(t, "dhclient"), "-4", "-cf", "/dev/null", "-sf", w.file("script"),
		"-lf", w.file("client.leases"), "-pf", w.file("client.pid"), "eth0")
	return w
}

// lookUp finds a program where Debian keeps those of root, too.
func lookUp(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing: install the Debian packages iproute2, dnsmasq-base and isc-dhcp-client", name)
	return ""
}

func (w *wire) file(name string) string { return filepath.Join(w.dir, name) }

func (w *wire) run(args ...string) string {
	w.t.Helper()
	out, err := exec.Command(lookUp(w.t, args[0]), args[1:]...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// acks counts the leases that dnsmasq has granted.
func (w *wire) acks() int { return strings.Count(w.granted.String(), "DHCPACK(") }

// clients counts the dhclients at the far end.
func (w *wire) clients() (n int) {
	for _, pid := range strings.Fields(w.run("ip", "netns", "pids", w.far)) {
		if name, _ := os.ReadFile("/proc/" + pid + "/comm"); strings.TrimSpace(string(name)) == "dhclient" {
			n++
		}
	}
	return n
}

// reeve runs a command line at the near end and reads its last line.
func (w *wire) reeve(s *server, answer any, args ...string) {
	w.t.Helper()
	all := slices.Concat([]string{"netns", "exec", w.near, program("reeve")}, args, []string{"--json"})
	out, code := call(w.t, s.environment(), lookUp(w.t, "ip"), all...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), answer); code != 0 || err != nil {
		w.t.Fatalf("reeve %v ended with %d and said %s", args, code, out)
	}
}

// However the agent dies in the middle of a renewal, the DHCP server grants at
// most one lease for one command, and the command ends.
func TestRenewalNeverTwice(t *testing.T) {
	t.Parallel()
	renew(t, 6)
}

func TestRenewalNeverTwiceProof(t *testing.T) {
	if isProof() {
		renew(t, 100)
	}
}

func renew(t *testing.T, rounds int) {
	random := newRandom(t)
	w := newWire(t)
	s := newServer(t)
	s.listen, s.agents = w.nearAddress+":8443", w.nearAddress+":8444"
	s.process = run(t, s.log, lookUp(t, "ip"), append([]string{"netns", "exec", w.near, program("reeve")}, s.arguments()...)...)
	eventually(t, time.Minute, "the server serves", func() bool { return strings.Contains(s.log.String(), `"serving"`) })
	s.meet()
	a := newAgent(t, s, nil)
	a.via = []string{lookUp(t, "ip"), "netns", "exec", w.far}
	a.start()

	ends := map[string]int{}
	for round := range rounds {
		granted, begun := w.acks(), strings.Count(a.log.String(), "command begins")
		frozen := round%3 == 0 // the server answers only after the agent's death
		if frozen {
			w.dnsmasq.cmd.Process.Signal(syscall.SIGSTOP)
		}
		var outcome client.Outcome
		w.reeve(s, &outcome, "act", "dhcprenew", "--id", a.device())
		eventually(t, 30*time.Second, "the command begins", func() bool { return strings.Count(a.log.String(), "command begins") > begun })
		if frozen {
			eventually(t, 30*time.Second, "the request is made", func() bool { return w.clients() == 2 })
		}
		pass(time.Duration(random.Int64N(int64(60*time.Millisecond))), a.done)
		a.kill()
		if frozen {
			w.dnsmasq.cmd.Process.Signal(syscall.SIGCONT)
		}
		a.start()
		var c client.Command
		eventually(t, time.Minute, "the command has ended", func() bool {
			w.reeve(s, &c, "jobs", "show", outcome.Command[:16])
			return isFinal(c.State)
		})
		got := w.acks() - granted
		ends[c.State+" "+c.Reason]++
		switch {
		case got > 1:
			t.Errorf("round %d: dnsmasq granted %d leases for one command, which is %+v", round, got, c)
		case c.State == "succeeded" && got != 1:
			t.Errorf("round %d: the command succeeded with %d leases", round, got)
		case c.State != "succeeded" && (c.State != "failed" || c.Reason != "interrupted"):
			t.Errorf("round %d: the command is %+v", round, c)
		}
	}
	t.Logf("commands ended as %v", ends)
	if ends["failed interrupted"] == 0 {
		t.Error("no command was interrupted")
	}
	if n := w.clients(); n != 1 {
		t.Errorf("%d DHCP clients run at the end, want the one that was there", n)
	}
}
