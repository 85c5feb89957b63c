package control_test

import (
	"strings"
	"testing"
	"time"

	"reeve"
)

func TestEnrol(t *testing.T) {
	w := newWorld(t)
	e := w.linux()
	d, account, err := w.Enrol(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if account.No != w.admin.Account || !reeve.IsID(d.ID) || d.Class.Standing != reeve.Managed || d.Key != e.Key || !d.EnrolledAt.Equal(noon) {
		t.Errorf("enrolled: %+v in account %d", d, account.No)
	}
	got := w.device(t, d.ID)
	if got.Hostname != e.Hostname || got.HardwareID != e.HardwareID || len(got.MACs) != 1 || got.MACs[0] != e.MACs[0] || got.GroupName != "Default" ||
		got.Class != (reeve.Class{Kind: e.Kind, System: e.System, Version: e.Version, Abilities: e.Abilities}) {
		t.Errorf("the record is %+v", got)
	}
	rows := w.audit(t, w.admin.Account, "device_enrolled")
	if len(rows) != 1 || rows[0].Device != d.ID || rows[0].Source != reeve.FromAgent || rows[0].Actor != "device:"+d.ID || rows[0].Address != e.Address {
		t.Errorf("the log says %+v", rows)
	}

	device, owner, err := w.Recognise(t.Context(), e.Key)
	if err != nil || device.ID != d.ID || owner != account.No {
		t.Errorf("the key is recognised as %v of %d, %v", device.ID, owner, err)
	}
	for what, key := range map[string]reeve.Key{"a key that nobody has": {1}, "no key": {}} {
		w.imported(t, reeve.MAC(0x0a0000000001)+reeve.MAC(key[0]))
		_, _, err := w.Recognise(t.Context(), key)
		wantKind(t, what, err, reeve.Denied)
	}
}

func TestTheSameKeyIsTheSameRecord(t *testing.T) {
	w := newWorld(t)
	once, err := w.CreateCode(t.Context(), w.admin, reeve.Code{Uses: 1, Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	e := w.linux()
	e.Code = once.Code
	d := w.enrol(t, e)
	head, _, _ := w.store.Head(t.Context(), w.admin.Account)

	// An agent whose answer was lost asks again with a code that is used up or
	// over by now.
	for _, later := range []time.Duration{0, 2 * time.Hour} {
		w.clock.advance(later)
		again, account, err := w.Enrol(t.Context(), e)
		if err != nil || again.ID != d.ID || account.No != w.admin.Account {
			t.Errorf("the same key after %v: %v in account %d, %v", later, again.ID, account.No, err)
		}
	}
	fresh := e
	fresh.Code = w.boot.Code
	if again := w.enrol(t, fresh); again.ID != d.ID {
		t.Error("the same key with another code of the account is another record")
	}
	codes, _ := w.store.Codes(t.Context(), w.admin.Account)
	for _, c := range codes {
		if want := int64(1); c.Hash == once.Hash && c.Used != want || c.Hash != once.Hash && c.Used != 0 {
			t.Errorf("code %s… was used %d times", c.Hint, c.Used)
		}
	}
	if after, _, _ := w.store.Head(t.Context(), w.admin.Account); after.Seq != head.Seq {
		t.Errorf("enrolling again left %d rows in the log", after.Seq-head.Seq)
	}

	other, _ := w.further(t, "other")
	fresh.Code = other.Code
	_, _, err = w.Enrol(t.Context(), fresh)
	wantKind(t, "the same key in another account", err, reeve.Denied)

	w.place(t, order("delete", d.ID))
	fresh.Code = w.boot.Code
	_, _, err = w.Enrol(t.Context(), fresh)
	wantKind(t, "the key of a deleted device", err, reeve.Denied)
	if again, _, err := w.Recognise(t.Context(), e.Key); err != nil || again.Class.Standing != reeve.Archived {
		t.Errorf("the key of a deleted device is recognised as %v, %v; want archived, so that it can be told to retire", again.Class.Standing, err)
	}
	fresh.Key = reeve.Key{9}
	if again := w.enrol(t, fresh); again.ID == d.ID {
		t.Error("a retired agent that comes back has its old record; want a new one")
	}
}

func TestTakeover(t *testing.T) {
	const (
		mac, second, third, fourth = 0x0a0000000001, 0x0a0000000002, 0x0a0000000003, 0x0a0000000004
	)
	with := func(w *world, macs ...reeve.MAC) reeve.Device {
		e := w.linux()
		e.MACs = macs
		d, _, err := w.Enrol(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return w.device(t, d.ID)
	}
	t.Run("one unknown record", func(t *testing.T) {
		w := newWorld(t)
		printer := w.imported(t, mac)[0]
		d := with(w, mac, second)
		if d.ID != printer.ID || d.Class.Standing != reeve.Managed || d.Key == (reeve.Key{}) || d.Hostname == printer.Hostname || len(d.MACs) != 2 || !d.AddedAt.Equal(noon) {
			t.Errorf("the record became %+v; want that of %s, managed", d, printer.ID)
		}
		if n, _ := w.store.CountDevices(t.Context(), w.admin.Account); n[reeve.Managed] != 1 || n[reeve.Unknown] != 0 {
			t.Errorf("devices by standing: %v", n)
		}
	})
	t.Run("one ignored record", func(t *testing.T) {
		w := newWorld(t)
		printer := w.imported(t, mac)[0]
		w.place(t, order("ignore", printer.ID))
		if d := with(w, mac); d.ID != printer.ID || d.Class.Standing != reeve.Managed {
			t.Errorf("the record became %+v", d)
		}
	})
	t.Run("two unknown records", func(t *testing.T) {
		w := newWorld(t)
		printers := w.imported(t, mac, second)
		if d := with(w, mac, second); d.ID == printers[0].ID || d.ID == printers[1].ID {
			t.Error("one of two records was taken over")
		}
	})
	t.Run("a managed record", func(t *testing.T) {
		w := newWorld(t)
		owner := with(w, mac)
		d := with(w, mac)
		if d.ID == owner.ID || w.device(t, owner.ID).Key != owner.Key {
			t.Error("a new key took over a managed record")
		}
		rows := w.audit(t, w.admin.Account, "device_enrolled_duplicate_mac")
		if len(rows) != 1 || rows[0].Device != d.ID || !strings.Contains(rows[0].Detail, owner.ID) {
			t.Errorf("the log flags %+v", rows)
		}
	})
	t.Run("an unknown and a managed record", func(t *testing.T) {
		w := newWorld(t)
		with(w, third)
		printer := w.imported(t, mac, third)[0]
		if d := with(w, mac, third); d.ID == printer.ID {
			t.Error("a record was taken over although a managed device claims a MAC of the new one")
		}
	})
	t.Run("a known machine with a new key", func(t *testing.T) {
		w := newWorld(t)
		e := w.linux()
		owner := w.enrol(t, e)
		again := w.linux()
		again.MACs, again.HardwareID = []reeve.MAC{fourth}, e.HardwareID
		if d := w.enrol(t, again); d.ID == owner.ID || len(w.audit(t, w.admin.Account, "device_enrolled_duplicate_mac")) != 1 {
			t.Error("a new key on a known machine is no separate record, or is not flagged")
		}
	})
	t.Run("an archived record", func(t *testing.T) {
		w := newWorld(t)
		printer := w.imported(t, mac)[0]
		w.place(t, order("delete", printer.ID))
		if d := with(w, mac); d.ID == printer.ID {
			t.Error("a deleted record was taken over")
		}
	})
	t.Run("another account's record", func(t *testing.T) {
		w := newWorld(t)
		_, stranger := w.further(t, "other")
		printer := []reeve.Device{{Hostname: "printer", MACs: []reeve.MAC{mac}}}
		if _, err := w.Import(t.Context(), stranger, printer, false); err != nil {
			t.Fatal(err)
		}
		if d := with(w, mac); d.ID == printer[0].ID {
			t.Error("a record of another account was taken over")
		}
	})
}

func TestEnrolmentsThatAreNone(t *testing.T) {
	w := newWorld(t)
	noKey, noAgent := w.linux(), w.linux()
	noKey.Key, noAgent.Kind = reeve.Key{}, reeve.NoAgent
	_, _, err := w.Enrol(t.Context(), noKey)
	wantKind(t, "no key", err, reeve.Invalid)
	_, _, err = w.Enrol(t.Context(), noAgent)
	wantKind(t, "no agent", err, reeve.Invalid)
}

func TestMayUpload(t *testing.T) {
	w := newWorld(t)
	d, other := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	log := w.commands(t, w.place(t, order("fetch_agent_log", d.ID)).Job.ID)[0]
	scan := order("scan_threats", d.ID)
	scan.Params = []byte(`{"full_scan":1}`)
	noFile := w.commands(t, w.place(t, scan).Job.ID)[0]

	may := func(device int64, account int64, id reeve.CommandID) error {
		return w.MayUpload(t.Context(), device, account, id)
	}
	for _, s := range []reeve.State{reeve.Queued, reeve.Running} {
		if s == reeve.Running {
			w.report(t, log, s)
		}
		if err := may(d.No, w.admin.Account, log.ID); err != nil {
			t.Errorf("its own command, %v: %v", s, err)
		}
	}
	for what, err := range map[string]error{
		"another device":     may(other.No, w.admin.Account, log.ID),
		"another account":    may(d.No, w.admin.Account+1, log.ID),
		"another leaf":       may(d.No, w.admin.Account, reeve.CommandID{Job: log.ID.Job, Leaf: 1}),
		"another job":        may(d.No, w.admin.Account, reeve.CommandID{Job: log.ID.Job + 5}),
		"an action of words": may(d.No, w.admin.Account, noFile.ID),
	} {
		wantKind(t, what, err, reeve.NotFound)
	}
	w.report(t, log, reeve.Succeeded)
	wantKind(t, "a command that has ended", may(d.No, w.admin.Account, log.ID), reeve.NotFound)
}
