package gate

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// A cutter is a line between agents and a server that breaks again and again.
type cutter struct {
	net.Listener
	behind  atomic.Value // address of the server
	after   func() int64 // bytes of the agent after which a connection breaks; negative for never
	half    atomic.Bool  // the server is not told of the next break
	passed  atomic.Int64 // bytes of the agent that were passed on
	breaks  atomic.Int64
	onBreak func(n int64)

	mu   sync.Mutex
	open []net.Conn
}

func newCutter(t *testing.T, behind string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, after: func() int64 { return -1 }}
	c.behind.Store(behind)
	t.Cleanup(func() {
		l.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, conn := range c.open {
			conn.Close()
		}
	})
	return c
}

func (c *cutter) run() {
	for {
		agent, err := c.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.behind.Load().(string))
		if err != nil {
			agent.Close()
			continue
		}
		c.mu.Lock()
		c.open = append(c.open, agent, server)
		c.mu.Unlock()
		go func() { io.Copy(agent, server); agent.Close() }()
		go c.pass(agent, server)
	}
}

func (c *cutter) pass(agent, server net.Conn) {
	limit := c.after()
	var r io.Reader = agent
	if limit >= 0 {
		r = io.LimitReader(agent, limit)
	}
	n, _ := io.Copy(server, r)
	c.passed.Add(n)
	if !c.half.Swap(false) {
		server.Close()
	}
	agent.Close()
	if n == limit {
		if n := c.breaks.Add(1); c.onBreak != nil {
			c.onBreak(n)
		}
	}
}

func upTo(n int64) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err)
	}
	return i.Int64()
}

// An upload that breaks at any byte goes on where it stopped: the bytes arrive
// as they are, and next to none of them twice. Also when the server is another
// process by then, or the agent, or the server has not noticed the break.
func TestUploadGoesOn(t *testing.T) {
	const size = 4 << 20
	content := make([]byte, size)
	rand.Read(content)
	for name, tt := range map[string]func(t *testing.T, h *house, c *cutter, stop func()){
		"broken line": func(*testing.T, *house, *cutter, func()) {},
		"server that was started again": func(t *testing.T, h *house, c *cutter, _ func()) {
			c.onBreak = func(n int64) {
				if n == 2 {
					h.mu.Lock()
					defer h.mu.Unlock()
					h.close()
					h.open(t)
					c.behind.Store(h.address)
				}
			}
		},
		"agent that was started again": func(_ *testing.T, _ *house, c *cutter, stop func()) {
			c.onBreak = func(n int64) {
				if n == 2 {
					stop()
				}
			}
		},
		"break that the server does not notice": func(_ *testing.T, _ *house, c *cutter, _ func()) {
			c.half.Store(true)
			c.onBreak = func(int64) { c.half.Store(true) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := newCutter(t, h.address)
			c.after = func() int64 { return 200_000 + upTo(1_200_000) }
			key := line.NewKey()
			h.know(key)
			ctx, stop := context.WithCancel(t.Context())
			tt(t, h, c, stop)
			go c.run()
			send := func(ctx context.Context) error {
				agent, err := line.Open("https://"+c.Addr().String(), h.keys.Pin())
				if err != nil {
					t.Fatal(err)
				}
				defer agent.CloseIdle()
				return agent.Upload(ctx, key, command, bytes.NewReader(content))
			}
			if err := send(ctx); err != nil {
				if ctx.Err() == nil {
					t.Fatal(err)
				}
				if err := send(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(h.stored(t), content) {
				t.Error("another file arrived")
			}
			// A connection costs a handshake, a question and what TLS adds.
			breaks := c.breaks.Load()
			most := size + size/50 + (breaks+1)*8_000
			if name == "server that was started again" {
				most += 3 << 20 // what lay with the system of the one that ended
			}
			if breaks < 2 || c.passed.Load() > most {
				t.Errorf("%d bytes were sent for %d over %d breaks, want at most %d", c.passed.Load(), size, breaks, most)
			}
		})
	}
}

// An upload whose answer was lost is not sent again; what is asked about without
// a signature, or of another's command, is not told.
func TestReceived(t *testing.T) {
	s := open(t)
	if status, text := s.request("PUT", link.PathUpload+command, []byte("log"), nil); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	about := func(content string) func(*http.Request) {
		return func(r *http.Request) { sign(r, s.key, []byte(content), time.Now()) }
	}
	for name, tt := range map[string]struct {
		path   string
		change func(*http.Request)
		status int
		want   string
	}{
		"this file":       {link.PathUpload + command, about("log"), 200, `{"bytes":3}`},
		"another file":    {link.PathUpload + command, about("gol"), 200, `{"bytes":0}`},
		"another command": {link.PathUpload + "0000018f5c0e2a000000002b", about("log"), 404, ""},
		"unsigned":        {link.PathUpload + command, func(r *http.Request) { r.Header.Del(link.HeaderSignature) }, 401, ""},
		"long ago":        {link.PathUpload + command, func(r *http.Request) { sign(r, s.key, []byte("log"), time.Now().Add(-time.Hour)) }, 401, ""},
	} {
		status, text := s.request("GET", tt.path, nil, tt.change)
		if status != tt.status || tt.want != "" && strings.TrimSpace(text) != tt.want {
			t.Errorf("%s: %d %s, want %d %s", name, status, text, tt.status, tt.want)
		}
	}
}
