package control

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"reeve"
)

// Bounds of an app's redirect URIs.
const (
	maxRedirectURIs = 16
	maxRedirectURI  = 2 << 10
)

// checkRedirect refuses where a code must not be sent: anything but https, or
// http to this very machine.
func checkRedirect(uri string) error {
	u, err := url.Parse(uri)
	odd := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"'\\<>^`{|}", c) }
	switch {
	case err != nil || len(uri) > maxRedirectURI || strings.ContainsFunc(uri, odd) || u.Hostname() == "" || u.User != nil || strings.Contains(uri, "#"):
		return reeve.Errorf(reeve.Invalid, "%.80q cannot be a redirect URI; give an absolute URL without user and fragment", uri)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u)):
		return reeve.Errorf(reeve.Invalid, "the redirect URI %.80q must begin with https://, or http:// to a loopback address", uri)
	}
	return nil
}

func isLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// redirectFits reports whether a code may be sent to uri: it is registered, or
// differs from a registered loopback one in its port alone, since native apps
// take whichever is free (RFC 8252, section 7.3).
func redirectFits(app reeve.App, uri string) bool {
	if checkRedirect(uri) != nil {
		return false
	}
	return slices.ContainsFunc(app.RedirectURIs, func(registered string) bool {
		return registered == uri || portless(registered) != "" && portless(registered) == portless(uri)
	})
}

// portless is a loopback URI without its port; "" for any other.
func portless(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || !isLoopback(u) {
		return ""
	}
	if port := u.Port(); port != "" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.String()
}
