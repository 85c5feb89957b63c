package cmapi_test

import (
	"fmt"
	"testing"
	"time"

	"reeve"
	"reeve/internal/doortest"
)

// What the three kinds of Delete Device v2 leave of a record, at once and a year
// later.
func TestKindsOfDelete(t *testing.T) {
	for opt, want := range map[int]struct {
		kept, erased bool
	}{
		0: {kept: true},
		1: {erased: true},
		2: {},
	} {
		f := openFleet(t, doortest.Options{})
		device := f.devices["linux"]
		f.Ask("POST", fmt.Sprintf("/o/api/v2/devices/%s/delete?opt=%d", device.ID, opt), "", bearer(f.Token))
		_, err := f.Store.Device(t.Context(), f.Account().No, device.ID)
		if kept := err == nil; kept != want.kept {
			t.Errorf("opt %d keeps the record: %v, want %v (%v)", opt, kept, want.kept, err)
		}
		pending, err := f.Store.Pending(t.Context(), time.Now(), []int64{device.No})
		f.check(t, err)
		if len(pending) != 1 {
			t.Fatalf("opt %d leaves %d orders for the agent, want the one to retire", opt, len(pending))
		}
		if job, err := f.Store.Job(t.Context(), f.Account().No, pending[0].ID.Job); err != nil || job.Action != "retire" {
			t.Errorf("opt %d orders %q of the agent, %v; want retire", opt, job.Action, err)
		}
		_, err = f.Store.Expire(t.Context(), time.Now().AddDate(1, 0, 0))
		f.check(t, err)
		_, _, err = f.Store.DeviceByKey(t.Context(), device.Key)
		if erased := reeve.KindOf(err) == reeve.NotFound; erased != want.erased {
			t.Errorf("opt %d, a year later: erased %v, want %v (%v)", opt, erased, want.erased, err)
		}
	}
}

func TestKindsOfExemption(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	for types, want := range map[string]reeve.Exemption{"exempt_critical": reeve.ExemptCritical, "exempt_all": reeve.ExemptAll} {
		f.Ask("POST", "/o/api/v2/devices/"+f.devices["linux"].ID+"/action?opt=1&types="+types, "", bearer(f.Token))
		d, err := f.Store.Device(t.Context(), f.Account().No, f.devices["linux"].ID)
		f.check(t, err)
		if d.Exempt != want || !d.ExemptUntil.Equal(reeve.Forever) {
			t.Errorf("%s exempts from %v until %v", types, d.Exempt, d.ExemptUntil)
		}
	}
}
