// Package serve puts the server together: keys, store, message bus, rules and
// doors, opened in the order in which they need one another and closed in the
// reverse one. It is the wiring diagram, used by the commands serve and demo and
// by tests that want a whole server; it may import every room of the server.
package serve

import (
	"cmp"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
)

// Config is what an operator sets; docs/operations.md has a paragraph for each.
type Config struct {
	Data           string        // folder of everything the server keeps
	Listen         string        // HOST:PORT of the APIs and the agents' HTTPS door
	Agents         string        // HOST:PORT of the agents' message bus
	Public         string        // URL by which others reach Listen; empty: Listen itself
	PublicAgents   string        // HOST:PORT by which agents reach Agents; empty: Agents itself
	Keys           string        // folder of the keys; empty: DATA/keys
	Database       string        // postgres:// URL; empty: an SQLite file under Data
	TLS            string        // "auto", "off" or CERT,KEY
	RateLimit      string        // "N/min" or "off"
	OwnRateLimit   string        // the same for Reeve's own API; empty: its default
	MaxEntries     int           // ids or MACs of one request; 0: its default
	MaxBody        int64         // bytes of one request; 0: its default
	TokenLife      time.Duration // 0: its default
	TrustedProxies []string      // addresses or networks whose X-Forwarded-For is believed
	Bootstrap      string        // file for the first credentials; empty: standard output
	OIDC           OIDC          // where people can sign in besides here

	Version string // of the program
	Log     *slog.Logger
	Show    func(Bootstrap) // is given the first credentials where there is no file for them
}

// Defaults of the flags that have one.
const (
	DefaultListen       = "127.0.0.1:8443"
	DefaultAgents       = "127.0.0.1:8444"
	DefaultTLS          = "auto"
	DefaultRateLimit    = "10/min"
	DefaultOwnRateLimit = "600/min"
)

func (c Config) keysDir() string {
	if c.Keys != "" {
		return c.Keys
	}
	return filepath.Join(c.Data, "keys")
}

func (c Config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "reeve.db")
}

// checkpoints is the file that holds copies of the log's checkpoints.
func (c Config) checkpoints() string { return filepath.Join(c.Data, "checkpoints.jsonl") }

// check refuses settings that contradict each other or are not safe.
func (c Config) check() error {
	if c.Data == "" {
		return reeve.Errorf(reeve.Invalid, "name the folder that the server keeps its data in with --data DIR")
	}
	if c.TLS == "off" && (!isLoopback(c.Listen) || !isLoopback(c.Agents)) {
		return reeve.Errorf(reeve.Invalid, "--tls off is only for loopback addresses; take --tls auto, or listen on 127.0.0.1")
	}
	if c.Public != "" {
		if u, err := url.Parse(c.Public); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return reeve.Errorf(reeve.Invalid, "--public must be a URL such as https://reeve.example.org")
		}
	}
	if c.PublicAgents != "" {
		_, port, err := net.SplitHostPort(c.PublicAgents)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			return reeve.Errorf(reeve.Invalid, "--public-agents must be HOST:PORT, such as reeve.example.org:8444")
		}
	}
	return c.checkDatabase()
}

// checkDatabase says nothing of the URL itself, in which a password may be.
func (c Config) checkDatabase() error {
	scheme, _, ok := strings.Cut(c.Database, "://")
	if c.Database != "" && (!ok || scheme != "postgres" && scheme != "postgresql") {
		return reeve.Errorf(reeve.Invalid, "--database must be a URL that begins with postgres:// or postgresql://; without it the server keeps an SQLite file in --data")
	}
	return nil
}

// readRate reads a rate limit: a negative number is none.
func readRate(flag, text string) (int64, error) {
	if text == "off" {
		return -1, nil
	}
	count, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(count, 10, 32)
	if err != nil || unit != "min" || n < 1 {
		return 0, reeve.Errorf(reeve.Invalid, "%s must be a number of requests such as 10/min, or off", flag)
	}
	return n, nil
}

// Bounds of what can be set.
const (
	maxMaxEntries = 1_000_000
	leastBody     = 64 << 10
	maxMaxBody    = 1 << 30
	leastLife     = time.Minute
	maxTokenLife  = 30 * 24 * time.Hour
)

// rules reads the settings of the rules.
func (c Config) rules() (o control.Options, err error) {
	o = control.Options{Log: c.Log, MaxEntries: c.MaxEntries, TokenLife: c.TokenLife}
	if o.RequestsPerMinute, err = readRate("--rate-limit", c.RateLimit); err != nil {
		return o, err
	}
	if o.OwnPerMinute, err = readRate("--own-rate-limit", cmp.Or(c.OwnRateLimit, DefaultOwnRateLimit)); err != nil {
		return o, err
	}
	switch {
	case c.MaxEntries < 0 || c.MaxEntries > maxMaxEntries:
		return o, reeve.Errorf(reeve.Invalid, "--max-entries must be from 1 to %d", maxMaxEntries)
	case c.MaxBody != 0 && (c.MaxBody < leastBody || c.MaxBody > maxMaxBody):
		return o, reeve.Errorf(reeve.Invalid, "--max-body must be from %d to %d bytes", leastBody, maxMaxBody)
	case c.TokenLife != 0 && (c.TokenLife < leastLife || c.TokenLife > maxTokenLife):
		return o, reeve.Errorf(reeve.Invalid, "--token-life must be from %v to %v", leastLife, maxTokenLife)
	}
	return o, nil
}

// proxies reads the networks of trusted proxies.
func (c Config) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range c.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if ip, single := netip.ParseAddr(text); single == nil {
			ip = ip.Unmap().WithZone("")
			network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil || network.Bits() == 0 {
			return nil, reeve.Errorf(reeve.Invalid, "--trusted-proxies must be addresses or networks such as 192.0.2.10,2001:db8::/64")
		}
		out = append(out, network.Masked())
	}
	return out, nil
}

// certificate returns the two files of a certificate of one's own.
func (c Config) certificate() (cert, key string, own bool, err error) {
	if c.TLS == "auto" || c.TLS == "off" {
		return "", "", false, nil
	}
	cert, key, own = strings.Cut(c.TLS, ",")
	if !own || cert == "" || key == "" {
		return "", "", false, reeve.Errorf(reeve.Invalid, "--tls must be auto, off, or the files CERT,KEY")
	}
	return cert, key, true, nil
}

// isLoopback reports whether an address accepts only from this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// names returns what a certificate must be good for: the address listened on,
// the public one, and this machine's own name for itself.
func names(listen, public string) []string {
	out := []string{listen, "localhost", "127.0.0.1", "::1"}
	if host, err := url.Parse(public); err == nil && host.Host != "" {
		out = append(out, host.Host)
	} else if public != "" {
		out = append(out, public)
	}
	if host, err := os.Hostname(); err == nil {
		out = append(out, host)
	}
	return out
}
