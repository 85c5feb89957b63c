package door

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAddress(t *testing.T) {
	trusted := proxies{netip.MustParsePrefix("192.0.2.0/28"), netip.MustParsePrefix("2001:db8::1/128")}
	for _, tt := range []struct {
		from    string
		headers []string
		want    string
	}{
		{"198.51.100.7:1", nil, "198.51.100.7"},
		{"198.51.100.7:1", []string{"203.0.113.9"}, "198.51.100.7"}, // anyone can say so
		{"192.0.2.1:1", nil, "192.0.2.1"},
		{"192.0.2.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"192.0.2.1:1", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"}, // only the end is the proxy's
		{"192.0.2.1:1", []string{"127.0.0.1, 203.0.113.9,192.0.2.2"}, "203.0.113.9"},
		{"192.0.2.1:1", []string{"127.0.0.1", "203.0.113.9", "192.0.2.2"}, "203.0.113.9"},
		{"192.0.2.1:1", []string{"nonsense"}, "192.0.2.1"},
		{"192.0.2.1:1", []string{"192.0.2.3"}, "192.0.2.3"},
		{"[2001:db8::1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"[::ffff:192.0.2.1]:1", []string{"2001:db8::9"}, "2001:db8::9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = tt.from, tt.headers
		if got := trusted.address(r); got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.from, tt.headers, got, tt.want)
		}
	}
}
