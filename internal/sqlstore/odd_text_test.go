package sqlstore

import (
	"path/filepath"
	"testing"
	"time"

	"reeve"
)

// A door passes on what it is asked for. A text that PostgreSQL could not even
// hold names nothing, and is no fault of ours.
func TestOddTextsNameNothing(t *testing.T) {
	for name, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "reeve.db"), "postgres": freshSchema(t)} {
		s := openIn(t, url)
		a := addAccount(t, s, "acme")
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		ctx, entry := t.Context(), reeve.AuditEntry{Account: a.No, Event: "test"}
		for _, odd := range []string{"a\x00b", "a\xffb"} {
			for what, lookup := range map[string]func() error{
				"Device":      func() error { _, err := s.Device(ctx, a.No, odd); return err },
				"Group":       func() error { _, err := s.Group(ctx, a.No, odd); return err },
				"App":         func() error { _, err := s.App(ctx, odd); return err },
				"Token":       func() error { _, err := s.Token(ctx, odd, now); return err },
				"Operator":    func() error { _, err := s.Operator(ctx, odd); return err },
				"Grant":       func() error { _, err := s.Grant(ctx, odd); return err },
				"SetApp":      func() error { return s.SetApp(ctx, reeve.App{ClientID: odd, Account: a.No}, entry) },
				"SetOperator": func() error { return s.SetOperator(ctx, reeve.Operator{Name: odd, Account: a.No}, entry) },
				"RevokeApp":   func() error { return s.RevokeApp(ctx, a.No, odd, now, entry) },
				"RevokeCode":  func() error { return s.RevokeCode(ctx, a.No, odd, now, entry) },
				"RemoveGroup": func() error {
					return s.RemoveGroup(ctx, a.No, odd, func(reeve.Account, reeve.Group) (reeve.AuditEntry, error) { return entry, nil })
				},
				"Place": func() error {
					return s.Place(ctx, a.No, func(p reeve.Placing) error { _, err := p.Group(odd); return err })
				},
				"Enrol": func() error {
					return s.Enrol(ctx, func(e reeve.Enrolling) error { _, _, err := e.Code(odd, now); return err })
				},
			} {
				if err := lookup(); reeve.KindOf(err) != reeve.NotFound {
					t.Errorf("%s on %s of %q: %v; want NotFound", what, name, odd, err)
				}
			}
			for what, list := range map[string]func() (int, error){
				"DevicesEver": func() (int, error) { d, err := s.DevicesEver(ctx, a.No, []string{odd}); return len(d), err },
				"DevicesByID": func() (int, error) { d, err := s.DevicesByID(ctx, a.No, []string{odd}); return len(d), err },
				"Devices": func() (int, error) {
					d, err := s.Devices(ctx, a.No, reeve.DeviceQuery{Limit: 1, GroupIDs: []string{odd}, Search: odd})
					return len(d), err
				},
				"Groups": func() (int, error) {
					g, err := s.Groups(ctx, a.No, reeve.GroupQuery{Limit: 1, Page: 1, Search: odd})
					return len(g), err
				},
				"Log": func() (int, error) {
					rows, err := s.Log(ctx, a.No, reeve.LogQuery{Limit: 1, Device: odd, Events: []string{odd}})
					return len(rows), err
				},
			} {
				if n, err := list(); n != 0 || err != nil {
					t.Errorf("%s on %s of %q: %d, %v; want nothing", what, name, odd, n, err)
				}
			}
		}
	}
}
