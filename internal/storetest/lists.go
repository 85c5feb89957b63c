package storetest

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"reeve"
)

func testLists(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	// Every list is compared with what is chosen from all devices one by one.
	s.run("lists agree with a filter over everything", func(w *world) {
		r := new(dice)
		all := w.mixture(r, 120)
		now := noon.Add(40 * 24 * time.Hour)
		for range 900 {
			q := randomQuery(r, all, now)
			found, err := w.Devices(w.ctx, w.account.No, q)
			w.check(err)
			if d := gocmp.Diff(hostnames(listed(all, q)), hostnames(found)); d != "" {
				w.t.Fatalf("%+v\n%s", q, d)
			}
			if d := gocmp.Diff(hostnames(found), hostnames(w.lookFor(q))); d != "" {
				w.t.Fatalf("%+v looked for\n%s", q, d)
			}
			n, err := w.CountFound(w.ctx, w.account.No, q)
			w.check(err)
			q.Limit, q.Page, q.After, q.AfterRow, q.BeforeRow = len(all), 0, 0, nil, nil
			every := listed(all, q)
			if n != int64(len(every)) {
				w.t.Fatalf("%+v counts %d, want %d", q, n, len(every))
			}
			n, whole, err := w.CountUpTo(w.ctx, w.account.No, q, 7, time.Hour)
			if err != nil || n != int64(min(len(every), 7)) || whole != (len(every) < 7) {
				w.t.Fatalf("%+v counts %d up to 7, %v, %v; want %d", q, n, whole, err, len(every))
			}
			byClass := map[reeve.Class]int64{}
			for _, d := range every {
				byClass[d.Class]++
			}
			counts, err := w.CountByClass(w.ctx, w.account.No, q)
			w.check(err)
			if d := gocmp.Diff(byClass, counts); d != "" {
				w.t.Fatalf("%+v by class\n%s", q, d)
			}
		}
	})

	s.run("pages of a large fleet, sorted and filtered", func(w *world) {
		devices := make([]reeve.Device, 6000)
		for i := range devices {
			devices[i] = reeve.Device{ID: reeve.NewID(), Hostname: fmt.Sprintf("h%06d", (i*7919)%6000), AddedAt: noon,
				Class: reeve.Class{System: reeve.System(1 + i%2)}}
		}
		w.check(w.imports(w.account.No, devices, w.entry("devices_imported")))
		for i := range devices {
			devices[i].Class.Standing = reeve.Unknown
		}
		w.archive(devices[17], devices[4711])
		for _, i := range []int{17, 4711} {
			devices[i].Class.Standing = reeve.Archived
		}
		for _, q := range []reeve.DeviceQuery{
			{Limit: 50, Page: 3}, {Limit: 50, Page: 119, Desc: true}, {Limit: 50, Page: 200},
			{Limit: 50, Page: 100, Sort: reeve.ByHostname}, {Limit: 7, Page: 1, Sort: reeve.ByLastSeen, Desc: true},
			{Limit: 50, Page: 50, Sort: reeve.ByHostname, Systems: []reeve.System{reeve.Linux, reeve.Windows, reeve.MacOS}, Search: "h00"},
			{Limit: 50, Page: 2, Sort: reeve.ByHostname, Systems: []reeve.System{reeve.Windows}},
			{Limit: 50, Page: 100, Search: "h00", Standings: []reeve.Standing{reeve.Unknown, reeve.Archived}},
			{Limit: 50, After: devices[3000].No, Search: "01"},
			{Limit: 50, AfterRow: row(devices[3000]), Sort: reeve.ByHostname}, {Limit: 50, BeforeRow: row(devices[3000]), Sort: reeve.ByHostname, Desc: true},
			{Limit: 50, AfterRow: row(devices[3000]), Sort: reeve.ByLastSeen}, {Limit: 50, BeforeRow: row(devices[5000]), Sort: reeve.ByLastSeen, NeverSeen: true},
			{Limit: 50, BeforeRow: row(devices[3000])}, {Limit: 50, AfterRow: row(devices[3000]), Added: reeve.Span{Since: noon}, Sort: reeve.ByHostname},
		} {
			found, err := w.Devices(w.ctx, w.account.No, q)
			w.check(err)
			if d := gocmp.Diff(hostnames(listed(devices, q)), hostnames(found)); d != "" {
				w.t.Errorf("%+v\n%s", q, d)
			}
			if d := gocmp.Diff(hostnames(found), hostnames(w.lookFor(q))); d != "" {
				w.t.Errorf("%+v looked for\n%s", q, d)
			}
		}
	})

	// The mixture is a small part of this fleet, at one end of every order.
	s.run("who has no patience gets a page in pieces", func(w *world) {
		r := new(dice)
		all := w.mixture(r, 120)
		crowd := make([]reeve.Device, 5500)
		for i := range crowd {
			crowd[i] = reeve.Device{ID: reeve.NewID(), Hostname: fmt.Sprintf("a%06d", i), AddedAt: noon, Class: reeve.Class{System: reeve.Windows}}
		}
		w.check(w.imports(w.account.No, crowd, w.entry("devices_imported")))
		pieces := 0
		for _, q := range []reeve.DeviceQuery{
			{Sort: reeve.ByHostname, Systems: []reeve.System{reeve.Windows, reeve.Linux}, Types: []string{"server"}},
			{Sort: reeve.ByHostname, Desc: true, Search: "2"}, {Sort: reeve.ByHostname, Search: "m"}, {Search: "m", Desc: true},
			{Sort: reeve.ByLastSeen, Types: []string{"server", "laptop", "x"}, Standings: []reeve.Standing{reeve.Managed, reeve.Unknown}},
			{Sort: reeve.ByLastSeen, Desc: true, Standings: []reeve.Standing{reeve.Unknown}, Systems: []reeve.System{reeve.Linux, reeve.Windows}, Search: "r"},
			{Added: reeve.Span{Until: noon.AddDate(1, 0, 0)}, Standings: []reeve.Standing{reeve.Managed, reeve.Unknown}, Desc: true, Search: "l"},
			{Sort: reeve.ByLastSeen, BeforeRow: row(all[len(all)-1]), Search: "p"}, {Sort: reeve.ByHostname, BeforeRow: row(all[50]), Search: "a"},
			{Sort: reeve.ByHostname, GroupIDs: []string{all[1].GroupID, all[0].GroupID, all[2].GroupID, all[3].GroupID}, Search: "l"},
		} {
			q.Limit, q.Now, q.UnseenAfter = 200, noon.AddDate(0, 0, 40), 30*24*time.Hour
			found, err := w.Devices(w.ctx, w.account.No, q)
			w.check(err)
			if d := gocmp.Diff(hostnames(found), hostnames(w.lookFor(q))); d != "" {
				w.t.Errorf("%+v\n%s", q, d)
			}
			_, on, err := w.LookForDevices(w.ctx, w.account.No, q, 1)
			w.check(err)
			if on != nil {
				pieces++
			}
			q.Limit, q.BeforeRow = 1, nil
			want, err := w.CountFound(w.ctx, w.account.No, q)
			w.check(err)
			n, whole, err := w.CountUpTo(w.ctx, w.account.No, q, 10_000, 1)
			if w.check(err); whole && n != want || n > want {
				w.t.Errorf("%+v counts %d, %v; want %d", q, n, whole, want)
			}
		}
		if pieces < 5 {
			w.t.Errorf("%d of these come in pieces", pieces)
		}
	})

	s.run("what an agent says anew is found, and what it no longer says is not", func(w *world) {
		d := w.fleet(0, 1)[0]
		find := func(search string, in reeve.DeviceName) int {
			found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Search: search, In: []reeve.DeviceName{in}, Limit: 9})
			w.check(err)
			return len(found)
		}
		meet := func(m reeve.Meeting) {
			m.Device, m.Version, m.Abilities = d.No, d.Class.Version, d.Class.Abilities
			w.check(w.Meet(w.ctx, noon, []reeve.Meeting{m}))
		}
		meet(reeve.Meeting{Hostname: "Reception", Address: "203.0.113.9", MACs: []reeve.MAC{0x0a1b2c3d4e5f}, Facts: reeve.Facts{User: "Ann",
			Type: "laptop", Networks: []reeve.Network{{IPv4: []string{"10.1.2.3"}, IPv6: []string{"fe80::Abcd"}}}}})
		user, nickname := "Bob", "Front desk"
		w.check(w.Describe(w.ctx, w.account.No, d.ID, reeve.Description{LinkedUser: &user, Nickname: &nickname}, w.entry("e")))
		said := []struct {
			text string
			in   reeve.DeviceName
		}{{"CEPT", reeve.InHostname}, {"203.0.113", reeve.InAddress}, {"10.1.2.", reeve.InAddress}, {"::abcd", reeve.InAddress},
			{"ANN", reeve.InUser}, {"bob", reeve.InUser}, {"t DES", reeve.InNickname}, {"0a-1b-2c-3D", reeve.InMAC}, {"0A1b.2c3d.4e5f", reeve.InMAC}}
		for _, word := range said {
			if find(word.text, word.in) != 1 {
				w.t.Errorf("%q is not found", word.text)
			}
		}
		meet(reeve.Meeting{Hostname: "other", Address: "198.51.100.1"})
		for _, word := range said {
			if n := find(word.text, word.in); n != 0 && word.text != "bob" && word.in != reeve.InNickname {
				w.t.Errorf("%q is still found", word.text)
			}
		}
		w.archive(d)
		_, err := w.Expire(w.ctx, noon.AddDate(1, 0, 0))
		w.check(err)
		for _, word := range []string{"other", "bob", "desk"} {
			for in := range reeve.NumDeviceNames {
				if find(word, in) != 0 {
					w.t.Errorf("%q of an erased device is found", word)
				}
			}
		}
	})

	s.run("exempt devices are counted while they are", func(w *world) {
		devices := w.fleet(0, 5)
		everything, critical := reeve.ExemptAll, reeve.ExemptCritical
		w.place(w.job("exempt"), placed(devices[:3], reeve.Succeeded, 0), reeve.Effect{Exempt: &everything, ExemptUntil: noon.Add(time.Hour)})
		w.place(w.job("exempt"), placed(devices[3:4], reeve.Succeeded, 0), reeve.Effect{Exempt: &critical, ExemptUntil: reeve.Forever})
		w.archive(devices[0])
		for now, want := range map[time.Time]int64{noon: 2, noon.Add(time.Hour): 0} {
			if n, err := w.CountExempt(w.ctx, w.account.No, now); err != nil || n != want {
				w.t.Errorf("%d are exempt at %v, %v; want %d", n, now, err, want)
			}
		}
		if n, err := w.CountExempt(w.ctx, w.addAccount("other", 0).No, noon); err != nil || n != 0 {
			w.t.Errorf("%d of another account, %v", n, err)
		}
	})
}

