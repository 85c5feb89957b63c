package client

import (
	"net/http"
	"testing"
)

// ForTest returns a client whose requests go nowhere but to transport.
func ForTest(t *testing.T, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Config{URL: "http://reeve.test", ClientID: "id", ClientSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport = transport
	return c
}

// ChecksFor reports whether a client that was told nothing checks the
// certificate of a host.
func ChecksFor(t *testing.T, host string) bool {
	t.Helper()
	config, err := trust(Config{}, host)
	if err != nil {
		t.Fatal(err)
	}
	return !config.InsecureSkipVerify
}
