package agent

import (
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

func machineAt(mac reeve.MAC, addresses ...string) reeve.Sighting {
	return reeve.Sighting{Origin: reeve.ByNeighbour, MAC: mac, Addresses: addresses}
}

func TestOnlyDifferencesAreTold(t *testing.T) {
	now := time.Now()
	var told views
	expect := func(what string, want int, seen ...reeve.Sighting) {
		t.Helper()
		var fresh []reeve.Sighting
		fresh, told = told.news(seen, now)
		if len(fresh) != want || len(told) != len(seen) {
			t.Errorf("%s: told %+v, remembered %d", what, fresh, len(told))
		}
	}
	a, b := machineAt(1, "192.0.2.1"), machineAt(2)
	listed := reeve.Sighting{Origin: reeve.ByDirectory, Object: "0a", Hostname: "pc"}
	expect("at first", 3, a, b, listed)
	expect("the same", 0, a, b, listed)
	a.Addresses = append(a.Addresses, "192.0.2.2")
	expect("another address", 1, a, b, listed)
	listed.Hostname = "renamed"
	expect("another name", 1, a, b, listed)
	expect("one has gone", 0, a, listed)
	expect("and is back", 1, a, b, listed)
	now = now.Add(sayAgain)
	expect("a day later", 3, a, b, listed)
}

func TestNeighboursAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		asked   bool
		allowed *bool
		want    bool
	}{
		"asked":               {true, nil, true},
		"asked and allowed":   {true, new(true), true},
		"asked and forbidden": {true, new(false), false},
		"allowed only":        {false, new(true), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.look = time.Millisecond
			r.policy.ReportNeighbours = tt.allowed
			r.prepare = func(l *loop) { l.settings.now = link.Settings{ReportNeighbours: tt.asked} }
			r.machine.neighbours.Store(&[]reeve.Sighting{machineAt(0x00005e005301, "192.0.2.7")})
			r.start()
			told := func() []link.Sighting { return r.server.Seen()[r.address] }
			if !tt.want {
				r.machine.hostname.Store(new("renamed")) // which is told after a look around
				linetest.Eventually(t, "the agent looked", func() bool { return r.server.Hellos()[r.address].Hostname == "renamed" })
				if seen := told(); len(seen) != 0 {
					t.Errorf("told %+v", seen)
				}
				return
			}
			linetest.Eventually(t, "one was told", func() bool { return len(told()) == 1 })
			r.machine.neighbours.Store(&[]reeve.Sighting{machineAt(0x00005e005301, "192.0.2.7"), machineAt(0x00005e005302)})
			linetest.Eventually(t, "the other was told", func() bool { return len(told()) == 2 })
			if seen := told(); seen[0].MAC != "00:00:5e:00:53:01" || seen[0].Source != "neighbour" || seen[0].Addresses[0] != "192.0.2.7" || seen[1].MAC != "00:00:5e:00:53:02" {
				t.Errorf("told %+v", seen)
			}
		})
	}
}
