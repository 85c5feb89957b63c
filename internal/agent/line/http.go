package line

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// This is as much of HTTP/1.1 as the agents' door needs. The library's client
// would be a tenth of all the memory that an agent takes.

const (
	maxAnswer  = 64 << 10        // bytes of a body
	maxHead    = 64 << 10        // bytes before it
	answerWait = 2 * time.Minute // until the server answers what it has read
	// idleFor is how long a connection is kept for another request: for less
	// than any server would.
	idleFor = 10 * time.Second
	maxIdle = 64
)

// An httpConn is a connection to the agents' door.
type httpConn struct {
	net.Conn
	in   *textproto.Reader
	left *io.LimitedReader // what the present answer may still have
	rest time.Time         // since when it is not used
}

func newHTTPConn(c net.Conn) *httpConn {
	left := &io.LimitedReader{R: c}
	return &httpConn{Conn: c, in: textproto.NewReader(bufio.NewReaderSize(left, bufferSize)), left: left}
}

// A request is one question to the door.
type request struct {
	method, host, path string
	header             [][2]string
	body               io.ReadSeeker // nil for none
	from, size         int64         // the part of it that is sent
	// into returns what takes the body of a success, which then is of any length
	// up to most. Nil keeps it in the answer.
	into func(answer) io.Writer
	most int64
}

// An answer is what comes back.
type answer struct {
	status int
	header textproto.MIMEHeader
	body   []byte
	last   bool // the connection cannot be used again
}

// Write gives every piece its own time, since a large file may take long.
func (c *httpConn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	return c.Conn.Write(p)
}

// exchange sends a request and reads the answer, until ctx ends. With an error
// the answer has its status if that came.
func (c *httpConn) exchange(ctx context.Context, r request) (answer, error) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	sent := c.ask(r)
	// A server that has seen enough answers before it has read all.
	c.SetReadDeadline(time.Now().Add(answerWait))
	a, err := c.hear(r)
	if err != nil {
		return a, because(because(err, sent), ctx.Err())
	}
	a.last = a.last || sent != nil
	return a, nil
}

func (c *httpConn) ask(r request) error {
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: reeve-agent\r\n", r.method, r.path, r.host)
	for _, h := range r.header {
		head = fmt.Appendf(head, "%s: %s\r\n", h[0], h[1])
	}
	if r.body != nil {
		head = fmt.Appendf(head, "Content-Length: %d\r\n", r.size)
	}
	if _, err := c.Write(append(head, "\r\n"...)); err != nil {
		return err
	}
	if r.body == nil {
		return nil
	}
	n, err := io.Copy(c, io.LimitReader(r.body, r.size))
	if err == nil && n < r.size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

var errHTTP = errors.New("the server does not answer as HTTP does; take the address of its --listen, not of its --agents")

// hear reads an answer. Whoever it is that answers, he cannot fill our memory:
// no line, header or body is longer than all that is read.
func (c *httpConn) hear(r request) (answer, error) {
	c.left.N = maxHead + 2*maxAnswer // pieces of a body have heads of their own
	for {
		first, err := c.in.ReadLine()
		if err != nil {
			return answer{}, err
		}
		version, rest, _ := strings.Cut(first, " ")
		code, _, _ := strings.Cut(rest, " ")
		status, err := strconv.Atoi(code)
		if err != nil || !strings.HasPrefix(version, "HTTP/1.") || status < 100 || status > 599 {
			return answer{}, errHTTP
		}
		a := answer{status: status, last: version != "HTTP/1.1"}
		if a.header, err = c.in.ReadMIMEHeader(); err != nil {
			return answer{}, err
		}
		if status < 200 { // a word in between
			continue
		}
		a.last = a.last || strings.EqualFold(a.header.Get("Connection"), "close")
		if r.into != nil && status/100 == 2 {
			return a, c.stream(a, r)
		}
		a.body, err = c.body(&a)
		return a, err
	}
}

// body reads what follows a header: as much as it says, in pieces, or all until
// the end.
func (c *httpConn) body(a *answer) ([]byte, error) {
	length := a.header.Get("Content-Length")
	switch {
	case a.status == 204 || a.status == 304:
		return nil, nil
	case strings.EqualFold(a.header.Get("Transfer-Encoding"), "chunked"):
		return c.chunks()
	case length != "":
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > maxAnswer {
			return nil, errHTTP
		}
		b := make([]byte, n)
		_, err = io.ReadFull(c.in.R, b)
		return b, err
	default:
		a.last = true
		b, err := io.ReadAll(io.LimitReader(c.in.R, maxAnswer+1))
		if len(b) > maxAnswer {
			err = errHTTP
		}
		return b, err
	}
}

// stream hands on a body whose length was announced.
func (c *httpConn) stream(a answer, r request) error {
	n, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 || n > r.most {
		return errHTTP
	}
	c.left.N += n
	_, err = io.CopyN(r.into(a), patient{c}, n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// patient gives every piece of a long body its own time.
type patient struct{ *httpConn }

func (p patient) Read(b []byte) (int, error) {
	p.SetReadDeadline(time.Now().Add(answerWait))
	return p.in.R.Read(b)
}

// chunks reads a body that comes in pieces.
func (c *httpConn) chunks() (body []byte, err error) {
	for {
		line, err := c.in.ReadLine()
		if err != nil {
			return nil, err
		}
		digits, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 32)
		if err != nil || len(body)+int(n) > maxAnswer {
			return nil, errHTTP
		}
		if n == 0 {
			_, err = c.in.ReadMIMEHeader() // the trailer, mostly empty
			return body, err
		}
		at := len(body)
		body = append(body, make([]byte, n)...)
		if _, err := io.ReadFull(c.in.R, body[at:]); err != nil {
			return nil, err
		}
		if line, err := c.in.ReadLine(); err != nil || line != "" {
			return nil, because(errHTTP, err)
		}
	}
}
