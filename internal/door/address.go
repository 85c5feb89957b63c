package door

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are networks whose word is taken for where a request came from.
type proxies []netip.Prefix

func (p proxies) has(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(ip.Unmap().WithZone("")) })
}

// address returns where a request came from, without the port. A forwarding
// header counts only as far as it was written by a proxy that is trusted: anyone
// can send one. So it is read from its end, where the nearest proxy has written,
// to the first address that is none of them.
func (p proxies) address(r *http.Request) string {
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.has(from) {
			break
		}
		ip, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		from = ip.Unmap().String()
	}
	return from
}
