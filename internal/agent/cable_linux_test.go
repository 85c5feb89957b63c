package agent

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

// A cable leads from the server to an agent in a network namespace of its own.
type cable struct {
	*victim
	ns, link string
}

// newCable lays a cable. Relays take what comes over it to the server, which
// does not notice when it is pulled.
func newCable(t *testing.T) *cable {
	t.Helper()
	c := &cable{victim: newVictim(t)}
	n := os.Getpid() % (1 << 14) // nobody else on this machine may have the same network
	c.ns, c.link = fmt.Sprintf("reeve-cable-%d", os.Getpid()), fmt.Sprintf("rc%d", os.Getpid())
	near, far := fmt.Sprintf("198.18.%d.%d", n>>6, n&63*4+1), fmt.Sprintf("198.18.%d.%d", n>>6, n&63*4+2)
	c.ip("netns", "add", c.ns)
	t.Cleanup(func() { c.ip("netns", "del", c.ns) })
	c.ip("link", "add", c.link, "type", "veth", "peer", "name", "eth0", "netns", c.ns)
	t.Cleanup(func() { c.ip("link", "del", c.link) }) // it would go with the namespace, some time later
	c.ip("addr", "add", near+"/30", "dev", c.link)
	c.ip("-n", c.ns, "addr", "add", far+"/30", "dev", "eth0")
	c.ip("link", "set", c.link, "up")
	c.ip("-n", c.ns, "link", "set", "eth0", "up")

	state := &State{dir: c.enrolled}
	i, err := state.Identity()
	must(t, err)
	door, err := url.Parse(i.Server)
	must(t, err)
	i.Server = "https://" + c.relay(near, door.Host)
	i.Place.Agents = c.relay(near, i.Place.Agents)
	must(t, state.write(identityFile, i))
	return c
}

func (c *cable) ip(args ...string) {
	c.Helper()
	if said, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		c.Fatalf("ip %s, which only root may: %v: %s", strings.Join(args, " "), err, said)
	}
}

// relay passes connections to an address of the cable on to another.
func (c *cable) relay(near, to string) string {
	l, err := net.Listen("tcp", near+":0")
	must(c.T, err)
	c.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			go func() { io.Copy(server, from); server.Close() }()
			go func() { io.Copy(from, server); from.Close() }()
		}
	}()
	return l.Addr().String()
}

func (c *cable) pull() { c.ip("link", "set", c.link, "down") }
func (c *cable) plug() { c.ip("link", "set", c.link, "up") }

// during orders an action, pulls the cable in the middle of it for a while, and
// returns how it ended.
func (c *cable) during(action string, pulled time.Duration) link.Report {
	c.Helper()
	c.job++
	dir := filepath.Join(c.TempDir(), "state")
	must(c.T, os.CopyFS(dir, os.DirFS(c.enrolled)))
	must(c.T, os.Chmod(dir, 0o700))
	must(c.T, os.WriteFile(dir+".wait", nil, 0o600))
	before := c.server.Hellos()[c.address].Nonce
	p := c.spawn(dir, "ip", "netns", "exec", c.ns)
	if !c.hello(p, before) {
		c.Fatal("the agent did not start")
	}
	o := c.server.Seal(c.server.Header(c.job, action, c.params(action)), c.address)[0]
	c.server.Give(c.address, o)
	if action == "dhcprenew" || action == "re-identify" { // which wait for us
		c.begun(o.Command())
	}
	c.pull()
	must(c.T, os.Remove(dir+".wait"))
	<-time.After(pulled)
	c.plug()
	again := time.NewTicker(10 * time.Second) // as the server does with what is not answered
	defer again.Stop()
	for deadline := time.After(4 * time.Minute); ; {
		select {
		case r := <-c.server.Reports():
			if r.Command == o.Command() && r.State != running {
				linetest.Eventually(c.T, "it is settled", func() bool { s, err := Look(dir); return err == nil && s.Open+s.Unsettled == 0 })
				c.end(p, dir)
				c.check(dir, action, "cable pulled during "+action, []link.Report{r.Report})
				return r.Report
			}
		case <-again.C:
			c.server.Give(c.address, o)
		case <-deadline:
			c.Fatalf("%s: no report came after the cable was back", action)
		}
	}
}

// A cable that is pulled in the middle of an action, and plugged again before
// anybody gives up, costs nothing but the time.
func TestCablePulled(t *testing.T) {
	c := newCable(t)
	for _, action := range []string{"dhcprenew", "fetch_agent_log"} {
		c.wants(c.during(action, time.Second), succeeded, "")
	}
}

// The same for longer than either end waits for a sign of life.
func TestCablePulledForLongProof(t *testing.T) {
	if os.Getenv("REEVE_PROOF") == "" {
		return
	}
	c := newCable(t)
	for _, action := range allActions {
		if action != retire {
			c.wants(c.during(action, 200*time.Second), succeeded, "")
		}
	}
}
