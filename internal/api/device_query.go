package api

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

// What the words of a query stand for.
var (
	presences = []string{reeve.Connected: "connected", reeve.Disconnected: "disconnected", reeve.Unseen: "unseen"}
	names     = []string{
		reeve.InHostname: "hostname", reeve.InNickname: "nickname", reeve.InMAC: "mac",
		reeve.InAddress: "address", reeve.InUser: "user", reeve.InID: "id",
	}
	orders = []string{reeve.ByRecord: "record", reeve.ByHostname: "hostname", reeve.ByLastSeen: "last_seen"}
)

// wordIn returns a parser of the words of a table.
func wordIn[T ~int8](table []string) func(string) (T, bool) {
	return func(word string) (T, bool) {
		i := slices.Index(table, word)
		return T(i), i >= 0
	}
}

// selection reads which devices a request is about.
func selection(p *params, account reeve.Account) reeve.DeviceQuery {
	q := reeve.DeviceQuery{
		GroupIDs: p.take("group"), Standings: words(p, "standing", reeve.ParseStanding),
		Kinds: words(p, "agent_kind", reeve.ParseAgentKind), Systems: words(p, "system", reeve.ParseSystem), Types: p.take("type"),
		Presence: words(p, "presence", wordIn[reeve.Presence](presences)),
		Search:   p.text("search"), In: words(p, "in", wordIn[reeve.DeviceName](names)),
		Now: time.Now(), UnseenAfter: time.Duration(control.Effective(account.Settings).UnseenAfterDays) * 24 * time.Hour,
	}
	switch exempt := p.text("exempt"); exempt {
	case "":
	case "true", "false":
		is := exempt == "true"
		q.Exempt = &is
		if q.Standings == nil { // it is said of managed devices only
			q.Standings = []reeve.Standing{reeve.Managed}
		}
	default:
		p.fail("exempt must be true or false")
	}
	return q
}

// devices lists the inventory. In the order of the records it goes by keys, as
// fast at the end of a fleet as at its beginning; in any other order the cursor
// is the number of a page.
func (a *api) devices(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	query, limit, cursor := selection(p, r.Account), p.limit(), p.text("cursor")
	order := p.text("sort")
	word, down := strings.CutPrefix(order, "-")
	if order != "" {
		var ok bool
		if query.Sort, ok = wordIn[reeve.DeviceSort](orders)(word); !ok {
			p.fail("sort must be one of %s, with - before it to turn it round", strings.Join(orders, ", "))
		}
	}
	if err := p.done(); err != nil {
		return err
	}
	if query.Desc = down; query.Sort != reeve.ByRecord || down {
		return a.sortedDevices(w, r, query, limit, order, cursor)
	}
	if err := door.ReadCursor("cursor", cursor, "devices", r.Caller.Account, &query.After); err != nil {
		return err
	}
	query.Limit = limit + 1
	devices, err := a.Store.Devices(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	return page(w, devices, limit, shapeDevice, func(last reeve.Device) string {
		return door.Cursor("devices", r.Caller.Account, last.No)
	})
}

func (a *api) sortedDevices(w http.ResponseWriter, r *door.Request, query reeve.DeviceQuery, limit int, order, cursor string) error {
	list, number := "devices by "+order, int64(1)
	if err := door.ReadCursor("cursor", cursor, list, r.Caller.Account, &number); err != nil {
		return err
	}
	if number < 1 || number > math.MaxInt32 {
		number = math.MaxInt32
	}
	query.Limit, query.Page = limit, int(number)
	devices, err := a.Store.Devices(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	out := client.List[client.Device]{Items: make([]client.Device, len(devices))}
	for i, d := range devices {
		out.Items[i] = shapeDevice(d)
	}
	if len(devices) == limit {
		out.Next = door.Cursor(list, r.Caller.Account, number+1)
	}
	return door.Write(w, http.StatusOK, out)
}
