package sqlstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"reeve"
	"reeve/internal/seal"
)

// These take the store apart for whoever makes it faster; what it has to reach
// is measured in bench/.

func eachDatabase(b *testing.B, bench func(b *testing.B, url string)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, filepath.Join(b.TempDir(), "reeve.db")) })
	b.Run("postgres", func(b *testing.B) { bench(b, freshSchema(b)) })
}

// fleetOf fills a store with n devices that have keys.
func fleetOf(b *testing.B, url string, n int) (*Store, reeve.Account, []reeve.Device) {
	s := openIn(b, url)
	a := addAccount(b, s, "acme")
	devices := make([]reeve.Device, n)
	for i := range devices {
		devices[i] = reeve.Device{ID: reeve.NewID(), Hostname: fmt.Sprintf("host-%07d.example", i), AddedAt: time.Now()}
	}
	if err := s.Import(b.Context(), a.No, func(tx reeve.Importing) error { return tx.Add(devices, reeve.AuditEntry{Account: a.No}) }); err != nil {
		b.Fatal(err)
	}
	key := "randomblob(32)"
	if _, ok := s.db.(*postgresDB); ok {
		key = "sha256(convert_to(id, 'UTF8'))"
	}
	err := s.change(b.Context(), func(t *tx) error { return t.later("UPDATE devices SET class = class - class % 8, key = " + key) })
	if err != nil {
		b.Fatal(err)
	}
	if db, ok := s.db.(*postgresDB); ok {
		for _, text := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
			if _, err := db.pool.Exec(b.Context(), text); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s, a, devices
}

// placeOn orders an action on devices by id, as control does.
func placeOn(b *testing.B, s *Store, a reeve.Account, ids []string, exempt bool) reeve.Job {
	now := time.Now()
	job := reeve.Job{ID: reeve.NewJobID(now), Account: a.No, Action: "scan_threats", Params: []byte("{}"), Issued: now, DeliverBy: now.Add(time.Hour), FinishBy: now.Add(2 * time.Hour)}
	err := s.Place(b.Context(), a.No, func(p reeve.Placing) error {
		found, err := p.FindIDs(ids)
		if err != nil {
			return err
		}
		placed, leaves := make([]reeve.Placed, len(found)), make([]seal.Hash, len(found))
		work := reeve.Work{Job: job, Placed: placed, Entry: reeve.AuditEntry{Account: a.No, At: now}}
		state := reeve.Queued
		if all := reeve.ExemptAll; exempt {
			state, work.Effect = reeve.Succeeded, reeve.Effect{Exempt: &all, ExemptUntil: now.Add(time.Hour)}
		}
		for i, m := range found {
			placed[i] = reeve.Placed{Device: m.Target.No, State: state}
			leaves[i] = seal.Leaf(uint32(i), m.Target.Key[:])
		}
		work.Job.Root = seal.NewTree(leaves).Root()
		return p.Commit(work)
	})
	if err != nil {
		b.Fatal(err)
	}
	return job
}

func BenchmarkPlace(b *testing.B) {
	eachDatabase(b, func(b *testing.B, url string) {
		s, a, devices := fleetOf(b, url, 100_000)
		ids := make([]string, len(devices))
		for i, d := range devices {
			ids[i] = d.ID
		}
		for _, n := range []int{1, 1000, 100_000} {
			for action, exempt := range map[string]bool{"exempt": true, "scan": false} {
				b.Run(fmt.Sprint(action, "-", n), func(b *testing.B) {
					for b.Loop() {
						placeOn(b, s, a, ids[:n], exempt)
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/device")
				})
			}
		}
	})
}

func BenchmarkReport(b *testing.B) {
	const size = 100_000
	eachDatabase(b, func(b *testing.B, url string) {
		s, a, devices := fleetOf(b, url, size)
		ids := make([]string, len(devices))
		for i, d := range devices {
			ids[i] = d.ID
		}
		bench := func(group int, state reeve.State, message string) {
			b.Run(fmt.Sprint(state, "-", group), func(b *testing.B) {
				job, leaf := placeOn(b, s, a, ids, false), 0
				batch := make([]reeve.Report, group)
				for b.Loop() {
					for i := range batch {
						batch[i] = reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: devices[leaf].No, State: state, Message: message}
						leaf += 7919
						leaf %= size
					}
					if _, err := s.Report(b.Context(), time.Now(), batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "reports/s")
			})
		}
		for _, group := range []int{10, 200, 2000} {
			bench(group, reeve.Succeeded, "")
		}
		bench(2000, reeve.Running, "123456 files, 0 threats")
	})
}

func BenchmarkPage(b *testing.B) {
	eachDatabase(b, func(b *testing.B, url string) {
		s, a, devices := fleetOf(b, url, 100_000)
		i := 0
		for b.Loop() {
			i = (i + 7919) % (len(devices) - 50)
			if _, err := s.Devices(b.Context(), a.No, reeve.DeviceQuery{After: devices[i].No, Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
