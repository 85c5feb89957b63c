package client

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A Config says which server to speak to and as whom.
type Config struct {
	URL          string // such as https://reeve.example:8443
	ClientID     string
	ClientSecret string
	Token        string // instead of these two, an access token, which is good until it expires: such as one that an operator agreed to
	CA           []byte // PEM certificates to trust instead of the system's
	// Pin is the SHA-256 of the server's root public key in hex. With it the
	// server's chain must end in that key and nothing else is trusted.
	Pin string
}

// A Client is a connection to one server as one app. It is safe for concurrent
// use, and fetches its access token by itself.
type Client struct {
	base   *url.URL
	config Config
	http   *http.Client

	mu    sync.Mutex
	token string
}

// New returns a client. It does not connect yet.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(c.URL, "/"))
	if err != nil || (base.Scheme != "https" && base.Scheme != "http") || base.Host == "" {
		return nil, errors.New("the server's address must be a URL such as https://127.0.0.1:8443")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = maxWait + time.Minute
	if transport.TLSClientConfig, err = trust(c, base.Hostname()); err != nil {
		return nil, err
	}
	return &Client{base: base, config: c, http: &http.Client{
		Transport: transport,
		// The API never redirects, and a token must not follow anyone elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// maxWait is the longest that the server lets one request wait for news.
const maxWait = 30 * time.Second

// A call is one request of the API.
type call struct {
	method string
	path   string
	query  url.Values
	body   any
	// content is a body that is not JSON.
	content []byte
	key     string // Idempotency-Key
}

// patience is how often a call waits for the rate limit before it gives up.
const patience = 3

// do makes a call and decodes its answer. A token that the server no longer
// takes is renewed once; a call beyond the rate limit waits for the next window,
// since nothing of it was done.
func (c *Client) do(ctx context.Context, what call, answer any) error {
	body := what.content
	if what.body != nil {
		var err error
		if body, err = json.Marshal(what.body); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
	}
	spent, waits := "", 0
	for {
		token, err := c.accessToken(ctx, spent)
		if err != nil {
			return err
		}
		err = c.try(ctx, what, body, token, answer)
		refused, ok := errors.AsType[*Error](err)
		switch {
		case ok && refused.Status == http.StatusUnauthorized && spent == "" && c.config.Token == "":
			spent = token
		case ok && refused.Status == http.StatusTooManyRequests && waits < patience:
			waits++
			if err := pause(ctx, refused.RetryAfter); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) try(ctx context.Context, what call, body []byte, token string, answer any) error {
	target := c.base.JoinPath("api/v1", what.path)
	target.RawQuery = what.query.Encode()
	request, err := http.NewRequestWithContext(ctx, what.method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if what.body != nil {
		request.Header.Set("Content-Type", "application/json")
	} else if what.content != nil {
		request.Header.Set("Content-Type", "application/octet-stream")
	}
	if what.key != "" {
		request.Header.Set("Idempotency-Key", what.key)
	}
	return c.send(request, answer)
}

func (c *Client) send(request *http.Request, answer any) error {
	response, err := c.http.Do(request)
	if err != nil {
		return c.explain(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return errorOf(response)
	}
	if answer == nil {
		answer = io.Discard
	}
	if read, ok := answer.(func(io.Reader)); ok {
		read(response.Body)
		return nil
	}
	if to, ok := answer.(io.Writer); ok {
		if _, err = io.Copy(to, response.Body); err != nil {
			return fmt.Errorf("the server's answer was cut off: %w", err)
		}
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("the server's answer was cut off or is not JSON: %w", err)
	}
	return nil
}

// explain says what to do about a server that cannot be reached. The full URL
// in the error is left out: it is long, and says nothing.
func (c *Client) explain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("the certificate of %s comes from an authority that is not known here; give the server's pin or the authority's certificate: %w", c.base.Host, err)
	}
	return fmt.Errorf("no answer from %s; check that the server runs and its address is right: %w", c.base.Host, err)
}

// accessToken returns a token other than the spent one.
func (c *Client) accessToken(ctx context.Context, spent string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config.Token != "" {
		return c.config.Token, nil
	}
	if c.token != "" && c.token != spent {
		return c.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.config.ClientID}, "client_secret": {c.config.ClientSecret}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("o/oauth/token").String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("making the token request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := c.send(request, &granted); err != nil {
		return "", err
	}
	c.token = granted.AccessToken
	return c.token, nil
}
