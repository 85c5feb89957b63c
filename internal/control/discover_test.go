package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// neighbour is a machine on the network.
func neighbour(mac reeve.MAC, hostname string, addresses ...string) reeve.Sighting {
	return reeve.Sighting{Origin: reeve.ByNeighbour, MAC: mac, Hostname: hostname, Addresses: addresses}
}

// listed is a machine of the directory.
func listed(object int, hostname string) reeve.Sighting {
	return reeve.Sighting{Origin: reeve.ByDirectory, Object: fmt.Sprintf("%032x", object), Hostname: hostname,
		System: reeve.Windows, OSName: "Windows 11 Pro", OSVersion: "10.0 (26100)", At: noon.Add(-time.Hour)}
}

func (w *world) sees(t testing.TB, finder reeve.Device, sightings ...reeve.Sighting) {
	t.Helper()
	if err := w.Discover(t.Context(), []reeve.Found{{Device: finder.No, Sightings: sightings}}); err != nil {
		t.Fatal(err)
	}
}

// asks has the agents of an account, or of one group, report neighbours or not.
func (w *world) asks(t testing.TB, caller reeve.Caller, group string, whether bool) {
	t.Helper()
	err := w.store.SetAgentSettings(t.Context(), caller.Account, group, func(s *reeve.AgentSettings) (reeve.AuditEntry, error) {
		s.ReportNeighbours = whether
		return reeve.AuditEntry{Account: caller.Account, At: w.clock.Now(), Event: "agent_settings_changed"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unknown returns the records without an agent.
func (w *world) unknown(t testing.TB, caller reeve.Caller) []reeve.Device {
	t.Helper()
	found, err := w.store.Devices(t.Context(), caller.Account, reeve.DeviceQuery{Limit: 5000, Standings: []reeve.Standing{reeve.Unknown, reeve.Ignored}})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (w *world) controller(t testing.TB) reeve.Device {
	t.Helper()
	return w.enrol(t, w.machine(reeve.DomainController, reeve.Windows, "26.11.0"))
}

const seenMAC, otherMAC, madeUp reeve.MAC = 0x00005e005301, 0x00005e005302, 0x02005e005303

func TestNeighboursBecomeUnknownDevices(t *testing.T) {
	w := newWorld(t)
	w.asks(t, w.admin, "", true)
	finder, second := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	w.sees(t, finder, neighbour(seenMAC, "", "192.0.2.7"), neighbour(seenMAC, "printer", "fe80::7"), neighbour(otherMAC, ""))
	all := w.unknown(t, w.admin)
	if len(all) != 2 {
		t.Fatalf("there are %+v", all)
	}
	d := all[0]
	if d.Hostname != "printer" || d.Origin != reeve.ByNeighbour || !d.LastSeen.Equal(noon) || !d.FirstSeen.Equal(noon) || !slices.Equal(d.SeenBy, []string{finder.ID}) ||
		len(d.Facts.Networks) != 1 || d.Facts.Networks[0].IPv4[0] != "192.0.2.7" || d.Facts.Networks[0].IPv6[0] != "fe80::7" {
		t.Errorf("the record is %+v", d)
	}
	rows := w.audit(t, w.admin.Account, "devices_discovered")
	if len(rows) != 1 || rows[0].Source != reeve.FromAgent || rows[0].Detail != `{"by":["`+finder.ID+`"],"devices":2}` {
		t.Errorf("logged %+v", rows)
	}

	// Seen again, by another one.
	w.clock.advance(time.Hour)
	w.sees(t, second, neighbour(seenMAC, "renamed", "192.0.2.8"))
	w.sees(t, second, neighbour(seenMAC, "", "192.0.2.8"))
	d = w.device(t, d.ID)
	if d.Hostname != "renamed" || !d.LastSeen.Equal(noon.Add(time.Hour)) || !d.FirstSeen.Equal(noon) || !slices.Equal(d.SeenBy, []string{second.ID, finder.ID}) ||
		!slices.Equal(d.Facts.Networks[0].IPv4, []string{"192.0.2.8", "192.0.2.7"}) {
		t.Errorf("the record is %+v", d)
	}
	if rows := w.audit(t, w.admin.Account, "devices_discovered"); len(rows) != 1 {
		t.Errorf("what was there already is logged: %+v", rows)
	}

	// An ignored one stays so, and one with an agent is nobody else's business.
	w.place(t, order("ignore", d.ID))
	w.sees(t, finder, neighbour(seenMAC, "again"), neighbour(second.MACs[0], "impostor", "192.0.2.66"))
	if got := w.device(t, d.ID); got.Class.Standing != reeve.Ignored || got.Hostname != "again" {
		t.Errorf("the ignored record is %+v", got)
	}
	if got := w.device(t, second.ID); got.Hostname != second.Hostname || len(got.Facts.Networks) != 0 || len(got.SeenBy) != 0 {
		t.Errorf("the managed record is %+v", got)
	}

	// Its agent takes the record over.
	e := w.linux()
	e.MACs = []reeve.MAC{seenMAC}
	if got := w.device(t, w.enrol(t, e).ID); got.ID != d.ID || got.Origin != reeve.ByAgent || got.Hostname != e.Hostname || len(got.Facts.Networks) != 0 {
		t.Errorf("the enrolled record is %+v, want %s", got, d.ID)
	}
	w.sees(t, finder, neighbour(seenMAC, "again"))
	if n := len(w.unknown(t, w.admin)); n != 1 {
		t.Errorf("%d records without an agent", n)
	}
}

// Imported records keep the name that somebody gave them.
func TestNeighboursThatWereImported(t *testing.T) {
	w := newWorld(t)
	w.asks(t, w.admin, "", true)
	finder, printer := w.enrol(t, w.linux()), w.imported(t, seenMAC)[0]
	w.sees(t, finder, neighbour(seenMAC, "npi1234", "192.0.2.7"))
	got := w.device(t, printer.ID)
	if got.Origin != reeve.ByImport || got.Hostname != printer.Hostname || !got.FirstSeen.Equal(noon) || got.Facts.Networks[0].IPv4[0] != "192.0.2.7" {
		t.Errorf("the record is %+v", got)
	}
	if rows := w.audit(t, w.admin.Account, "devices_discovered"); len(rows) != 0 {
		t.Errorf("logged %+v", rows)
	}
}

func TestMadeUpAddressesAreASetting(t *testing.T) {
	w := newWorld(t)
	w.asks(t, w.admin, "", true)
	finder := w.enrol(t, w.linux())
	w.imported(t, madeUp)
	w.sees(t, finder, neighbour(madeUp, "", "192.0.2.9"), neighbour(madeUp+1, ""))
	if all := w.unknown(t, w.admin); len(all) != 1 || all[0].FirstSeen.IsZero() {
		t.Errorf("there are %+v", all)
	}
	a, err := w.store.Account(t.Context(), w.admin.Account)
	if err != nil {
		t.Fatal(err)
	}
	a.Settings.RandomMACs = true
	if err := w.setAccount(t.Context(), w.admin, a); err != nil {
		t.Fatal(err)
	}
	w.sees(t, finder, neighbour(madeUp+1, ""))
	if all := w.unknown(t, w.admin); len(all) != 2 {
		t.Errorf("there are %+v", all)
	}
}

func TestDirectory(t *testing.T) {
	w := newWorld(t)
	w.asks(t, w.admin, "", true)
	controller, agent := w.controller(t), w.enrol(t, w.linux())
	managed := w.linux()
	managed.Hostname = "PC1"
	w.enrol(t, managed)
	w.sees(t, agent, neighbour(seenMAC, "pc2"), listed(9, "pc9.example.org")) // only a controller tells of a directory
	w.sees(t, controller, listed(1, "pc1.example.org"), listed(2, "PC2.example.org"), listed(3, "pc3.example.org"), listed(3, "pc3.example.org"))
	all := w.unknown(t, w.admin)
	if len(all) != 2 || all[0].Hostname != "PC2.example.org" || all[1].Hostname != "pc3.example.org" {
		t.Fatalf("there are %+v", all)
	}
	pc2, pc3 := all[0], all[1]
	if pc2.Origin != reeve.ByNeighbour || pc2.Object == "" || pc2.MACs[0] != seenMAC || pc2.Class.System != reeve.Windows || !slices.Equal(pc2.SeenBy, []string{controller.ID, agent.ID}) {
		t.Errorf("seen both ways: %+v", pc2)
	}
	if pc3.Origin != reeve.ByDirectory || !pc3.LastSeen.Equal(noon.Add(-time.Hour)) || pc3.Facts.OSName != "Windows 11 Pro" {
		t.Errorf("from the directory: %+v", pc3)
	}

	// The directory renames it; then its agent comes.
	w.sees(t, controller, listed(3, "front-desk.example.org"))
	if got := w.device(t, pc3.ID); got.Hostname != "front-desk.example.org" {
		t.Errorf("renamed: %+v", got)
	}
	e := w.linux()
	e.Hostname = "FRONT-DESK"
	if got := w.enrol(t, e); got.ID != pc3.ID {
		t.Errorf("enrolled as %s, want the listed %s", got.ID, pc3.ID)
	}
	w.sees(t, controller, listed(3, "front-desk.example.org"), listed(3, "renamed.example.org"))
	if all := w.unknown(t, w.admin); len(all) != 1 {
		t.Errorf("there are %+v", all)
	}
	if got := w.device(t, pc3.ID); got.Hostname != "FRONT-DESK" || got.Class.Standing != reeve.Managed {
		t.Errorf("with an agent: %+v", got)
	}
}

// Two that a name can mean are nobody's to take over.
func TestDirectoryWithTwoOfAName(t *testing.T) {
	w := newWorld(t)
	w.sees(t, w.controller(t), listed(1, "pc.a.example.org"), listed(2, "pc.b.example.org"))
	e := w.linux()
	e.Hostname = "pc"
	got := w.enrol(t, e)
	for _, d := range w.unknown(t, w.admin) {
		if d.ID == got.ID {
			t.Errorf("took over %+v", d)
		}
	}
	if n := len(w.unknown(t, w.admin)); n != 2 {
		t.Errorf("%d records without an agent", n)
	}
}

// One agent cannot fill an account, nor its log.
func TestAgentsCannotFlood(t *testing.T) {
	w := newWorld(t)
	w.asks(t, w.admin, "", true)
	hostile, honest := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	for range 3 {
		for part := range 5 {
			var lies []reeve.Sighting
			for i := range 250 {
				lies = append(lies, neighbour(seenMAC+reeve.MAC(part*250+i), fmt.Sprint("lie", part, i)))
			}
			w.sees(t, hostile, lies...)
		}
	}
	if n := len(w.unknown(t, w.admin)); n != control.MaxFoundNeighbours {
		t.Errorf("%d devices were added, want %d", n, control.MaxFoundNeighbours)
	}
	rows := w.audit(t, w.admin.Account, "devices_discovered")
	if len(rows) != 5 || rows[4].Outcome != "limit" || !strings.Contains(rows[4].Detail, `"left_out":250`) {
		t.Errorf("%d rows, the last %+v", len(rows), rows[len(rows)-1])
	}
	w.clock.advance(2 * time.Hour)
	w.sees(t, hostile, neighbour(seenMAC+5000, "lie"))
	w.sees(t, hostile, neighbour(seenMAC+5000, "lie"))
	if rows := w.audit(t, w.admin.Account, "devices_discovered"); len(rows) != 6 {
		t.Errorf("%d rows two hours later", len(rows))
	}
	w.sees(t, honest, neighbour(seenMAC+6000, "true"))
	if n := len(w.unknown(t, w.admin)); n != control.MaxFoundNeighbours+1 {
		t.Errorf("%d devices after an honest agent saw one more", n)
	}
	if n := w.device(t, w.unknown(t, w.admin)[0].ID); len(n.SeenBy) != 1 {
		t.Errorf("seen by %v", n.SeenBy)
	}
}

// Who may not report is not heard, and nothing reaches another account.
func TestWhoIsNotHeard(t *testing.T) {
	w := newWorld(t)
	b, stranger := w.further(t, "other")
	w.asks(t, w.admin, "", true)
	w.asks(t, stranger, "", true)
	foreign := w.linux()
	foreign.Code = b.Code
	theirs, _, err := w.Enrol(t.Context(), foreign)
	if err != nil {
		t.Fatal(err)
	}
	gone := w.enrol(t, w.linux())
	w.place(t, order("delete", gone.ID))
	ours := w.imported(t, seenMAC)[0]
	err = w.Discover(t.Context(), []reeve.Found{
		{Device: gone.No, Sightings: []reeve.Sighting{neighbour(otherMAC, "gone")}},
		{Device: 99999, Sightings: []reeve.Sighting{neighbour(otherMAC, "nobody")}},
		{Device: theirs.No, Sightings: []reeve.Sighting{neighbour(seenMAC, "theirs")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := w.unknown(t, w.admin); len(all) != 1 || all[0].ID != ours.ID || !all[0].FirstSeen.IsZero() {
		t.Errorf("there are %+v", all)
	}
	if all := w.unknown(t, stranger); len(all) != 1 || all[0].Hostname != "theirs" {
		t.Errorf("in the other account are %+v", all)
	}
}

// Neighbours are nobody's business unless the settings of the group ask for them.
func TestNeighboursAreAskedFor(t *testing.T) {
	w := newWorld(t)
	finder := w.enrol(t, w.linux())
	w.sees(t, finder, neighbour(seenMAC, ""))
	w.asks(t, w.admin, "", true)
	w.asks(t, w.admin, finder.GroupID, false)
	w.sees(t, finder, neighbour(seenMAC, ""))
	if all := w.unknown(t, w.admin); len(all) != 0 {
		t.Errorf("there are %+v", all)
	}
	w.asks(t, w.admin, finder.GroupID, true)
	w.sees(t, finder, neighbour(seenMAC, ""))
	if all := w.unknown(t, w.admin); len(all) != 1 {
		t.Errorf("there are %+v", all)
	}
}
