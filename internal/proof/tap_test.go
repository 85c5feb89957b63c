package proof

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/internal/link"
)

// A tap is a hostile message bus: it sits between the agents and the bus, reads
// what the server says to them, and says to them what it likes.
type tap struct {
	t        testing.TB
	listener net.Listener
	target   string // the real bus

	mu     sync.Mutex
	change func(address, verb string, message []byte) [][]byte // what is brought instead; nil is what was said
	said   map[string][][]byte                                 // by subject, in order
	ends   map[string]*tapped                                  // the last connection of each agent, by address
}

// A tapped is one agent's end.
type tapped struct {
	net.Conn
	mu sync.Mutex
}

func newTap(t testing.TB, target string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &tap{t: t, listener: listener, target: target, said: map[string][][]byte{}, ends: map[string]*tapped{}}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(&tapped{Conn: c})
		}
	}()
	return p
}

func (p *tap) join(agent *tapped) {
	defer agent.Close()
	bus, err := net.Dial("tcp", p.target)
	if err != nil {
		return // the agent tries again
	}
	defer bus.Close()
	go func() {
		io.Copy(bus, agent)
		bus.Close()
	}()
	in := bufio.NewReader(bus)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		words := strings.Fields(string(line))
		if len(words) < 4 || words[0] != "MSG" {
			agent.write(line)
			continue
		}
		size, err := strconv.Atoi(words[len(words)-1])
		if err != nil {
			return
		}
		message := make([]byte, size+2)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		p.bring(agent, words[1], words[2], message[:size])
	}
}

// bring passes a message on, as change says.
func (p *tap) bring(agent *tapped, subject, topic string, message []byte) {
	device, verb, err := link.ParseSubject(subject)
	if err != nil {
		p.t.Errorf("the bus spoke on %s", subject)
		return
	}
	address := link.Address(device)
	p.mu.Lock()
	p.said[subject] = append(p.said[subject], message)
	p.ends[address] = agent
	instead := [][]byte{message}
	if p.change != nil {
		instead = p.change(address, verb, message)
	}
	p.mu.Unlock()
	for _, m := range instead {
		agent.message(subject, topic, m)
	}
}

func (c *tapped) write(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Write(b) // who has gone will be back
}

func (c *tapped) message(subject, topic string, m []byte) {
	c.write(fmt.Appendf(nil, "MSG %s %s %d\r\n%s\r\n", subject, topic, len(m), m))
}

// with sets what is brought instead of what the server says.
func (p *tap) with(change func(address, verb string, message []byte) [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = change
}

// topics are the agents' subscriptions, as line numbers them.
var topics = map[string]string{link.VerbOrder: "1", link.VerbAck: "2", link.VerbCancel: "3", link.VerbWelcome: "4", link.VerbSettle: "5"}

// inject says something to the agent at an address.
func (p *tap) inject(address, verb string, messages ...[]byte) {
	p.t.Helper()
	p.mu.Lock()
	end := p.ends[address]
	p.mu.Unlock()
	if end == nil {
		p.t.Fatalf("no agent is at %s", address)
	}
	for _, m := range messages {
		end.message(link.Subject(address, verb), topics[verb], m)
	}
}

// heard waits for something that the server says to an agent and that holds.
func (p *tap) heard(address, verb string, is func([]byte) bool) []byte {
	p.t.Helper()
	var found []byte
	eventually(p.t, 30*time.Second, "the server says "+verb, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range p.said[link.Subject(address, verb)] {
			if is(m) {
				found = bytes.Clone(m)
			}
		}
		return found != nil
	})
	return found
}
