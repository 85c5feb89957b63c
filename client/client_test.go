package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/doortest"
)

// house serves a doortest.House over HTTP.
func house(t *testing.T) (*doortest.House, *client.Client) {
	t.Helper()
	h := doortest.Open(t, doortest.Options{})
	server := httptest.NewServer(h.Handler)
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL + "/", ClientID: h.First.ClientID, ClientSecret: h.First.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	return h, c
}

func TestOrderFromBeginningToEnd(t *testing.T) {
	h, c := house(t)
	ctx := t.Context()
	linux := h.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	placed, err := c.Place(ctx, client.Order{Action: "dhcprenew", IDs: []string{linux.ID}, Terms: client.Terms{Offline: "queue", DeliverWithin: 60}}, "key")
	if err != nil {
		t.Fatal(err)
	}
	h.Report(linux, placed.Outcomes[0].Command, reeve.Report{State: reeve.Succeeded})
	job, err := c.Await(ctx, placed.Job.ID, 1)
	if err != nil || job.Open != 0 {
		t.Errorf("%+v, %v", job, err)
	}
	for one, err := range c.JobCommands(ctx, job.ID, "succeeded") {
		if err != nil || one.Device != linux.ID || one.Hostname != "linux" {
			t.Errorf("%+v, %v", one, err)
		}
	}
	device, err := c.Device(ctx, "00-0C-29-00-00-04")
	if err != nil || device.ID != linux.ID || device.AgentVersion != "26.11.0.0" || device.ExemptUntil != nil {
		t.Errorf("%+v, %v", device, err)
	}
	if _, err := c.Cancel(ctx, job.ID); err != nil {
		t.Error(err)
	}
}

func TestPages(t *testing.T) {
	_, c := house(t)
	const n = 1203 // more than two pages
	devices := make([]client.NewDevice, n)
	for i := range devices {
		devices[i] = client.NewDevice{Hostname: fmt.Sprintf("pc%04d", i), MACs: []string{fmt.Sprintf("02:00:00:00:%02x:%02x", i/256, i%256)}}
	}
	if _, err := c.Import(t.Context(), client.Import{Devices: devices}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for d, err := range c.Devices(t.Context(), client.DeviceFilter{Search: "pc"}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[d.Hostname] = true
	}
	if len(seen) != n {
		t.Errorf("%d devices, want %d", len(seen), n)
	}
	for range c.Devices(t.Context(), client.DeviceFilter{}) {
		break // a list may be left early
	}
	for _, err := range c.Devices(t.Context(), client.DeviceFilter{Standings: []string{"lost"}}) {
		if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != 400 || refused.RequestID == "" {
			t.Errorf("a bad filter: %v", err)
		}
	}
}

func TestGroupsAppsCodesAccounts(t *testing.T) {
	_, c := house(t)
	ctx := t.Context()
	group, err := c.CreateGroup(ctx, client.NewGroup{Name: "Lab"})
	check(t, err)
	name := "Workshop"
	group, err = c.ChangeGroup(ctx, group.ID, client.GroupChange{Name: &name})
	if check(t, err); group.Name != "Workshop" {
		t.Errorf("%+v", group)
	}
	code, err := c.CreateCode(ctx, client.NewCode{Group: group.ID, Kind: "persistent", Uses: 3, Expires: time.Now().Add(time.Hour)})
	if check(t, err); len(code.Code) != 8 || code.Group != group.ID {
		t.Errorf("%+v", code)
	}
	check(t, c.RevokeCode(ctx, code.Code))
	ended := 0
	for listed, err := range c.Codes(ctx) {
		if check(t, err); listed.Code != "" {
			t.Error("a list shows a code")
		}
		if !listed.Revoked.IsZero() {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d codes have ended, want 1", ended)
	}
	check(t, c.RemoveGroup(ctx, group.ID))
	app, err := c.CreateApp(ctx, client.NewApp{Name: "reader", Scopes: []string{"read"}})
	if check(t, err); len(app.ClientSecret) != 48 {
		t.Errorf("%+v", app)
	}
	check(t, c.RevokeApp(ctx, app.ClientID))
	account, err := c.CreateAccount(ctx, client.NewAccount{Name: "acme", Seats: 7})
	if check(t, err); account.First == nil || account.Seats != 7 {
		t.Errorf("%+v", account)
	}
	seats := int64(3)
	mine, err := c.ChangeAccount(ctx, client.AccountChange{Seats: &seats})
	if check(t, err); mine.Seats != 3 || mine.Name != "default" {
		t.Errorf("%+v", mine)
	}
	rows, err := c.LogAfter(ctx, client.LogFilter{Events: []string{"account_changed"}}, 0, 0)
	if check(t, err); len(rows) != 1 {
		t.Errorf("%+v", rows)
	}
	if v, err := c.VerifyLog(ctx); err != nil || !v.Intact {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := c.ServerVersion(ctx); err != nil || v.API != "v1" {
		t.Errorf("%+v, %v", v, err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A stub answers tokens and counts them; every other request is answered by
// what is next in line.
type stub struct {
	tokens  int
	answers []int
	bearers []string
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.Path == "/o/oauth/token" {
		s.tokens++
		fmt.Fprintf(w, `{"access_token":"T%d"}`, s.tokens)
	} else {
		s.bearers = append(s.bearers, r.Header.Get("Authorization"))
		status := s.answers[0]
		s.answers = s.answers[1:]
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		io.WriteString(w, `{"error":"e","error_description":"d"}`)
	}
	return w.Result(), nil
}

func TestTokenIsRenewedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []int
		tokens  int
		fails   bool
	}{
		"valid":          {[]int{200}, 1, false},
		"expired":        {[]int{401, 200}, 2, false},
		"always refused": {[]int{401, 401}, 2, true},
		"forbidden":      {[]int{403}, 1, true},
	} {
		s := &stub{answers: tt.answers}
		c := client.ForTest(t, s)
		_, err := c.ServerVersion(t.Context())
		if s.tokens != tt.tokens || (err != nil) != tt.fails || len(s.answers) != 0 {
			t.Errorf("%s: %d tokens, %v", name, s.tokens, err)
		}
	}
}

func TestWaitsForTheRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{answers: []int{429, 429, 200, 429, 429, 429, 429}}
		c := client.ForTest(t, s)
		began := time.Now()
		if _, err := c.ServerVersion(t.Context()); err != nil || time.Since(began) != 14*time.Second {
			t.Errorf("%v after %v, want success after 14s", err, time.Since(began))
		}
		_, err := c.ServerVersion(t.Context())
		if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != 429 || refused.RetryAfter != 7*time.Second {
			t.Errorf("a limit that stays: %v", err)
		}
		s.answers = []int{429}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.ServerVersion(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller in a hurry: %v", err)
		}
	})
}

// chain makes an authority and a certificate for 127.0.0.1, as a server does.
func chain(t *testing.T) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	root := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	check(t, err)
	root, err = x509.ParseCertificate(der)
	check(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: root.NotBefore, NotAfter: root.NotAfter}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, rootKey)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{leafDER, der}, PrivateKey: key}, root
}

func pinOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

func TestTrust(t *testing.T) {
	cert, root := chain(t)
	foreign, foreignRoot := chain(t)
	// A stranger shows the pinned root behind a certificate that it did not sign.
	forged := tls.Certificate{Certificate: [][]byte{foreign.Certificate[0], root.Raw}, PrivateKey: foreign.PrivateKey}
	asPEM := func(c *x509.Certificate) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	for name, tt := range map[string]struct {
		shows tls.Certificate
		host  string
		trust client.Config
		ok    bool
	}{
		"the pin":                   {cert, "127.0.0.1", client.Config{Pin: pinOf(root)}, true},
		"the authority":             {cert, "127.0.0.1", client.Config{CA: asPEM(root)}, true},
		"nothing, on loopback":      {cert, "127.0.0.1", client.Config{}, true},
		"another pin":               {cert, "127.0.0.1", client.Config{Pin: pinOf(foreignRoot)}, false},
		"another authority":         {cert, "127.0.0.1", client.Config{CA: asPEM(foreignRoot)}, false},
		"another host":              {cert, "localhost", client.Config{Pin: pinOf(root)}, false},
		"a root that only is shown": {forged, "127.0.0.1", client.Config{Pin: pinOf(root)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, `{"access_token":"T","api":"v1"}`)
			}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{tt.shows}}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			config := tt.trust
			config.URL = strings.Replace(server.URL, "127.0.0.1", tt.host, 1)
			c, err := client.New(config)
			check(t, err)
			if _, err := c.ServerVersion(t.Context()); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, host := range []string{"reeve.test", "192.0.2.1", "localhost.reeve.test"} {
		if !client.ChecksFor(t, host) {
			t.Errorf("without pin and authority the certificate of %s is not checked", host)
		}
	}
	for _, bad := range []client.Config{
		{URL: "https://x", Pin: "00"}, {URL: "https://x", CA: []byte("nonsense")}, {URL: "https://x", CA: asPEM(root), Pin: pinOf(root)},
		{URL: "x"}, {URL: "ftp://x"}, {},
	} {
		if _, err := client.New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
