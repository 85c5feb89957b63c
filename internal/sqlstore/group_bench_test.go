package sqlstore

import (
	"testing"
	"time"

	"reeve"
)

func BenchmarkRemoveGroup(b *testing.B) {
	eachDatabase(b, func(b *testing.B, url string) {
		s, a, _ := fleetOf(b, url, 100_000)
		for b.Loop() {
			b.StopTimer()
			g, err := s.AddGroup(b.Context(), a.No, reeve.Group{ID: reeve.NewID(), Name: reeve.NewID(), Created: time.Now()}, reeve.AuditEntry{Account: a.No})
			if err == nil {
				err = s.change(b.Context(), func(t *tx) error { return t.later("UPDATE devices SET group_no = $1", g.No) })
			}
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			err = s.RemoveGroup(b.Context(), a.No, g.ID, func(reeve.Account, reeve.Group) (reeve.AuditEntry, error) {
				return reeve.AuditEntry{Account: a.No}, nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