// lookFor puts a page together from what is found without any patience.
func (w *world) lookFor(q reeve.DeviceQuery) (page []reeve.Device) {
	w.t.Helper()
	limit := q.Limit
	for range 100 {
		q.Limit = limit - len(page)
		found, on, err := w.LookForDevices(w.ctx, w.account.No, q, 1)
		w.check(err)
		if q.BeforeRow != nil {
			page = append(found, page...)
		} else {
			page = append(page, found...)
		}
		switch {
		case on == nil:
			return page
		case q.BeforeRow != nil:
			q.BeforeRow = on
		default:
			q.AfterRow, q.After = on, 0
		}
	}
	w.t.Fatalf("%+v goes on for ever", q)
	return nil
}

func row(d reeve.Device) *reeve.DeviceRow {
	r := d.Row()
	return &r
}

// mixture adds devices that differ in everything that lists go by, and returns
// all of them as they are stored, in order of their keys.
func (w *world) mixture(r *dice, n int) []reeve.Device {
	pick := func(words ...string) string { return words[r.Intn(len(words))] }
	groups := []string{w.group("Lab").ID, w.group("Office").ID, ""}
	other := w.addAccount("other", 0)
	var archived, ignored, exempt, critical, infested []reeve.Device
	for i := range n {
		d := device(i)
		d.GroupID = groups[r.Intn(3)]
		d.Hostname = pick("PC", "srv", "Müller") + pick("-", "_", ".") + fmt.Sprint(r.Intn(40))
		d.Nickname, d.PublicIP = pick("", "Front desk", "100%"), pick("", "192.0.2.1", "2001:db8::1")
		d.Class.Kind, d.Class.System, d.Class.Version = reeve.AgentKind(1+r.Intn(4)), reeve.System(r.Intn(6)), reeve.Version{26, uint32(10 + r.Intn(2))}
		d.AddedAt = noon.Add(time.Duration(r.Intn(40*24)) * time.Hour)
		d.EnrolledAt = d.AddedAt.Add(time.Duration(r.Intn(40)) * time.Hour)
		d.Facts = reeve.Facts{User: pick("", "Ann", "bob"), Type: pick("", "laptop", "server"),
			Networks: []reeve.Network{{IPv4: []string{pick("10.0.0.1", "10.0.0.2")}}}}
		d.Online, d.LastSeen = r.Intn(3) == 0, noon.Add(time.Duration(r.Intn(40*24))*time.Hour)
		if i%7 == 0 {
			d.Key, d.Class, d.LastSeen, d.Online = reeve.Key{}, reeve.Class{Standing: reeve.Unknown, System: d.Class.System}, time.Time{}, false
			d.EnrolledAt = time.Time{}
		}
		d = w.save(w.account.No, d)
		if custom := fmt.Sprint("asset-", i); i%9 == 0 {
			w.check(w.Describe(w.ctx, w.account.No, d.ID, reeve.Description{CustomID: &custom, LinkedUser: &custom}, w.entry("e")))
		}
		if isInfested(d) {
			infested = append(infested, d)
		}
		foreign := device(1000 + i)
		foreign.Hostname = d.Hostname
		w.save(other.No, foreign)
		switch {
		case i%11 == 3:
			archived = append(archived, d)
		case i%14 == 0:
			ignored = append(ignored, d)
		case i%5 == 1:
			exempt = append(exempt, d)
		case i%5 == 2:
			critical = append(critical, d)
		}
	}
	for i, d := range infested {
		w.found(w.order("scan_threats", infested[i:i+1]), 0, d, noon, reeve.Threat{Path: "/a", Signature: "x"}, reeve.Threat{Path: "/b", Signature: "x"})
	}
	everything, some, set := reeve.ExemptAll, reeve.ExemptCritical, reeve.Ignored
	until := noon.Add(39 * 24 * time.Hour) // over by the time of the lists
	w.place(w.job("exempt"), placed(exempt[:len(exempt)/2], reeve.Succeeded, 0), reeve.Effect{Exempt: &everything, ExemptUntil: until})
	w.place(w.job("exempt"), placed(exempt[len(exempt)/2:], reeve.Succeeded, 0), reeve.Effect{Exempt: &everything, ExemptUntil: reeve.Forever})
	w.place(w.job("exempt"), placed(critical, reeve.Succeeded, 0), reeve.Effect{Exempt: &some, ExemptUntil: reeve.Forever})
	w.place(w.job("ignore"), placed(ignored, reeve.Succeeded, 0), reeve.Effect{Standing: &set})
	w.archive(archived...)
	found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Limit: 2 * n, Standings: []reeve.Standing{0, 1, 2, 3, 4}})
	w.check(err)
	if len(found) != n {
		w.t.Fatalf("%d of %d devices are listed", len(found), n)
	}
	return found
}

