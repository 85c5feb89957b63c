package sqlstore

import (
	"slices"
	"sync"
	"time"

	"reeve"
)

// owned says that a device has an address.
type owned struct{ mac, device int64 }

// noteDuplicates logs which of these devices have come to an address that
// another device with an agent has: the nth now has macs[n].
func (t *tx) noteDuplicates(now time.Time, account int64, macs, devices []int64) error {
	these, arg := t.among(2, numbers("mac", macs))
	type claim struct {
		owned
		id string
	}
	claims, err := all(t.ctx, t, func(r rows) (v claim, err error) { return v, r.Scan(&v.mac, &v.device, &v.id) },
		"SELECT m.mac, m.device, d.id FROM macs AS m CROSS JOIN devices AS d WHERE m.account = $1 AND m.mac "+these+
			" AND d.no = m.device AND d.class & 7 IN (0, 3) ORDER BY m.mac, m.device", account, arg)
	if err != nil {
		return err
	}
	came := make(map[owned]bool, len(macs))
	for i := range macs {
		came[owned{macs[i], devices[i]}] = true
	}
	var ids []string
	var nos []int64
	shared := map[string][]string{}
	for len(claims) > 0 {
		n := 1
		for n < len(claims) && claims[n].mac == claims[0].mac {
			n++
		}
		rivals := claims[:n]
		claims = claims[n:]
		if n == 1 || len(shared) == maxShared {
			continue
		}
		var claimants, news []string
		for _, c := range rivals {
			claimants = append(claimants, c.id)
			if came[c.owned] && t.store.duplicates.areNews(c.device, now) {
				news, nos = append(news, c.id), append(nos, c.device)
			}
		}
		if len(news) > 0 {
			ids = append(ids, news...)
			shared[reeve.MAC(rivals[0].mac).String()] = claimants[:min(n, maxShared)]
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	e := system(account, now, "devices_duplicate_mac")
	e.Source = reeve.FromAgent
	if e.Detail, err = encode(map[string]any{"devices": len(ids), "ids": ids, "macs": shared}, false); err != nil {
		return err
	}
	if len(ids) == 1 {
		e.Device = ids[0]
		t.log(e)
		return nil
	}
	slices.Sort(nos)
	return t.logNumbers(e, slices.Compact(nos))
}

const (
	maxShared     = 100       // addresses that a row names, and devices of one
	duplicateRest = time.Hour // until the log may speak of the same device again
	maxDuplicates = 10_000    // devices whose row is remembered
)

// duplicates remembers whom the log spoke of, so that an agent that changes its
// addresses all the time does not fill it.
type duplicates struct {
	mu sync.Mutex
	at map[int64]time.Time
}

func (d *duplicates) areNews(device int64, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last, ok := d.at[device]; ok && now.Sub(last) < duplicateRest {
		return false
	}
	if d.at == nil || len(d.at) >= maxDuplicates {
		d.at = map[int64]time.Time{}
	}
	d.at[device] = now
	return true
}
