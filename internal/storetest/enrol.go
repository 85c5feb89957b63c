package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testEnrolments(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a device is kept as it was saved", func(w *world) {
		g := w.group("Lab")
		d := device(0)
		d.GroupID, d.Nickname, d.HardwareID, d.MACs = g.ID, "nick", hash("hardware"), []reeve.MAC{3, 7, 1<<48 - 1}
		d.Exempt, d.ExemptUntil = reeve.ExemptCritical, reeve.Forever
		d.Facts = reeve.Facts{OSName: "Debian", User: "ann", LastReboot: noon, Networks: []reeve.Network{{Name: "eth0", MAC: "x", IPv4: []string{"192.0.2.7"}}}}
		d.Identity = map[string]string{"room": "7", "naïve": "\"quoted\""}
		d.LastSeen, d.Online, d.PublicIP = noon.Add(time.Hour), true, "192.0.2.1"
		d = w.save(w.account.No, d)
		if d.No == 0 || d.GroupName != "Lab" {
			w.t.Errorf("saved %+v", d)
		}
		if diff := cmp.Diff(d, w.read(d)); diff != "" {
			w.t.Error(diff)
		}
		// and as it is saved again, which replaces everything but id and origin
		d.Class = reeve.Class{Standing: reeve.Unknown}
		d.Key, d.Hostname, d.Nickname, d.HardwareID, d.MACs = reeve.Key{}, "new", "", "", []reeve.MAC{9}
		d.GroupID, d.Facts, d.Identity, d.EnrolledAt, d.ExemptUntil, d.Exempt = "", reeve.Facts{}, nil, time.Time{}, time.Time{}, 0
		d.LastSeen, d.Online, d.PublicIP = time.Time{}, false, ""
		d = w.save(w.account.No, d)
		d.Origin = reeve.ByImport // that of a record which never had an agent and was not seen
		if diff := cmp.Diff(d, w.read(d)); diff != "" || d.GroupName != "Default" {
			w.t.Error(diff, d.GroupName)
		}
		counts, err := w.CountDevices(w.ctx, w.account.No)
		w.check(err)
		if diff := cmp.Diff(map[reeve.Standing]int64{reeve.Unknown: 1}, counts); diff != "" {
			w.t.Error(diff)
		}
	})

	s.run("text that no database takes is made to fit", func(w *world) {
		d := device(0)
		d.Hostname, d.Nickname = "a\x00b\xff", "\x00"
		d = w.save(w.account.No, d)
		if got := w.read(d); got.Hostname != "ab\uFFFD" || got.Nickname != "" {
			w.t.Errorf("hostname %q, nickname %q", got.Hostname, got.Nickname)
		}
	})

	s.run("a key or an id is taken once", func(w *world) {
		d := w.fleet(0, 1)[0]
		twin := device(1)
		twin.Key = d.Key
		save := func(d reeve.Device) error {
			return w.Enrol(w.ctx, func(e reeve.Enrolling) error { _, err := e.Save(w.account.No, d); return err })
		}
		w.wantKind(save(twin), reeve.Conflict)
		twin = device(1)
		twin.ID = d.ID
		w.wantKind(save(twin), reeve.Conflict)
		missing := device(1)
		missing.No = d.No + 100
		w.wantKind(save(missing), reeve.NotFound)
		lost := device(1)
		lost.GroupID = reeve.NewID()
		w.wantKind(save(lost), reeve.NotFound)
	})

	s.run("a key leads to its device, archived or not, until it is erased", func(w *world) {
		other := w.addAccount("other", 0)
		d := w.save(other.No, device(0))
		mine := w.fleet(1, 1)[0]
		got, account, err := w.DeviceByKey(w.ctx, d.Key)
		w.check(err)
		if got.No != d.No || account != other.No {
			w.t.Errorf("device %d of account %d", got.No, account)
		}
		job := w.archive(mine)
		got, _, err = w.DeviceByKey(w.ctx, mine.Key)
		w.check(err)
		if got.Class.Standing != reeve.Archived || !got.ArchivedAt.Equal(job.Issued) {
			w.t.Errorf("archived: %+v", got)
		}
		_, err = w.Expire(w.ctx, job.Issued.Add(31*24*time.Hour))
		w.check(err)
		_, _, err = w.DeviceByKey(w.ctx, mine.Key)
		w.wantKind(err, reeve.NotFound)
		again := device(2) // the machine comes back with the key it had
		again.Key = mine.Key
		w.save(w.account.No, again)
		_, _, err = w.DeviceByKey(w.ctx, reeve.Key{})
		w.wantKind(err, reeve.NotFound)
	})

	s.run("claimants share a MAC or the hardware", func(w *world) {
		devices := []reeve.Device{device(0), device(1), device(2), device(3)}
		devices[1].HardwareID, devices[3].HardwareID = hash("hardware"), hash("hardware")
		devices[2].MACs = nil
		for i := range devices[:3] {
			devices[i] = w.save(w.account.No, devices[i])
		}
		devices[3] = w.save(w.account.No, devices[3])
		w.archive(devices[3])
		other := w.addAccount("other", 0)
		for name, test := range map[string]struct {
			account  int64
			macs     []reeve.MAC
			hardware string
			want     []reeve.Device
		}{
			"mac":             {w.account.No, []reeve.MAC{devices[0].MACs[0], 77}, "", devices[:1]},
			"hardware":        {w.account.No, nil, hash("hardware"), devices[1:2]},
			"both":            {w.account.No, devices[0].MACs, hash("hardware"), devices[:2]},
			"nothing":         {w.account.No, nil, "", nil},
			"another account": {other.No, devices[0].MACs, hash("hardware"), nil},
		} {
			w.check(w.Enrol(w.ctx, func(e reeve.Enrolling) error {
				found, err := e.Claimants(test.account, test.macs, test.hardware)
				w.t.Log(name)
				w.same(found, test.want)
				return err
			}))
		}
	})

	s.run("nothing stays of an enrolment that failed", func(w *world) {
		failed := errors.New("no")
		err := w.Enrol(w.ctx, func(e reeve.Enrolling) error {
			_, err := e.Save(w.account.No, device(0))
			w.check(err)
			w.check(e.Spend(w.code))
			w.check(e.Log(w.entry("device_enrolled")))
			return failed
		})
		if !errors.Is(err, failed) {
			w.t.Errorf("error %v", err)
		}
		_, _, err = w.DeviceByKey(w.ctx, device(0).Key)
		w.wantKind(err, reeve.NotFound)
		codes, err := w.Codes(w.ctx, w.account.No)
		w.check(err)
		if codes[0].Used != 0 || len(w.logged()) != 0 {
			w.t.Errorf("used %d, log %v", codes[0].Used, w.logged())
		}
	})

	s.run("of agents racing for the last seat and the last use one wins", func(w *world) {
		w.account.Seats = 3
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		w.fleet(100, 2)
		w.check(w.AddCode(w.ctx, reeve.Code{Hash: "few", Account: w.account.No, Uses: 6, Created: noon}, w.entry("code_created")))
		var denied atomic.Int64
		for _, err := range concurrently(8, func(i int) error {
			return w.Enrol(w.ctx, func(e reeve.Enrolling) error {
				if _, _, err := e.Code("few", noon); reeve.KindOf(err) == reeve.NotFound {
					denied.Add(1)
					return nil
				} else if err != nil {
					return err
				}
				free, err := e.SeatIsFree(w.account.No)
				if err != nil {
					return err
				}
				d := device(i)
				if !free {
					d.Class.Standing = reeve.OutOfLicense
				}
				if _, err := e.Save(w.account.No, d); err != nil {
					return err
				}
				return e.Spend("few")
			})
		}) {
			w.check(err)
		}
		counts, err := w.CountDevices(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff(map[reeve.Standing]int64{reeve.Managed: 3, reeve.OutOfLicense: 5}, counts); d != "" || denied.Load() != 2 {
			w.t.Error(denied.Load(), d)
		}
	})

	s.run("a seat that is given back goes to who waits", func(w *world) {
		w.account.Seats = 1
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		first, second := device(0), device(1)
		second.Class.Standing = reeve.OutOfLicense
		first, second = w.save(w.account.No, first), w.save(w.account.No, second)
		first.Class.Standing = reeve.Ignored
		w.save(w.account.No, first)
		if got := w.read(second).Class.Standing; got != reeve.Managed {
			w.t.Errorf("the device that waited is %v", got)
		}
	})
}
