package host

import (
	"testing"
	"time"
)

const leaseFile = `default-duid "\000\001}";
lease {
  interface "eth0";
  fixed-address 192.0.2.5;
  option subnet-mask 255.255.255.0;
  option dhcp-lease-time 120;
  option dhcp-server-identifier 192.0.2.1;
  option domain-name "a;b#c}\"";
  renew 6 2026/11/21 22:55:20;
  expire 6 2026/11/21 22:56:32;
}
lease {
  interface "eth1";
  fixed-address 192.0.2.70;
  renew epoch 1795301720; # Sat Nov 21 22:55:20 2026
  expire epoch 1795301792; # Sat Nov 21 22:56:32 2026
}
lease {
  interface "eth0";
  fixed-address 192.0.2.9;
  option dhcp-server-identifier 192.0.2.1;
  expire never;
}
lease {
  interface "eth0";
  fixed-address 192.0.2.66;`

func TestParseLeases(t *testing.T) {
	leases, between := parseLeases(leaseFile)
	if len(leases) != 3 || between != "default-duid \"\\000\\001}\";\n\n\n\n" {
		t.Fatalf("%d leases and %q between", len(leases), between)
	}
	end := time.Date(2026, 11, 21, 22, 56, 32, 0, time.UTC)
	first := leases[0]
	if first.address != "192.0.2.5" || !first.expires.Equal(end) || first.properties["domain-name"] != `"a;b#c}\""` {
		t.Errorf("first lease %+v", first)
	}
	shown := first.shown()
	if shown.Server != "192.0.2.1" || shown.Seconds != 120 || !shown.Expires.Equal(end) {
		t.Errorf("shown as %+v", shown)
	}
	if !leases[1].expires.Equal(end) || lastLease(leases, "eth1") != &leases[1] {
		t.Errorf("a lease in seconds since 1970: %+v", leases[1])
	}
	last := lastLease(leases, "eth0")
	if last.address != "192.0.2.9" || !last.expires.IsZero() || last.expired(end.AddDate(100, 0, 0)) {
		t.Errorf("last lease %+v, want the whole one without an end", last)
	}
	if lastLease(leases, "eth2").shown() != nil {
		t.Error("an interface without a lease shows one")
	}
}

func TestLeaseSets(t *testing.T) {
	parse := func(options string) *lease {
		leases, _ := parseLeases("lease { fixed-address 192.0.2.5; " + options + " }")
		return &leases[0]
	}
	base := parse("option routers 192.0.2.1; option dhcp-renewal-time 10; expire never;")
	for options, same := range map[string]bool{
		"option routers 192.0.2.1; option dhcp-renewal-time 20; expire 1 2030/01/01 00:00:00;": true,
		"option routers 192.0.2.2;":                                       false,
		"option routers 192.0.2.1; option domain-name-servers 192.0.2.1;": false,
		"option routers 192.0.2.1; fixed-address 192.0.2.6;":              false,
	} {
		if parse(options).sets(base) != same {
			t.Errorf("%q sets a machine up as before: %v", options, !same)
		}
	}
}

// Nothing that is found in a lease file makes reading it fail, and what was
// read as a lease is read again from its own text.
func FuzzParseLeases(f *testing.F) {
	f.Add(leaseFile)
	f.Add("lease {}lease {")
	f.Add(`lease { option a "\`)
	f.Add("lease {#\n;;}")
	f.Fuzz(func(t *testing.T, file string) {
		leases, _ := parseLeases(file)
		for _, l := range leases {
			again, between := parseLeases(l.text)
			if len(again) != 1 || between != "" || again[0].address != l.address || !again[0].expires.Equal(l.expires) {
				t.Errorf("%q was read as %+v, and from its text as %+v with %q left", file, l, again, between)
			}
		}
	})
}
