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
	p := paramsOf(r)
	limit, cursor := p.limit(), p.text("cursor")
	if err := p.done(); err != nil {
		return err
	}
	var micro, key int64
	if err := door.ReadCursor("cursor", cursor, "device threats", r.Caller.Account, &micro, &key); err != nil {
		return err
	}
	device, err := a.findDevice(r)
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
