package cmapi

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"time"

	"reeve"
	"reeve/internal/door"
)

// Source: "Device Statistics" v2.0 of the OAuth API manual.
func (a *api) deviceStatsRoutes() []door.Route {
	return []door.Route{{
		Method: "GET", Path: at("v2", "devices/stats"), Scope: reeve.Read, Rate: "devices/stats", Serve: a.countDevices,
		Page: &door.Page{
			Family: "Device Statistics", Version: "2", Source: "Device Statistics v2.0",
			About: "Counts the devices that were added in a period, or not heard from since it began, and names them.",
			Inputs: []door.Field{
				{Name: "event", In: "query", Type: "string", About: "added, not_seen or outdated"},
				{Name: "event=outdated", In: "query", Type: "string", About: "agents that are older, now and whatever the period, than the newest of their kind and system in the account", Ours: true},
				{Name: "opt", In: "query", Type: "int", About: "what devices are named by: 0 (default) the first MAC address, 1 the device id, 3 the SSID, by which no device is known: none is counted"},
				{Name: "in", In: "query", Type: "int", About: "length of the period that ends now, in the unit of period; from 1"},
				{Name: "period", In: "query", Type: "string", About: "second, hour, month, or ytd for the year to date, which needs no in"},
				{Name: "start_date", In: "query", Type: "string", About: "YYYYMMDD, UTC; instead of in and period, together with end_date"},
				{Name: "end_date", In: "query", Type: "string", About: "YYYYMMDD, UTC, that day included. It does not matter to not_seen: who was heard later was heard"},
				{Name: "device_type", In: "query", Type: "string", About: "all (default), managed, or unmanaged for devices without an agent that may report"},
			},
			Answer: []door.Field{
				{Name: "total_count", Type: "int", About: "length of devices"},
				{Name: "devices", Type: "array of string", About: "their names, oldest record first; with opt=0 those that have a MAC address"},
			},
			Codes: map[int]string{413: "more than 10,000 devices; ask for a shorter period"},
		},
	}}
}

// A statistic finds the devices of an event in a period.
type statistic func(a *api, ctx context.Context, account int64, q reeve.DeviceQuery, from, until time.Time) ([]reeve.Device, error)

// statistics are the values of event.
var statistics = map[string]statistic{
	"added":    (*api).added,
	"not_seen": (*api).notSeen,
	"outdated": (*api).outdated,
}

// statisticTypes are the values of device_type.
var statisticTypes = map[string][]reeve.Standing{
	"": nil, "all": nil, "managed": {reeve.Managed}, "unmanaged": {reeve.Unknown, reeve.Ignored, reeve.OutOfLicense},
}

// countDevices serves Device Statistics.
func (a *api) countDevices(w http.ResponseWriter, r *door.Request) error {
	q := r.URL.Query()
	find, known := statistics[q.Get("event")]
	if !known {
		return errWord("event", q.Get("event"), statistics)
	}
	by, err := optSSID.inQuery(q)
	if err != nil {
		return err
	}
	standings, known := statisticTypes[q.Get("device_type")]
	if !known {
		return reeve.Errorf(reeve.Invalid, "device_type must be all, managed or unmanaged")
	}
	from, until, err := readPeriod(q, a.Now())
	if err != nil {
		return err
	}
	devices, err := find(a, r.Context(), r.Caller.Account, reeve.DeviceQuery{Standings: standings}, from, until)
	if err != nil {
		return err
	}
	names := []string{}
	for _, d := range devices {
		switch {
		case by == byID:
			names = append(names, d.ID)
		case by == byMAC && len(d.MACs) > 0:
			names = append(names, d.MACs[0].String())
		}
	}
	return door.Write(w, http.StatusOK, struct {
		TotalCount int      `json:"total_count"`
		Devices    []string `json:"devices"`
	}{len(names), names})
}

// periods tell when a period began that has n units and ends now.
var periods = map[string]func(now time.Time, n int) time.Time{
	"second": func(now time.Time, n int) time.Time { return time.Unix(now.Unix()-int64(n), 0) },
	"hour":   func(now time.Time, n int) time.Time { return time.Unix(now.Unix()-int64(n)*3600, 0) },
	"month":  func(now time.Time, n int) time.Time { return now.AddDate(0, -n, 0) },
	"ytd":    func(now time.Time, _ int) time.Time { return time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC) },
}

// readPeriod reads when a period begins and ends.
func readPeriod(q url.Values, now time.Time) (from, until time.Time, err error) {
	if q.Has("start_date") || q.Has("end_date") {
		from, err1 := time.Parse("20060102", q.Get("start_date"))
		until, err2 := time.Parse("20060102", q.Get("end_date"))
		if err1 != nil || err2 != nil || until.Before(from) {
			return from, until, reeve.Errorf(reeve.Invalid, "start_date and end_date must be two dates such as 20161001, in this order")
		}
		return from, until.AddDate(0, 0, 1), nil
	}
	n, err := number(q, "in", 1)
	if err != nil {
		return from, until, err
	}
	began, known := periods[q.Get("period")]
	if !known {
		return from, until, errWord("period", q.Get("period"), periods)
	}
	if n < 1 || n > math.MaxInt32 {
		return from, until, reeve.Errorf(reeve.Invalid, "in must be a number from 1")
	}
	if from = began(now.UTC(), n); from.Before(time.Unix(0, 0)) {
		from = time.Unix(0, 0)
	}
	return from, now, nil
}

// added finds the records that were made in a period. They are in the order of
// time, so that the first is found by halving and the rest follows it.
func (a *api) added(ctx context.Context, account int64, q reeve.DeviceQuery, from, until time.Time) ([]reeve.Device, error) {
	newest, err := a.Devices.Devices(ctx, account, reeve.DeviceQuery{Limit: 1, Desc: true})
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	before, last := int64(0), newest[0].No
	for before < last {
		middle := before + (last-before)/2
		next, err := a.Devices.Devices(ctx, account, reeve.DeviceQuery{After: middle, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(next) == 0 || !next[0].AddedAt.Before(from) {
			last = middle
		} else {
			before = next[0].No
		}
	}
	q.After = before
	return a.gather(ctx, account, q, func(d reeve.Device) bool { return d.AddedAt.Before(until) })
}

// notSeen finds the devices whose agents were not heard since a time.
func (a *api) notSeen(ctx context.Context, account int64, q reeve.DeviceQuery, from, _ time.Time) ([]reeve.Device, error) {
	q.Now = a.Now()
	q.Presence, q.UnseenAfter = []reeve.Presence{reeve.Unseen}, q.Now.Sub(from)
	return a.gather(ctx, account, q, func(reeve.Device) bool { return true })
}

// outdated finds the devices whose agents are not the newest that the account has.
func (a *api) outdated(ctx context.Context, account int64, q reeve.DeviceQuery, _, _ time.Time) ([]reeve.Device, error) {
	q.Outdated = true
	return a.gather(ctx, account, q, func(reeve.Device) bool { return true })
}

// gather reads the devices of a query up to the first that is not wanted.
func (a *api) gather(ctx context.Context, account int64, q reeve.DeviceQuery, wanted func(reeve.Device) bool) ([]reeve.Device, error) {
	q.Limit = maxWholeList + 1
	devices, err := a.Devices.Devices(ctx, account, q)
	if err != nil {
		return nil, err
	}
	for i, d := range devices {
		if !wanted(d) {
			return devices[:i], nil
		}
	}
	if len(devices) > maxWholeList {
		return nil, reeve.Errorf(reeve.TooLarge, "these are more than %d devices; ask for a shorter period", maxWholeList)
	}
	return devices, nil
}