// isInfested says on which devices of the mixture scans found threats.
func isInfested(d reeve.Device) bool { return d.Nickname == "100%" }

// randomQuery asks for one to three things at once.
func randomQuery(r *dice, all []reeve.Device, now time.Time) reeve.DeviceQuery {
	q := reeve.DeviceQuery{Limit: 1 + r.Intn(40), Now: now, UnseenAfter: 30 * 24 * time.Hour, Desc: r.Intn(3) == 0}
	some := all[r.Intn(len(all))]
	yes := r.Intn(2) == 0
	for range 1 + r.Intn(3) {
		switch r.Intn(17) {
		case 0:
			q.GroupIDs = append(q.GroupIDs, some.GroupID)
		case 1:
			q.Standings = append(q.Standings, reeve.Standing(r.Intn(5)), reeve.Standing(r.Intn(5)))
		case 2:
			q.Exempt = &yes
		case 3:
			q.Kinds = append(q.Kinds, some.Class.Kind)
			q.Outdated = r.Intn(3) == 0
		case 4:
			q.Systems = append(q.Systems, some.Class.System, reeve.System(r.Intn(6)))
		case 5:
			q.Types = append(q.Types, []string{"laptop", "server", "phone", ""}[r.Intn(4)])
		case 6:
			q.Presence = append(q.Presence, reeve.Presence(r.Intn(3)))
		case 7:
			q.In = append(q.In, reeve.DeviceName(r.Intn(int(reeve.NumDeviceNames))), reeve.DeviceName(r.Intn(int(reeve.NumDeviceNames))))
			q.Search = []string{"pc", "PC-1", "müll", "r.1", "0.0", "192.0.2.1", "desk", "0%", "ann", "bob", "asset-9", "0200000000", "02:00:00:00:00:1",
				some.ID[:4], some.ID[:1], some.ID, some.CustomID, "-", "\"a'", "nobody"}[r.Intn(20)]
			if q.And = nil; q.Search != "" && r.Intn(3) == 0 {
				q.And = []string{"pc", "0", "desk", "."}[:r.Intn(3)]
			}
		case 8:
			q.Sort = reeve.DeviceSort(r.Intn(3))
			q.Page = r.Intn(4)
		case 9:
			q.After = some.No
		case 10:
			q.AfterRow, q.Sort = row(some), reeve.DeviceSort(r.Intn(3))
		case 11:
			q.BeforeRow, q.Sort = row(some), reeve.DeviceSort(r.Intn(3))
		case 12:
			q.Online = &yes
			q.NeverSeen = r.Intn(3) == 0
		case 13:
			q.Versions = append(q.Versions, some.Class.Version)
		case 14:
			q.ExemptBefore = []time.Time{now.AddDate(1, 0, 0), reeve.Forever.AddDate(1, 0, 0)}[r.Intn(2)]
		case 15:
			q.Infested = true
		default:
			spans := []*reeve.Span{&q.Seen, &q.Added, &q.Enrolled}
			since := noon.Add(time.Duration(r.Intn(50*24)) * time.Hour)
			*spans[r.Intn(3)] = []reeve.Span{{Since: since}, {Until: since}, {Since: since, Until: since.Add(time.Duration(r.Intn(90)) * time.Hour)}}[r.Intn(3)]
		}
	}
	if q.AfterRow != nil {
		q.BeforeRow = nil
	}
	if q.AfterRow != nil || q.BeforeRow != nil {
		q.After, q.Page = 0, 0
	}
	if q.Sort != reeve.ByRecord || q.Page > 1 {
		q.After = 0
	}
	return q
}

func hostnames(devices []reeve.Device) []string {
	out := []string{}
	for _, d := range devices {
		out = append(out, fmt.Sprint(d.No, " ", d.Hostname))
	}
	return out
}

// dice fall alike in every run.
type dice uint64

func (d *dice) Intn(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d)>>33) % n
}
