package outbound

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"reeve"
)

// some are lines as they come from a log.
func some(texts ...string) (l lines) {
	for i, text := range texts {
		l.rows = append(l.rows, line{time.Date(2026, 11, 22, 8, 0, 0, 1000*i, time.UTC), "job placed\x00é", []byte(text + "\n")})
	}
	return l
}

var header = regexp.MustCompile(`^<110>1 2026-11-22T08:00:00\.00000\dZ \S+ reeve \d+ jobplaced - (.*)$`)

// content returns the text of a message whose header is right.
func content(t *testing.T, message string) string {
	t.Helper()
	parts := header.FindStringSubmatch(message)
	if parts == nil {
		t.Fatalf("the message %q", message)
	}
	return parts[1]
}

// counted reads messages with their length before them until the end.
func counted(t *testing.T, r io.Reader) (texts []string) {
	t.Helper()
	in := bufio.NewReader(r)
	for {
		length, err := in.ReadString(' ')
		if err != nil {
			return texts
		}
		n, err := strconv.Atoi(strings.TrimSpace(length))
		if err != nil {
			t.Fatal(err)
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(in, message); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, content(t, string(message)))
	}
}

func openSyslog(t *testing.T, s reeve.OutletSettings) *syslogSink {
	t.Helper()
	sink, err := newSyslog(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.close)
	return sink
}

func TestSyslogOverUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sink := openSyslog(t, reeve.OutletSettings{Network: "udp", Address: conn.LocalAddr().String()})
	if err := sink.write(t.Context(), some(`{"seq":1}`, strings.Repeat("x", 70_000))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{len(`{"seq":1}`), 60_000} {
		b := make([]byte, 70_000)
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		n, _, err := conn.ReadFrom(b)
		if err != nil || n > maxDatagram || len(content(t, string(b[:n]))) < want {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
}

// accepted hands over connections as they come.
func accepted(t *testing.T, l net.Listener) <-chan net.Conn {
	t.Cleanup(func() { l.Close() })
	conns := make(chan net.Conn)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns <- conn
		}
	}()
	return conns
}

func TestSyslogOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := accepted(t, l)
	sink := openSyslog(t, reeve.OutletSettings{Network: "tcp", Address: l.Addr().String()})
	if err := sink.write(t.Context(), some("one", "two\nlines")); err == nil {
		err = sink.write(t.Context(), some("three"))
		first := <-conns
		if err != nil {
			t.Fatal(err)
		}
		first.(*net.TCPConn).CloseWrite() // the receiver restarts
		defer first.Close()
	}
	for end := time.Now().Add(time.Minute); !hungUp(sink.conn); {
		if time.Now().After(end) {
			t.Fatal("the end of the connection was not seen")
		}
	}
	done := make(chan error, 1)
	go func() { err := sink.write(t.Context(), some("four")); sink.close(); done <- err }()
	second := <-conns
	if got := counted(t, second); fmt.Sprint(got) != "[four]" {
		t.Errorf("%q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	l.Close()
	if err := sink.write(t.Context(), some("five")); err == nil || !strings.Contains(err.Error(), "connecting to the syslog receiver") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestSyslogOverTLS(t *testing.T) {
	site := httptest.NewTLSServer(nil) // for its certificate, which is good for 127.0.0.1
	defer site.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: site.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	conns := accepted(t, l)
	got := make(chan []string, 2)
	go func() {
		for conn := range conns {
			got <- counted(t, conn)
		}
	}()
	s := reeve.OutletSettings{Network: "tls", Address: l.Addr().String()}
	if err := openSyslog(t, s).write(t.Context(), some("one")); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an authority that nobody named: %v", err)
	}
	<-got
	s.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}))
	sink := openSyslog(t, s)
	if err := sink.write(t.Context(), some("one", "two")); err != nil {
		t.Fatal(err)
	}
	sink.close()
	if texts := <-got; fmt.Sprint(texts) != "[one two]" {
		t.Errorf("%q", texts)
	}
}
