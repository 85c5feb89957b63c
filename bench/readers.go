package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// readersSettings tell the second process of a fan-out what to be.
type readersSettings struct {
	Address string
	Count   int
	Trust   string // file with the server's certificate; empty without TLS
}

// subject is what client i reads.
func subject(i int) string { return "device." + strconv.Itoa(i) }

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
		encryption = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
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
			client, err := dialReader(ctx, settings.Address, encryption, subject(i))
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

// dialReader connects and returns once the server holds the subscription.
func dialReader(ctx context.Context, address string, encryption *tls.Config, subject string) (*reader, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	// The server's greeting is one line, in the clear also where TLS follows.
	greeting := bufio.NewReaderSize(conn, 4096)
	if _, err := greeting.ReadSlice('\n'); err != nil {
		return nil, err
	}
	if encryption != nil {
		conn = tls.Client(conn, encryption)
	}
	r := &reader{conn: conn, in: bufio.NewReaderSize(conn, 1024)}
	if _, err := fmt.Fprintf(conn, "CONNECT {\"verbose\":false}\r\nSUB %s 1\r\nPING\r\n", subject); err != nil {
		return nil, err
	}
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(line, []byte("PONG")) {
			return r, nil
		}
	}
}

// read calls arrived for every message, until the connection ends.
func (r *reader) read(arrived func()) error {
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch fields := bytes.Fields(line); string(fields[0]) {
		case "MSG":
			size, err := strconv.Atoi(string(fields[len(fields)-1]))
			if err != nil {
				return err
			}
			if _, err := r.in.Discard(size + len("\r\n")); err != nil {
				return err
			}
			arrived()
		case "PING":
			if _, err := r.conn.Write([]byte("PONG\r\n")); err != nil {
				return err
			}
		case "-ERR":
			return errors.New(string(line))
		}
	}
}
