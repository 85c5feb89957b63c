package agent

import (
	"slices"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/linetest"
)

// Free space that comes and goes is told when it matters, and everything else
// as soon as it is seen.
func TestOnlyChangesAreNews(t *testing.T) {
	m := &changing{fakeMachine: &fakeMachine{}, facts: reeve.Facts{OSName: "Test", Disks: []reeve.Disk{{Name: "/", Size: 1000, Free: 500}}}}
	i := &inventory{body: body{Machine: m, policy: &Policy{}, since: time.Unix(1, 0)}}
	i.hello()
	change := func(what string, want bool, change func(f *reeve.Facts)) {
		t.Helper()
		change(&m.facts)
		if got := i.isNews(); got != want {
			t.Errorf("%s: news %v, want %v", what, got, want)
		}
		if want {
			i.hello()
		}
	}
	change("nothing", false, func(*reeve.Facts) {})
	change("a little is written", false, func(f *reeve.Facts) { f.Disks[0].Free = 451 })
	change("a little more", true, func(f *reeve.Facts) { f.Disks[0].Free = 450 })
	change("some is removed", false, func(f *reeve.Facts) { f.Disks[0].Free = 499 })
	change("somebody logs in", true, func(f *reeve.Facts) { f.Users = []string{"ada"} })
	change("a disk comes", true, func(f *reeve.Facts) { f.Disks = append(f.Disks, reeve.Disk{Name: "/media", Size: 9}) })
	change("an address changes", true, func(f *reeve.Facts) {
		f.Networks = []reeve.Network{{Name: "eth0", MAC: "00:00:5e:00:53:01"}}
	})
}

// changing is a machine whose facts a test changes.
type changing struct {
	*fakeMachine
	facts reeve.Facts
}

func (m *changing) Facts() reeve.Facts {
	f := m.facts
	f.Disks = append([]reeve.Disk(nil), f.Disks...)
	return f
}

// What changes while the agent is connected is told on that connection.
func TestChangesAreTold(t *testing.T) {
	r := newRig(t)
	r.look = time.Millisecond
	r.start()
	first := r.server.Hellos()[r.address]
	r.machine.hostname.Store(new("renamed"))
	linetest.Eventually(t, "the new name was told", func() bool { return r.server.Hellos()[r.address].Hostname == "renamed" })
	if again := r.server.Hellos()[r.address]; !slices.Equal(first.Nonce, again.Nonce) {
		t.Error("the change was told on another connection")
	}
	id, _ := r.order(1, "dhcprenew", "{}")
	r.wants(r.end(id), "succeeded", "")
}
