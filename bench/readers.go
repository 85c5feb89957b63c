package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nkeys"

	"reeve/internal/link"
)

// readersSettings tell the second process of a fan-out what to be.
type readersSettings struct {
	Address string
	Count   int
	Trust   string // file with the server's certificate; empty without TLS
	Name    string // in the server's certificate
	// Agents is whether the clients are the devices 1 to Count of a fleet at
	// Reeve's own server: they prove their keys, say Hello, and read orders.
	Agents bool
}

// subject is what client i reads.
func (s readersSettings) subject(i int) string {
	if s.Agents {
		return link.Subject(link.Address(int64(i+1)), link.VerbOrder)
	}
	return "device." + strconv.Itoa(i)
}

// serveReaders is the second process: it connects the clients and prints the
// time, in nanoseconds since 1970, when all are connected and then each time
// that all have read one message more.
func serveReaders(ctx context.Context, encoded string) error {
	var settings readersSettings
	if err := json.Unmarshal([]byte(encoded), &settings); err != nil {
		return err
	}
	var encryption *tls.Config
	if settings.Trust != "" {
		certificate, err := os.ReadFile(settings.Trust)
		if err != nil {
			return err
		}
		encryption = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: settings.Name, MinVersion: tls.VersionTLS13}
		encryption.RootCAs.AppendCertsFromPEM(certificate)
	}

	count := int64(settings.Count)
	var read atomic.Int64
	arrived := func() {
		if read.Add(1)%count == 0 {
			fmt.Println(time.Now().UnixNano())
		}
	}
	connected, failed := make(chan struct{}), make(chan error)
	room := make(chan struct{}, 64) // dials at a time
	for i := range settings.Count {
		go func() {
			room <- struct{}{}
			client, err := settings.dial(ctx, encryption, i)
			<-room
			if err == nil {
				connected <- struct{}{}
				err = client.read(arrived)
			}
			failed <- err
		}()
	}
	for left := settings.Count; ; {
		select {
		case <-connected:
			if left--; left == 0 {
				fmt.Println(time.Now().UnixNano())
			}
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A reader is the least that a NATS client can be: one connection, one
// subscription, one goroutine.
type reader struct {
	conn net.Conn
	in   *bufio.Reader
}

// dial connects client i and returns once the server holds its subscription,
// and has welcomed it if it is an agent.
func (s readersSettings) dial(ctx context.Context, encryption *tls.Config, i int) (*reader, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	// The server's greeting is one line, in the clear also where TLS follows.
	greeting, err := bufio.NewReaderSize(conn, 4096).ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	options, last, more := `{"verbose":false}`, "PONG", ""
	if s.Agents {
		if options, err = proofOf(int64(i+1), greeting); err != nil {
			return nil, err
		}
		hello, err := json.Marshal(helloOf(int64(i + 1)))
		if err != nil {
			return nil, err
		}
		address := link.Address(int64(i + 1))
		last = "MSG " + link.Subject(address, link.VerbWelcome)
		more = fmt.Sprintf("SUB %s 2\r\nPUB %s %d\r\n%s\r\n", link.Subject(address, link.VerbWelcome),
			link.Subject(address, link.VerbHello), len(hello), hello)
	}
	if encryption != nil {
		conn = tls.Client(conn, encryption)
	}
	r := &reader{conn: conn, in: bufio.NewReaderSize(conn, 1024)}
	if _, err := fmt.Fprintf(conn, "CONNECT %s\r\nSUB %s 1\r\nPING\r\n%s", options, s.subject(i), more); err != nil {
		return nil, err
	}
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(line, []byte(last)) {
			return r, r.obey(line)
		}
		if err := r.obey(line); err != nil {
			return nil, err
		}
	}
}

// proofOf signs the challenge in the server's greeting with a device's key.
func proofOf(device int64, greeting []byte) (string, error) {
	var info struct {
		Nonce string `json:"nonce"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(greeting, []byte("INFO ")), &info); err != nil {
		return "", err
	}
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, seedOf(device))
	if err != nil {
		return "", err
	}
	public, err := key.PublicKey()
	if err != nil {
		return "", err
	}
	signature, err := key.Sign([]byte(info.Nonce))
	return fmt.Sprintf(`{"verbose":false,"tls_required":true,"nkey":"%s","sig":"%s"}`, public,
		base64.RawURLEncoding.EncodeToString(signature)), err
}

// read calls arrived for every message, until the connection ends.
func (r *reader) read(arrived func()) error {
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		isMessage := bytes.HasPrefix(line, []byte("MSG "))
		if err := r.obey(line); err != nil {
			return err
		}
		if isMessage {
			arrived()
		}
	}
}

// obey does what a line of the server asks for.
func (r *reader) obey(line []byte) error {
	switch fields := bytes.Fields(line); string(fields[0]) {
	case "MSG":
		size, err := strconv.Atoi(string(fields[len(fields)-1]))
		if err != nil {
			return err
		}
		_, err = r.in.Discard(size + len("\r\n"))
		return err
	case "PING":
		_, err := r.conn.Write([]byte("PONG\r\n"))
		return err
	case "-ERR":
		return errors.New(string(line))
	}
	return nil
}
