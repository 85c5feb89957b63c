package host

import (
	"net"
	"reflect"
	"slices"
	"testing"

	"reeve"
)

func TestOwnAdapters(t *testing.T) {
	mac := func(text string) net.HardwareAddr {
		hw, err := net.ParseMAC(text)
		if err != nil {
			t.Fatal(err)
		}
		return hw
	}
	ip := func(texts ...string) (out []net.IP) {
		for _, text := range texts {
			out = append(out, net.ParseIP(text))
		}
		return out
	}
	one, two, made, made2 := mac("00:00:5e:00:53:01"), mac("00:00:5e:00:53:02"), mac("02:42:00:00:00:01"), mac("02:42:00:00:00:02")
	for name, tt := range map[string]struct {
		all  []adapter
		want []reeve.Network
	}{
		"nothing": {nil, nil},
		"containers beside hardware": {
			[]adapter{{"docker0", made, stacked, ip("172.17.0.1")}, {"eth0", one, real, ip("192.0.2.1", "fe80::1")}, {"veth1", made2, virtual, nil}},
			[]reeve.Network{{Name: "eth0", MAC: one.String(), IPv4: []string{"192.0.2.1"}, IPv6: []string{"fe80::1"}}},
		},
		"a bond and a bridge over it": {
			[]adapter{{"eth0", one, real, nil}, {"eth1", one, real, nil}, {"bond0", one, stacked, ip("192.0.2.1")}, {"br0", one, stacked, ip("192.0.2.1", "2001:db8::1")}, {"eth2", two, real, nil}},
			[]reeve.Network{{Name: "eth0", MAC: one.String(), IPv4: []string{"192.0.2.1"}, IPv6: []string{"2001:db8::1"}}, {Name: "eth2", MAC: two.String()}},
		},
		"hardware with a made-up address": {
			[]adapter{{"enp1s0", made, real, ip("192.0.2.1")}, {"tap0", made2, stacked, ip("192.0.2.2")}},
			[]reeve.Network{{Name: "enp1s0", MAC: made.String(), IPv4: []string{"192.0.2.1"}}},
		},
		"a container": {
			[]adapter{{"eth0", made, virtual, ip("192.0.2.1")}, {"eth1", made2, virtual, nil}, {"tun0", two, stacked, ip("192.0.2.9")}},
			[]reeve.Network{{Name: "eth0", MAC: made.String(), IPv4: []string{"192.0.2.1"}}},
		},
		"made-up ones give way": {
			[]adapter{{"en5", made, virtual, ip("192.0.2.1")}, {"en0", one, virtual, ip("192.0.2.2")}},
			[]reeve.Network{{Name: "en0", MAC: one.String(), IPv4: []string{"192.0.2.2"}}},
		},
	} {
		if got := own(tt.all); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestLoggedInUsers(t *testing.T) {
	record := func(s utmpShape, kind byte, name string) []byte {
		r := make([]byte, s.size)
		r[s.kindAt] = kind
		copy(r[s.nameAt:s.nameEnd], name)
		return r
	}
	for name, s := range map[string]utmpShape{"glibc": glibcUTMP, "macOS": darwinUTMPX} {
		file := slices.Concat(record(s, 2, "reboot"), record(s, 7, "grace"), record(s, 7, "ada"), record(s, 8, "gone"), record(s, 7, "grace"), []byte("cut off"))
		got := s.users(file)
		if !slices.Equal(got, []string{"grace", "ada", "grace"}) || !slices.Equal(once(got), []string{"ada", "grace"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
