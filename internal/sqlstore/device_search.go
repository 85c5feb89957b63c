package sqlstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"reeve"
)

// A search is what a query looks for in which names. The text itself is in
// columns of device_names; addresses of hardware and ids have other indexes.
type search struct {
	account int64
	wanted  string // in lower case; empty for no search
	exact   string
	in      []reeve.DeviceName
}

// searchColumns are the columns of device_names that are searched for a part.
var searchColumns = map[reeve.DeviceName]string{
	reeve.InHostname: "folded", reeve.InNickname: "nick", reeve.InUser: "users", reeve.InAddress: "addresses",
}

func searchFor(account int64, q reeve.DeviceQuery) search {
	s := search{account: account, wanted: fold(clean(q.Search)), exact: clean(q.Search), in: q.In}
	if len(s.in) == 0 {
		s.in = []reeve.DeviceName{reeve.InHostname}
	}
	return s
}

// columns are those to search, in a fixed order.
func (s search) columns() (columns []string) {
	for name := range reeve.NumDeviceNames {
		if column := searchColumns[name]; column != "" && slices.Contains(s.in, name) {
			columns = append(columns, column)
		}
	}
	return columns
}

// macs are the hardware addresses that begin as the search says.
func (s search) macs() (from, to int64, ok bool) {
	digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(s.wanted)
	if !slices.Contains(s.in, reeve.InMAC) || len(digits) == 0 || len(digits) > 12 {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 48)
	rest := 4 * (12 - len(digits))
	return int64(n) << rest, int64(n+1)<<rest - 1, err == nil
}

// ids are the device ids that begin as the search says.
func (s search) ids() (from, to string, ok bool) {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' }
	ok = slices.Contains(s.in, reeve.InID) && len(s.wanted) <= 32 && !strings.ContainsFunc(s.wanted, func(r rune) bool { return !isDigit(r) })
	return s.wanted, s.wanted + "g", ok
}

// like says of a row of device_names that one of the columns has the text.
func (s search) like(b *binder, row string) string {
	pattern := b.put("%" + likeEscaper.Replace(s.wanted) + "%")
	var ways []string
	for _, column := range s.columns() {
		ways = append(ways, row+"."+column+" LIKE "+pattern+" ESCAPE '!'")
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// condition says of the device d that one of its names is meant.
func (s search) condition(b *binder) string {
	ways := []string{}
	if len(s.columns()) > 0 {
		ways = append(ways, "EXISTS (SELECT 1 FROM device_names AS x WHERE x.device = d.no AND "+s.like(b, "x")+oneByOne+")")
	}
	if from, to, ok := s.macs(); ok {
		ways = append(ways, "EXISTS (SELECT 1 FROM macs AS x WHERE x.device = d.no AND x.mac BETWEEN "+b.put(from)+" AND "+b.put(to)+oneByOne+")")
	}
	if from, to, ok := s.ids(); ok {
		ways = append(ways, "d.id >= "+b.put(from)+" AND d.id < "+b.put(to))
	}
	if slices.Contains(s.in, reeve.InID) {
		ways = append(ways, "EXISTS (SELECT 1 FROM device_names AS x WHERE x.device = d.no AND x.custom_id = "+b.put(s.exact)+oneByOne+")")
	}
	if len(ways) == 0 {
		return "FALSE"
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

// shortest is how many letters an index over parts of words needs. Shorter
// searches, which nearly every name answers, meet devices by record.
const shortest = 3

// searchStreams are the streams in which the search finds something; nil if
// devices have to be met otherwise.
func (f *finder) searchStreams(ctx context.Context) ([]stream, error) {
	s, streams := f.search, []stream{}
	if utf8.RuneCountInString(s.wanted) < shortest {
		return nil, nil
	}
	if columns := s.columns(); len(columns) > 0 {
		streams = append(streams, f.db.searched(s))
	}
	if from, to, ok := s.macs(); ok {
		owners := stream{from: "macs AS t", no: "t.device", grants: bySearch, own: func(b *binder) string {
			return "t.account = " + b.put(s.account) + " AND t.mac BETWEEN " + b.put(from) + " AND " + b.put(to)
		}}
		// The devices of one vendor are no small part of a fleet.
		if n, err := f.count(ctx, owners, fewEnough); err != nil || n == fewEnough {
			return nil, err
		}
		streams = append(streams, owners)
	}
	if from, to, ok := s.ids(); ok {
		streams = append(streams, stream{from: "devices AS d", no: "d.no", grants: bySearch, own: func(b *binder) string {
			return f.db.beside("d.account") + " = " + b.put(s.account) + " AND d.id >= " + b.put(from) + " AND d.id < " + b.put(to)
		}})
	}
	if slices.Contains(s.in, reeve.InID) {
		streams = append(streams, stream{from: "device_names AS t", no: "t.device", grants: bySearch, own: func(b *binder) string {
			return "t.account = " + b.put(s.account) + " AND t.custom_id = " + b.put(s.exact) + " AND t.custom_id <> ''"
		}})
	}
	return streams, nil
}

// asIs asks a database with plans for the arguments at hand.
type asIs struct{ database }

func (q asIs) query(ctx context.Context, text string, args ...any) (rows, error) {
	return q.queryAsIs(ctx, text, args...)
}
