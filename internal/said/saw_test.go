package said

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/link"
)

func TestReadSightings(t *testing.T) {
	got, err := ReadSightings([]byte(`{"machines":[
		{"source":"neighbour","mac":"00-00-5E-00-53-01","hostname":" a\nb.","addresses":["192.0.2.7","::ffff:192.0.2.8","fe80::1%eth0","x",""],"object":"0b","os_name":"no"},
		{"source":"neighbour","mac":"00:00:5e:00:53:02","at":"0001-01-01T00:00:00Z"},
		{"source":"neighbour","mac":"01:00:5e:00:00:01"},
		{"source":"neighbour","mac":"ff:ff:ff:ff:ff:ff"},
		{"source":"neighbour"},
		{"source":"starlight","mac":"00:00:5e:00:53:03"},
		{"source":"directory","object":"0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B","hostname":"pc","system":"windows","os_name":"W\u0000","mac":"00:00:5e:00:53:04"},
		{"source":"directory","object":"0b","hostname":"pc"},
		{"source":"directory","object":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"}],"new":1}`))
	want := []reeve.Sighting{
		{Origin: reeve.ByNeighbour, MAC: 0x00005e005301, Hostname: "a b", Addresses: []string{"192.0.2.7", "192.0.2.8"}},
		{Origin: reeve.ByNeighbour, MAC: 0x00005e005302},
		{Origin: reeve.ByDirectory, Object: strings.Repeat("0b", 16), Hostname: "pc", System: reeve.Windows, OSName: "W"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	long := make([]link.Sighting, link.MaxSighted+1)
	tooMany, _ := json.Marshal(link.Sightings{Machines: long})
	for _, bad := range []string{"", "[]", `{"machines":5}`, `{"machines":[{"at":"x"}]}`, string(tooMany), `{"x":"` + strings.Repeat("x", link.MaxSaw) + `"}`} {
		if got, err := ReadSightings([]byte(bad)); err == nil {
			t.Errorf("%.40q reads as %v", bad, got)
		}
	}
}

func FuzzReadSightings(f *testing.F) {
	f.Add([]byte(`{"machines":[{"source":"neighbour","mac":"00-00-5E-00-53-01","hostname":"a","addresses":["192.0.2.7"]}]}`))
	f.Add([]byte(`{"machines":[{"source":"directory","object":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","hostname":"a","at":"2026-11-22T00:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ReadSightings(data)
		if err != nil {
			return
		}
		for _, s := range all {
			if len(s.Hostname) > maxHostname || !isLine(s.Hostname) && s.Hostname != "" && !strings.ContainsRune(s.Hostname, 0xFFFD) || len(s.Addresses) > maxSeenAt ||
				s.MAC.IsGroup() || (s.Origin == reeve.ByDirectory) != (len(s.Object) == 32) {
				t.Errorf("%+v", s)
			}
		}
	})
}
