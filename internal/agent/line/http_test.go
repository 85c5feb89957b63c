package line

import (
	"bufio"
	"io"
	"net/textproto"
	"strings"
	"testing"
)

func hearing(r io.Reader) *httpConn {
	left := &io.LimitedReader{R: r}
	return &httpConn{in: textproto.NewReader(bufio.NewReader(left)), left: left}
}

func heard(text string) (answer, error) {
	return hearing(strings.NewReader(text)).hear(request{})
}

func TestHear(t *testing.T) {
	for name, tt := range map[string]struct {
		text   string
		status int // 0 if it is not HTTP as we take it
		body   string
		last   bool
	}{
		"length":         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false},
		"length, close":  {"HTTP/1.1 403 No\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi", 403, "hi", true},
		"to the end":     {"HTTP/1.1 200 OK\r\n\r\nhi", 200, "hi", true},
		"old":            {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
		"no content":     {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", false},
		"continue first": {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, "x", false},
		"chunks":         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n", 200, "hi!", false},
		"torn chunk":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", 0, "", false},
		"bad chunk":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", 0, "", false},
		"huge chunk":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nhi", 0, "", false},
		"huge":           {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nhi", 0, "", false},
		"less":           {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi", 0, "", false},
		"endless":        {"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", maxAnswer+1), 0, "", false},
		"torn":           {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", 0, "", false},
		"not HTTP":       {"SSH-2.0-server\r\n", 0, "", false},
		"HTTP/2":         {"HTTP/2 200 OK\r\n\r\n", 0, "", false},
		"odd status":     {"HTTP/1.1 999 OK\r\n\r\n", 0, "", false},
		"nothing":        {"", 0, "", false},
	} {
		a, err := heard(tt.text)
		if (err == nil) != (tt.status != 0) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (a.status != tt.status || string(a.body) != tt.body || a.last != tt.last) {
			t.Errorf("%s: got %d %q, last %v", name, a.status, a.body, a.last)
		}
	}
}

func FuzzHear(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := heard(text); err == nil && (len(a.body) > maxAnswer || len(a.body) > len(text)) {
			t.Fatalf("a body of %d bytes", len(a.body))
		}
	})
}

// endless says the same for ever, and counts how much of it was heard.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[(e.n+i)%len(e.text)]
	}
	e.n += len(p)
	return len(p), nil
}

// A server that never comes to an end is cut off.
func TestHearEndless(t *testing.T) {
	for name, text := range map[string]string{
		"a line": "x", "headers": "A: b\r\n", "words in between": "HTTP/1.1 100 Continue\r\n\r\n", "nothing": "\n",
	} {
		e := &endless{text: text}
		begin := io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n"), e)
		if name == "words in between" || name == "a line" {
			begin = e
		}
		if a, err := hearing(begin).hear(request{}); err == nil && name != "nothing" || e.n > 300<<10 {
			t.Errorf("%s: %d bytes were read, %v, %v", name, e.n, a.status, err)
		}
	}
}
