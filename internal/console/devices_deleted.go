package console

import (
	"cmp"
	"net/url"
	"time"

	"reeve"
	"reeve/internal/control"
)

// A deletedPage is the list of devices that can be restored.
type deletedPage struct {
	Rows   []deletedDevice
	Beside deviceBeside
	Days   int64 // how long devices can be restored
}

// A deletedDevice is one with the time from which on it is gone for good.
type deletedDevice struct {
	deviceRow
	Until time.Time
}

func (c *console) deletedDevices(v *visit) (*page, error) {
	p := deletedPage{Days: control.Effective(v.Account.Settings).RestoreDays}
	q := reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Archived}, Sort: reeve.ByHostname}
	said := v.URL.Query()
	found, beside, err := v.readDevices(q, said.Get("after"), said.Get("before"), func(after, before string) string {
		return "devices/deleted?" + url.Values{"after": {after}, "before": {before}}.Encode()
	})
	if err != nil {
		return nil, err
	}
	p.Beside = beside
	p.Beside.Older = cmp.Or(beside.On, beside.Older)
	for _, d := range found {
		p.Rows = append(p.Rows, deletedDevice{shown(d, time.Now(), v.Account), restorable(d, v.Account)})
	}
	return &page{name: "devices_deleted", title: "devices.deleted.title", data: p}, nil
}

// restorable is until when a deleted device can be restored.
func restorable(d reeve.Device, a reeve.Account) time.Time {
	return d.ArchivedAt.AddDate(0, 0, int(control.Effective(a.Settings).RestoreDays))
}

// restoreDevices brings the chosen devices back.
func (c *console) restoreDevices(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	done, err := c.Rules.Restore(v.Context(), v.Caller, v.PostForm["id"])
	switch {
	case err != nil:
		return nil, err
	case len(done.Refused) > 0:
		return v.done("devices/deleted", "devices.deleted.some", len(done.IDs), len(done.Refused), sentence(v.words.say("devices.deleted.whys."+done.Refused[0].Reason)))
	default:
		return v.done("devices/deleted", "devices.deleted.restored", len(done.IDs))
	}
}
