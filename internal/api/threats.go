package api

import (
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

func shapeThreat(t reeve.Threat) client.Threat {
	return client.Threat{
		Path: t.Path, Signature: t.Signature, Engine: t.Engine, Size: t.Size, SHA256: t.SHA256, MD5: t.MD5,
		First: t.First, Last: t.Last, Scans: t.Scans, Quarantine: t.Quarantine,
	}
}

// deviceThreats lists what scans found on a device, last found first.
func (a *api) deviceThreats(w http.ResponseWriter, r *door.Request) error {
	var micro, key int64
	device, limit, err := a.pageOfDevice(r, "device threats", &micro, &key)
	if err != nil {
		return err
	}
	var last time.Time
	if micro != 0 {
		last = time.UnixMicro(micro)
	}
	threats, err := a.Store.ThreatsAfter(r.Context(), r.Caller.Account, device.No, last, key, limit+1)
	if err != nil {
		return err
	}
	return page(w, threats, limit, shapeThreat, func(last reeve.Threat) string {
		return door.Cursor("device threats", r.Caller.Account, last.Last.UnixMicro(), last.Key)
	})
}
