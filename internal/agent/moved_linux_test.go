package agent

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/linetest"
)

// A renewal gives the agent's machine another address, and takes away the one
// that the agent is connected from. The report comes from the new one.
func TestReportSurvivesAnotherAddress(t *testing.T) {
	t.Setenv(withLeases, "yes")
	c := newCable(t)
	// Nobody else on this machine may have the same network.
	network := fmt.Sprintf("198.19.%d.", os.Getpid()%256)
	c.ip("addr", "add", network+"1/24", "dev", c.link)
	words := strings.Fields(c.said("-n", c.ns, "-4", "-o", "addr", "show", "dev", "eth0"))
	c.ip("-n", c.ns, "addr", "change", words[3], "dev", "eth0", "valid_lft", "3000", "preferred_lft", "3000") // lent, by nobody who is left
	dnsmasq := exec.Command("/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping",
		"--log-facility=-", "--dhcp-authoritative", "--bind-interfaces", "--except-interface=lo", "--interface="+c.link, "--pid-file=",
		"--dhcp-leasefile="+filepath.Join(t.TempDir(), "leases"), "--dhcp-range="+network+"20,"+network+"30,1h")
	says, err := dnsmasq.StderrPipe()
	must(t, err)
	must(t, dnsmasq.Start())
	t.Cleanup(func() { dnsmasq.Process.Kill(); dnsmasq.Wait() })
	lines := bufio.NewScanner(says)
	for lines.Scan() && !strings.Contains(lines.Text(), "DHCP, sockets bound") { // until then it hears nothing
	}
	go func() {
		for lines.Scan() { // it would wait for a reader
		}
	}()

	c.job++
	dir := filepath.Join(t.TempDir(), "state")
	must(t, os.CopyFS(dir, os.DirFS(c.enrolled)))
	must(t, os.Chmod(dir, 0o700))
	before := c.server.Hellos()[c.address].Nonce
	p := c.spawn(dir, "ip", "netns", "exec", c.ns)
	if !c.hello(p, before) {
		t.Fatal("the agent did not start")
	}
	o := c.server.Seal(c.server.Header(c.job, "dhcprenew", `{"interface":"eth0"}`), c.address)[0]
	start := time.Now()
	report, ended := c.give(p, o)
	if ended {
		t.Fatal("the agent ended")
	}
	c.wants(report, succeeded, "")
	if !strings.Contains(string(report.Result), `"address":"`+network) || !strings.Contains(report.Message, "instead of") {
		t.Errorf("reported %s with %s", report.Message, report.Result)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("the report took %v", took)
	}
	linetest.Eventually(t, "the address is the new one alone", func() bool {
		now := c.said("-n", c.ns, "-4", "-o", "addr", "show", "dev", "eth0")
		return strings.Count(now, "inet ") == 1 && strings.Contains(now, "inet "+network)
	})
}

func (c *cable) said(args ...string) string {
	c.Helper()
	out, err := exec.Command("ip", args...).Output()
	must(c.T, err)
	return string(out)
}
