package control

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"reeve"
)

// checkOutlet refuses what cannot work. Keeps tells that there is a secret.
func checkOutlet(spec *OutletSpec, keeps bool) error {
	if err := checkEvents(spec); err != nil {
		return err
	}
	check, known := outletChecks[spec.Kind]
	if !known {
		return reeve.Errorf(reeve.Invalid, "the kind of an export must be file, syslog or s3")
	}
	s := &spec.Settings
	for _, text := range []string{s.Address, s.Network, s.Bucket, s.Prefix, s.Region, s.AccessKey} {
		if len(text) > maxOutletText || strings.ContainsFunc(text, unicode.IsControl) {
			return reeve.Errorf(reeve.Invalid, "a setting has more than %d bytes or is not printable; correct it", maxOutletText)
		}
	}
	if s.CA != "" && (len(s.CA) > maxOutletCA || !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA))) {
		return reeve.Errorf(reeve.Invalid, "ca must be certificates in PEM, at most %d bytes", maxOutletCA)
	}
	if spec.Secret != nil && !isHeader(*spec.Secret) {
		return reeve.Errorf(reeve.Invalid, "a key or secret must have 1 to %d visible ASCII characters", maxOutletText)
	}
	return check(spec, keeps || spec.Secret != nil)
}

// outletChecks are the rules of each kind. They also drop the settings that the
// kind does not have.
var outletChecks = map[reeve.OutletKind]func(spec *OutletSpec, hasSecret bool) error{
	reeve.WebhookOutlet: checkWebhook,
	reeve.FileOutlet:    checkFile,
	reeve.SyslogOutlet:  checkSyslog,
	reeve.S3Outlet:      checkS3,
}

func checkWebhook(spec *OutletSpec, hasSecret bool) error {
	s := spec.Settings
	u, err := readURL(s.URL)
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "the callback must be a URL such as https://nac.example.org/hook, without user and fragment").Because(err)
	}
	if u.Scheme == "http" && !isLoopbackHost(u.Hostname()) {
		return reeve.Errorf(reeve.Invalid, "the callback must begin with https://, since the API key goes with every push; http:// is only for loopback addresses")
	}
	if !hasSecret {
		return reeve.Errorf(reeve.Invalid, "a webhook needs an API key, which the receiver finds in the header Authorization")
	}
	spec.Settings = reeve.OutletSettings{URL: s.URL, CA: s.CA}
	return nil
}

// exportName is the form of an export's name, which is also that of its file.
var exportName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func checkExport(spec *OutletSpec) error {
	if !exportName.MatchString(spec.Name) {
		return reeve.Errorf(reeve.Invalid, "the name of an export must have 1 to 64 of a-z, 0-9, - and _, and begin with a letter or digit")
	}
	return nil
}

func checkFile(spec *OutletSpec, hasSecret bool) error {
	if hasSecret {
		return errNoSecret
	}
	spec.Settings = reeve.OutletSettings{Devices: spec.Settings.Devices}
	return checkExport(spec)
}

var errNoSecret = reeve.Errorf(reeve.Invalid, "only exports of kind s3 have a secret; leave it out")

func checkSyslog(spec *OutletSpec, hasSecret bool) error {
	s := spec.Settings
	if hasSecret {
		return errNoSecret
	}
	if s.Network != "udp" && s.Network != "tcp" && s.Network != "tls" {
		return reeve.Errorf(reeve.Invalid, "network must be udp, tcp or tls")
	}
	host, port, err := net.SplitHostPort(s.Address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return reeve.Errorf(reeve.Invalid, "address must be HOST:PORT, such as syslog.example.org:6514")
	}
	spec.Settings = reeve.OutletSettings{Network: s.Network, Address: s.Address, CA: s.CA, Devices: s.Devices}
	return checkExport(spec)
}

// bucketName is the form of a bucket that every S3-compatible storage takes.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Seconds between objects in S3-compatible storage.
const (
	DefaultExportEvery = 300
	MaxExportEvery     = 86_400
)

func checkS3(spec *OutletSpec, hasSecret bool) error {
	s := spec.Settings
	u, err := readURL(s.URL)
	switch {
	case err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return reeve.Errorf(reeve.Invalid, "endpoint must be a URL without a path, such as https://s3.example.org").Because(err)
	case !bucketName.MatchString(s.Bucket):
		return reeve.Errorf(reeve.Invalid, "bucket must have 3 to 63 of a-z, 0-9, - and .")
	case s.Region == "" || s.AccessKey == "" || !hasSecret:
		return reeve.Errorf(reeve.Invalid, "an export of kind s3 needs region, access_key and secret_key")
	case strings.HasPrefix(s.Prefix, "/") || strings.Contains(s.Prefix, ".."):
		return reeve.Errorf(reeve.Invalid, "prefix must not begin with a slash, nor contain two dots in a row")
	case s.Every < 0 || s.Every > MaxExportEvery:
		return reeve.Errorf(reeve.Invalid, "every must be a number of seconds from 1 to %d, or 0 for %d", MaxExportEvery, DefaultExportEvery)
	case s.Every == 0:
		s.Every = DefaultExportEvery
	}
	s.Network, s.Address = "", ""
	spec.Settings = s
	return checkExport(spec)
}

func readURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(text) > maxOutletURL || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, reeve.Errorf(reeve.Invalid, "it is no address of a server")
	}
	return u, nil
}

func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func isHeader(s string) bool {
	notVisible := func(r rune) bool { return r < ' ' || r > '~' }
	return s != "" && len(s) <= maxOutletText && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, notVisible)
}

// destination says where an outlet leads, for the log.
func destination(o reeve.Outlet) string {
	switch o.Kind {
	case reeve.FileOutlet:
		return o.Name + ".jsonl"
	case reeve.SyslogOutlet:
		return o.Settings.Network + "://" + o.Settings.Address
	}
	u, err := url.Parse(o.Settings.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
