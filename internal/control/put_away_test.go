package control_test

import (
	"testing"

	"reeve"
	"reeve/internal/control"
)

// Who orders to bring back what is meant, and names no files, orders it of the
// devices that have it, whatever names them.
func TestBringBackWhereItIs(t *testing.T) {
	w := newCampus(t)
	scan := w.place(t, control.Order{Action: "scan_threats", Params: []byte(`{"full_scan":1}`), All: true})
	for _, c := range w.commands(t, scan.Job.ID) {
		if c.DeviceNo != w.inLab[0].No {
			continue
		}
		if _, err := w.store.Report(t.Context(), w.clock.Now(), []reeve.Report{{ID: c.ID, Device: c.DeviceNo, State: reeve.Succeeded,
			Result: []byte(`{"threats":[]}`), Threats: []reeve.Threat{{Path: "/a", Signature: "X", SHA256: "01", Quarantine: "q1"}}}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		order control.Order
		found int
		has   int
	}{
		"all of a group":      {control.Order{Group: w.lab.ID, Params: []byte(`{"which":"all"}`)}, 2, 1},
		"by name, everywhere": {control.Order{All: true, Params: []byte(`{"signature":"X"}`)}, 4, 1},
		"a filter":            {control.Order{Filter: &reeve.DeviceQuery{GroupNos: []int64{w.shop.No}}, Params: []byte(`{"which":"all"}`)}, 2, 0},
		"another name":        {control.Order{IDs: ids(w.inLab...), Params: []byte(`{"signature":"Y"}`)}, 2, 0},
	} {
		test.order.Action = "unquarantine"
		p, err := w.Preview(t.Context(), w.admin, test.order)
		must(err)
		if p.Found != test.found || p.Tally[reeve.NoReason] != test.has || p.Tally[reeve.NothingAway] != test.found-test.has {
			t.Errorf("%s: %+v", name, p)
		}
	}
	placed := w.place(t, control.Order{Action: "unquarantine", Group: w.lab.ID, Params: []byte(`{"which":"all"}`)})
	for _, c := range w.commands(t, placed.Job.ID) {
		if c.DeviceNo == w.inLab[0].No && c.State != reeve.Queued || c.DeviceNo != w.inLab[0].No && (c.State != reeve.NotApplicable || c.Reason != reeve.NothingAway) {
			t.Errorf("%+v", c)
		}
	}
}
