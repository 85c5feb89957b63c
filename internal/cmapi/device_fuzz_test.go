package cmapi

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"reeve"
)

// callersFault fails for an error that is neither a malformed request nor a page
// or list that is too large.
func callersFault(t *testing.T, err error) {
	t.Helper()
	if kind := reeve.KindOf(err); kind != reeve.Invalid && kind != reeve.TooLarge {
		t.Fatalf("%v is not the caller's fault", err)
	}
}

// FuzzDeviceFilter looks for a body of Get Devices whose query selects more than
// the body asks for.
func FuzzDeviceFilter(f *testing.F) {
	for _, seed := range []string{
		`{"filter":{"device_status":["exempted","unknown"],"os":"linux","agent_status":["unseen"],"group_id":["x"]},"limit":50,"page":2,"search":"a","sort":{"field":"last_seen","order":"desc"}}`,
		`{"filter":{"severity":["critical"],"cve_ids":[],"product_ids":[1]}}`, `{"filter":{"device_type":[null]}}`, `{"filter":[]}`, `{"sort":"x"}`, `[]`, ``,
		`{"filter":{"device_status":["compliant","non_compliant"],"agent_type":["guest"]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			return // the door refuses it
		}
		for _, v := range deviceFilters {
			query, some, err := v.read(body, someLens())
			if err != nil {
				callersFault(t, err)
				continue
			}
			if query.Limit < 1 || query.Limit > maxPaged || query.Page < 1 || slices.Contains(query.Standings, reeve.Archived) {
				t.Fatalf("%s reads %+v", v.segment, query)
			}
			var plain struct{ Filter map[string]json.RawMessage }
			if json.Unmarshal(body, &plain) != nil || !some {
				continue
			}
			for name, is := range map[string]bool{
				"device_status": len(query.Standings) > 0, "device_type": len(query.Types) > 0, "os": len(query.Systems) > 0,
				"agent_status": len(query.Presence) > 0, "agent_type": len(query.Kinds) > 0, "group_id": len(query.GroupIDs) > 0,
			} {
				var list []any
				json.Unmarshal(plain.Filter[name], &list)
				if len(list) > 0 && !is {
					t.Fatalf("%s passes %s by: %+v", v.segment, name, query)
				}
			}
		}
	})
}

// FuzzListsV2 looks for a body that names other devices than its lists do.
func FuzzListsV2(f *testing.F) {
	for _, seed := range []string{`{"opt":1,"HWID_list":["a"],"MAC_list":[]}`, `{"MAC_list":["00:0c:29:cd:c7:b2",null]}`, `{"opt":9}`, `{}`, `{"MAC_list":["a"],"HWID_list":["b"]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			return
		}
		by, names, err := readLists(body)
		if err != nil {
			callersFault(t, err)
			return
		}
		var plain map[string]json.RawMessage
		var want []string
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("took what is not a JSON object: %v", err)
		}
		json.Unmarshal(plain[map[naming]string{byMAC: "MAC_list", byID: "HWID_list"}[by]], &want)
		if len(names) == 0 || !slices.Equal(names, want) {
			t.Fatalf("reads %q by %d, want %q", names, by, want)
		}
	})
}

// FuzzWords looks for ids of Device Information that are read into others.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{`"a"`, `["a","b"]`, `[null]`, `null`, `7`, `[["a"]]`, `{"a":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got words
		if json.Unmarshal(body, &got) != nil {
			return
		}
		var one string
		var list []string
		if json.Unmarshal(body, &one) == nil && string(body) != "null" && one != "" {
			list = []string{one}
		} else {
			json.Unmarshal(body, &list)
		}
		if len(list) > 0 && !slices.Equal(got, list) {
			t.Fatalf("%s is read as %q", body, got)
		}
	})
}

// FuzzDeviceQueries looks for a query of the GET endpoints that gives a page or
// a period that cannot be.
func FuzzDeviceQueries(f *testing.F) {
	for _, seed := range []string{
		"limit=50&page=2&GroupBy=host&order=asc", "limit=51", "limit=x", "page=99999999999", "in=24&period=hour", "period=ytd",
		"start_date=20161001&end_date=20161101", "start_date=20161001", "in=2147483647&period=month", "opt=3&opt=1", "in=name,mac",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		if query, err := readPage(q, 1, maxPaged); err != nil {
			callersFault(t, err)
		} else if query.Limit < 1 || query.Limit > maxPaged || query.Page < 1 {
			t.Fatalf("%q is read as %+v", raw, query)
		}
		if from, until, err := readPeriod(q, now); err != nil {
			callersFault(t, err)
		} else if until.Before(from) {
			t.Fatalf("%q is from %v until %v", raw, from, until)
		}
		if by, err := optSSID.inQuery(q); err != nil {
			callersFault(t, err)
		} else if by == byCustomID {
			t.Fatalf("%q is by custom id", raw)
		}
	})
}
