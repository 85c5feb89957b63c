package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
)

// Who takes the address of the bus for that of the API is told so, in a line.
func TestNotTheAPI(t *testing.T) {
	bus, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	go func() {
		for {
			c, err := bus.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "INFO {\"server_id\":\"x\"}\r\n")
			defer c.Close()
		}
	}()
	t.Setenv("REEVE_CLIENT_ID", "x")
	t.Setenv("REEVE_CLIENT_SECRET", "y")
	for _, scheme := range []string{"http", "https"} {
		t.Setenv("REEVE_URL", scheme+"://"+bus.Addr().String())
		var out, notes bytes.Buffer
		code := run(t.Context(), []string{"devices", "list"}, &out, &notes)
		if code != exitFailed || !strings.Contains(notes.String(), "not of its --agents") || strings.Count(notes.String(), "\n") != 1 {
			t.Errorf("%s: code %d, said %q", scheme, code, notes.String())
		}
	}
}
