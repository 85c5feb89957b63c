package control_test

import (
	"testing"

	"pgregory.net/rapid"

	"reeve"
	"reeve/internal/control"
)

// Whatever the limit, the door and the way to name devices: no job without an
// approval has more targets than the limit, and none is refused that has not.
func TestNoDoorPlacesMoreThanTheLimit(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 4)
	group := w.device(t, ids[0]).GroupID
	old := w.place(t, order("exempt", ids...))
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(r, "limit")
		w.limit(t, int64(limit))
		by := w.admin
		by.Source = rapid.SampledFrom([]reeve.Source{reeve.FromOAuthAPI, reeve.FromAPI, reeve.FromCLI, reeve.FromConsole}).Draw(r, "door")
		named := rapid.SliceOfN(rapid.SampledFrom(ids), 1, 8).Draw(r, "ids")
		var p control.Placement
		var err error
		found := len(ids)
		switch rapid.IntRange(0, 4).Draw(r, "how") {
		case 0:
			distinct := map[string]bool{}
			for _, id := range named {
				distinct[id] = true
			}
			found = len(distinct)
			p, err = w.Place(t.Context(), by, order("exempt", named...))
		case 1:
			p, err = w.Place(t.Context(), by, control.Order{Action: "exempt", Group: group})
		case 2:
			p, err = w.Place(t.Context(), by, control.Order{Action: "ignore", All: true})
		case 3:
			p, err = w.Place(t.Context(), by, control.Order{Action: "dhcprenew", Filter: &reeve.DeviceQuery{}})
		default:
			p, err = w.Undo(t.Context(), by, old.Job.ID, control.Order{DryRun: true})
			if err == nil && p.NeedsApproval != (p.Found > limit) {
				r.Errorf("a dry run over %d of %d needs approval: %v", p.Found, limit, p.NeedsApproval)
			}
			return
		}
		switch {
		case found > limit && reeve.KindOf(err) != reeve.Unapproved:
			r.Errorf("%d devices above a limit of %d: %+v, %v", found, limit, p.Job, err)
		case found <= limit && (err != nil || p.Job.Targets != found):
			r.Errorf("%d devices within a limit of %d: %+v, %v", found, limit, p.Job, err)
		}
	})
}
