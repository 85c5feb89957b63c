package outbound

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"reeve"
)

// Limits on one request to a receiver.
const (
	pushTimeout = 10 * time.Second
	maxHeard    = 1024 // bytes of an answer that are read
)

// A hook is the receiver of a webhook.
type hook struct {
	url, key string
	client   *http.Client
}

func (s *Sender) newHook(o reeve.OutletSettings, key string) (*hook, error) {
	client, err := s.newClient(o.CA, pushTimeout)
	return &hook{o.URL, key, client}, err
}

// newClient returns a client that follows nobody elsewhere, since what it sends
// carries a key, and that trusts the given authorities besides the system's.
func (s *Sender) newClient(ca string, timeout time.Duration) (*http.Client, error) {
	trusted, err := trust(ca)
	if err != nil {
		return nil, err
	}
	var transport http.RoundTripper = &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: trusted, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: pushLanes, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
	if s.transport != nil {
		transport = s.transport
	}
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// trust returns how the other end of a TLS connection is verified.
func trust(ca string) (*tls.Config, error) {
	if ca == "" {
		return &tls.Config{}, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("the certificates to trust cannot be read")
	}
	return &tls.Config{RootCAs: pool}, nil
}

// send sends a push until it is received: again after 4 seconds and after a
// minute, then it is given up.
func (h *hook) send(ctx context.Context, u push) error {
	_, err := h.try(ctx, u)
	for _, pause := range pauses {
		if err == nil || ctx.Err() != nil {
			return err
		}
		if sleep(ctx, pause) != nil {
			return err
		}
		_, err = h.try(ctx, u)
	}
	return err
}

// try makes one request. Any answer but 2xx is an error.
//
// Source: "Webhook" of the manual. The header X-Reeve-Delivery is ours: it is
// the same in every repetition of one push.
func (h *hook) try(ctx context.Context, u push) (reeve.Reply, error) {
	var reply reeve.Reply
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(u.body()))
	if err != nil {
		return reply, errors.New("the callback is not a URL")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", h.key)
	r.Header.Set("X-Reeve-Delivery", u.id)
	r.Header.Set("User-Agent", "reeve")
	begun := time.Now()
	answer, err := h.client.Do(r)
	reply.Took = time.Since(begun)
	if err != nil {
		return reply, err
	}
	defer answer.Body.Close()
	heard, _ := io.ReadAll(io.LimitReader(answer.Body, maxHeard)) // the status is what counts
	reply.Status, reply.Body = answer.StatusCode, strings.ToValidUTF8(string(heard), "\uFFFD")
	if answer.StatusCode/100 != 2 {
		return reply, fmt.Errorf("the receiver answered %d", answer.StatusCode)
	}
	return reply, nil
}

// Test sends one sample, about a device that does not exist, to a webhook and
// returns what its receiver said. It is sent once.
func (s *Sender) Test(ctx context.Context, o reeve.Outlet) (reeve.Reply, error) {
	key, err := s.Open(o.ID, o.Sealed)
	if err != nil {
		return reeve.Reply{}, err
	}
	h, err := s.newHook(o.Settings, key)
	if err != nil {
		return reeve.Reply{}, err
	}
	defer h.client.CloseIdleConnections()
	sample := push{id: strings.ToLower(rand.Text()), device: strings.Repeat("0", 32), status: o.Events[0], at: time.Now()}
	reply, err := h.try(ctx, sample)
	if err != nil {
		reply.Failure = sentence(err)
	}
	return reply, nil
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sentence is what people read of an error. Addresses are left out: what stands
// in the path and query of one may be a secret.
func sentence(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if e.Timeout() {
			return "there was no answer in time"
		}
		err = e.Err
	}
	if e, ok := errors.AsType[*reeve.Error](err); ok {
		return e.Msg
	}
	text := err.Error()
	return text[:min(len(text), maxHeard)]
}
