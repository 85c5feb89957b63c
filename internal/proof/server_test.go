package proof

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/serve"
)

// A server is a `reeve serve` that can be killed and started again on the same
// folder and the same ports.
type server struct {
	t              testing.TB
	data           string // folder
	file           string // of the first credentials
	listen, agents string
	more           []string // arguments
	log            *transcript

	*process
	first serve.Bootstrap // once it has served
	own   *client.Client  // of Reeve's own API
	web   *http.Client
	token string // of the first app
}

// newServer prepares a server and starts nothing.
func newServer(t testing.TB, more ...string) *server {
	t.Helper()
	dir := t.TempDir()
	return &server{
		t: t, data: filepath.Join(dir, "data"), file: filepath.Join(dir, "first.json"),
		listen: freeAddress(t), agents: freeAddress(t), more: more, log: newTranscript(t, "the server"),
	}
}

// freeAddress returns a loopback address that nobody listens on. Its port is
// not of those that the system lends to connections: one of these could be lent
// while the server is down.
func freeAddress(t testing.TB) string {
	t.Helper()
	// A child that is being started has all our sockets for a moment, and would
	// accept in the server's place.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for range 100 {
		probe, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000)))
		if err == nil {
			defer probe.Close()
			return probe.Addr().String()
		}
	}
	t.Fatal("no free port was found")
	return ""
}

func (s *server) arguments() []string {
	return append([]string{"serve", "--data", s.data, "--listen", s.listen, "--agents", s.agents,
		"--rate-limit", "off", "--bootstrap", s.file}, s.more...)
}

// launch starts the process and does not wait for it.
func (s *server) launch() {
	s.t.Helper()
	s.process = run(s.t, s.log, program("reeve"), s.arguments()...)
}

// start starts the server and waits until its port accepts; then it must serve.
func (s *server) start() *server {
	s.t.Helper()
	s.launch()
	s.ready()
	return s
}

func (s *server) ready() {
	s.t.Helper()
	eventually(s.t, time.Minute, "the server listens", func() bool {
		if !s.running() {
			s.t.Fatalf("the server ended: %v\n%s", s.err, s.log.tail())
		}
		c, err := net.Dial("tcp", s.listen)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if s.own == nil {
		s.meet()
	}
	if status, body := s.get("/readyz"); status != http.StatusOK {
		s.t.Fatalf("a port that accepts answers %d %s", status, body)
	}
}

// meet reads the first credentials and makes the clients.
func (s *server) meet() {
	s.t.Helper()
	text, err := os.ReadFile(s.file)
	must(s.t, err)
	must(s.t, json.Unmarshal(text, &s.first))
	s.web = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots()}, MaxIdleConnsPerHost: 16}, Timeout: time.Minute}
	s.own, err = client.New(client.Config{
		URL: s.first.URL, Pin: s.first.Pin, ClientID: s.first.ClientID, ClientSecret: s.first.ClientSecret,
	})
	must(s.t, err)
}

// root is the file of the authority's certificate.
func (s *server) root() string { return filepath.Join(s.data, "keys", "root.crt") }

// roots trusts the server's authority and no other.
func (s *server) roots() *x509.CertPool {
	s.t.Helper()
	root, err := os.ReadFile(s.root())
	must(s.t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return pool
}

// grant fetches a token of the first app, which the requests of ask bear.
func (s *server) grant() {
	s.t.Helper()
	s.token = s.tokenOf(s.first.ClientID, s.first.ClientSecret)
}

// tokenOf fetches a token of any app.
func (s *server) tokenOf(clientID, secret string) string {
	s.t.Helper()
	answer, err := s.web.PostForm(s.first.URL+"/o/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret},
	})
	must(s.t, err)
	defer answer.Body.Close()
	var granted struct {
		Token string `json:"access_token"`
	}
	must(s.t, json.NewDecoder(answer.Body).Decode(&granted))
	if granted.Token == "" {
		s.t.Fatalf("no token was granted: %s", answer.Status)
	}
	return granted.Token
}

func (s *server) get(path string) (status int, body string) {
	s.t.Helper()
	status, b, err := s.ask(s.t.Context(), "GET", path, "")
	must(s.t, err)
	return status, string(b)
}

// ask makes one request with the first app's token. Headers are written as
// "Name: value". An error means that there was no answer, or not all of it.
func (s *server) ask(ctx context.Context, method, path, body string, headers ...string) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, s.first.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	response, err := s.web.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// environment makes the command line one of the first app.
func (s *server) environment() []string {
	return []string{"REEVE_URL=" + s.first.URL, "REEVE_PIN=" + s.first.Pin,
		"REEVE_CLIENT_ID=" + s.first.ClientID, "REEVE_CLIENT_SECRET=" + s.first.ClientSecret}
}

// verify checks the log in the server's folder, which may be running.
func (s *server) verify(more ...string) (out string, code int) {
	s.t.Helper()
	return call(s.t, nil, program("reeve"), append([]string{"log", "verify", "--data", s.data}, more...)...)
}
