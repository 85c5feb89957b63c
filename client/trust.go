package client

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
)

// trust returns how the server's certificate is checked. A Reeve server makes
// its own authority unless told otherwise, which no system knows: who calls it
// brings the authority's certificate, or the pin of its key. On loopback, where
// plain HTTP is served as well, neither is needed.
func trust(c Config, host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case c.Pin == "" && c.CA == nil && isLoopback(host):
		config.InsecureSkipVerify = true
	case c.Pin != "" && c.CA != nil:
		return nil, errors.New("give either the authority's certificate or the pin, not both")
	case c.CA != nil:
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(c.CA) {
			return nil, errors.New("the file of the authority holds no PEM certificate")
		}
	case c.Pin != "":
		pin, err := hex.DecodeString(strings.TrimSpace(c.Pin))
		if err != nil || len(pin) != sha256.Size {
			return nil, errors.New("the pin must be 64 hex digits; the server shows it when it starts")
		}
		config.InsecureSkipVerify = true // instead of the usual check, not without any
		config.VerifyConnection = func(state tls.ConnectionState) error { return checkPin(state, [32]byte(pin)) }
	}
	return config, nil
}

// isLoopback reports whether a host can only be this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkPin verifies a chain against the one root whose key has the pin.
func checkPin(state tls.ConnectionState, pin [32]byte) error {
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	found := false
	for _, cert := range state.PeerCertificates {
		if sha256.Sum256(cert.RawSubjectPublicKeyInfo) == pin {
			roots.AddCert(cert)
			found = true
		} else {
			others.AddCert(cert)
		}
	}
	if !found {
		return errors.New("the server's certificate does not come from the pinned key; check the pin, and that nobody is in between")
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, DNSName: state.ServerName,
	})
	return err
}
