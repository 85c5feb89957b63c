package directory

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"reeve"
)

const (
	// MaxComputers is how many machines are read of a directory.
	MaxComputers = 50_000
	readWithin   = 10 * time.Minute
	ldapsPort    = "636"
)

// A Directory is a domain controller and who reads it.
type Directory struct {
	URL          string // ldaps://HOST[:PORT]
	User         string // such as reader@example.org
	PasswordFile string // read anew each time
	CAFile       string // PEM; the authorities of the system if empty
}

// Check says what is wrong with the settings, before anybody is asked.
func (d Directory) Check() error {
	u, err := url.Parse(d.URL)
	switch {
	case err != nil || u.Scheme != "ldaps" || u.Hostname() == "" || u.Path != "" || u.User != nil || u.RawQuery != "":
		return errors.New("the domain controller must be given as ldaps://HOST or ldaps://HOST:PORT")
	case d.User == "" || d.PasswordFile == "":
		return errors.New("reading a domain needs a user and a file with the password")
	}
	return nil
}

// Computers returns the machines with an enabled account, bounded to MaxComputers.
func (d Directory) Computers(ctx context.Context) ([]reeve.Sighting, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	c, err := d.signIn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", d.URL, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	base := ""
	top := search{filter: element(filterPresent, []byte("objectClass")), attributes: []string{"defaultNamingContext"}}
	if err := c.each(top, func(e entry) error { base = string(e["defaultNamingContext"]); return nil }); err != nil {
		return nil, fmt.Errorf("asking %s for its domain: %w", d.URL, cmp.Or(context.Cause(ctx), err))
	}
	if base == "" {
		return nil, fmt.Errorf("%s is no domain controller: it names no domain", d.URL)
	}
	const disabled = "2"
	computers := search{base: base, whole: true,
		filter: element(filterAnd,
			element(filterEqual, text("objectCategory"), text("computer")),
			element(filterNot, element(filterRule, element(0x81, []byte("1.2.840.113556.1.4.803")), // all of these bits
				element(0x82, []byte("userAccountControl")), element(0x83, []byte(disabled))))),
		attributes: []string{"objectGUID", "sAMAccountName", "dNSHostName", "operatingSystem", "operatingSystemVersion", "lastLogonTimestamp"},
	}
	var out []reeve.Sighting
	err = c.each(computers, func(e entry) error {
		if s, ok := machineOf(e); ok && len(out) < MaxComputers {
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the computers of %s: %w", base, cmp.Or(context.Cause(ctx), err))
	}
	c.ask(element(opUnbind), nil)
	return out, nil
}

// signIn connects and proves who reads. The password goes only to a server whose
// certificate holds.
func (d Directory) signIn(ctx context.Context) (*conn, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	u, _ := url.Parse(d.URL)
	secure := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if d.CAFile != "" {
		certificates, err := os.ReadFile(d.CAFile)
		if err != nil {
			return nil, err
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(certificates) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", d.CAFile)
		}
	}
	password, err := os.ReadFile(d.PasswordFile)
	if err != nil {
		return nil, err
	}
	secret := strings.TrimRight(string(password), "\r\n")
	if secret == "" { // with none, a directory lets anybody in as nobody
		return nil, fmt.Errorf("%s holds no password", d.PasswordFile)
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 30 * time.Second}, Config: secure}
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ldapsPort)))
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	raw.SetDeadline(deadline)
	c := newConn(raw.(*tls.Conn))
	if err := c.bind(d.User, secret); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// machineOf reads a computer account.
func machineOf(e entry) (s reeve.Sighting, ok bool) {
	name := strings.TrimSuffix(string(e["sAMAccountName"]), "$")
	s = reeve.Sighting{
		Origin: reeve.ByDirectory, Object: guid(e["objectGUID"]), Hostname: cmp.Or(string(e["dNSHostName"]), strings.ToLower(name)),
		OSName: string(e["operatingSystem"]), OSVersion: string(e["operatingSystemVersion"]), At: fileTime(string(e["lastLogonTimestamp"])),
	}
	s.System = systemOf(s.OSName)
	return s, s.Object != "" && s.Hostname != ""
}

// guid writes an objectGUID as people know it, but for the dashes: the first
// three parts of it are stored with their bytes turned round.
func guid(raw []byte) string {
	if len(raw) != 16 {
		return ""
	}
	turned := make([]byte, 16)
	for i, from := range []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		turned[i] = raw[from]
	}
	return hex.EncodeToString(turned)
}

// fileTime reads a number of tenths of microseconds since 1601; zero for never.
func fileTime(text string) time.Time {
	const until1970 = 11_644_473_600 // seconds
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n/1e7-until1970, n%1e7*100).UTC()
}

// systemOf finds the family in a name such as "Windows 11 Pro".
func systemOf(name string) reeve.System {
	name = strings.ToLower(name)
	for _, family := range []struct {
		word   string
		system reeve.System
	}{
		{"windows", reeve.Windows}, {"hyper-v", reeve.Windows}, {"mac", reeve.MacOS}, {"linux", reeve.Linux},
		{"ubuntu", reeve.Linux}, {"debian", reeve.Linux}, {"samba", reeve.Linux}, {"red hat", reeve.Linux}, {"suse", reeve.Linux},
	} {
		if strings.Contains(name, family.word) {
			return family.system
		}
	}
	return reeve.OtherSystem
}
