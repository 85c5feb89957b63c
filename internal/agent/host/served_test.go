package host

import (
	"reflect"
	"testing"
	"time"

	"reeve"
)

func TestServedLeases(t *testing.T) {
	now := time.Unix(1795301720, 0)
	one := reeve.Sighting{Origin: reeve.ByNeighbour, MAC: 0x00005e005301, Addresses: []string{"192.0.2.7"}, Hostname: "printer"}
	two := reeve.Sighting{Origin: reeve.ByNeighbour, MAC: 0x00005e005302, Addresses: []string{"192.0.2.8"}}
	for name, tt := range map[string]struct {
		read func(string, time.Time) []reeve.Sighting
		text string
	}{
		"dnsmasq": {dnsmasqLeases, "1795301721 00:00:5e:00:53:01 192.0.2.7 printer 01:00\n0 00:00:5e:00:53:02 192.0.2.8 * *\n" +
			"1795301719 00:00:5e:00:53:03 192.0.2.9 gone *\nduid 00:01\n1795301721 5 2001:db8::1 v6 00:01\nx\n"},
		"dhcpd": {dhcpdLeases, `authoring-byte-order little-endian;
lease 192.0.2.7 { starts 6 2026/11/21 10:55:20; ends 0 2030/11/22 10:55:20; binding state active; hardware ethernet 00:00:5e:00:53:09; }
lease 192.0.2.7 { ends epoch 1895301720; binding state active; next binding state free; hardware ethernet 00:00:5e:00:53:01; client-hostname "printer"; }
lease 192.0.2.8 { ends never; hardware ethernet 00:00:5e:00:53:02; }
lease 192.0.2.9 { ends epoch 1895301720; binding state free; hardware ethernet 00:00:5e:00:53:03; }
lease 192.0.2.10 { ends 6 2020/11/21 22:55:20; binding state active; hardware ethernet 00:00:5e:00:53:03; }
lease 192.0.2.11 { ends never; hardware ether`},
		"kea": {keaLeases, "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n" +
			"192.0.2.7,00:00:5e:00:53:09,,4000,1795309999,1,0,0,old,0,,0\n192.0.2.7,00:00:5e:00:53:01,,4000,1795309999,1,0,0,printer,0,,0\n" +
			"192.0.2.8,00:00:5e:00:53:02,,4000,1795309999,1,0,0,,0\n192.0.2.9,00:00:5e:00:53:03,,4000,1795301719,1,0,0,,0,,0\n192.0.2.10,00:00:5e:00:53:03,,4000,1795309999,1,0,0,,1,,0\ncut,off"},
	} {
		if got := merged(tt.read(tt.text, now), nil); !reflect.DeepEqual(got, []reeve.Sighting{one, two}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	all := []reeve.Sighting{two, {MAC: 0x01005e000001}, {MAC: one.MAC, Origin: one.Origin, Addresses: []string{"192.0.2.7"}}, one, {MAC: 0x00005e005303}}
	if got := merged(all, []reeve.Network{{MAC: "00:00:5e:00:53:03"}}); !reflect.DeepEqual(got, []reeve.Sighting{one, two}) {
		t.Errorf("merged: %+v", got)
	}
}
