package cmapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/trail"
)

// FuzzActionBody looks for a body that is decoded into something else than the
// standard library reads, or that makes an answer which is not JSON.
func FuzzActionBody(f *testing.F) {
	for _, seed := range []string{
		`{"types":"exempt","ids":["a","b"],"params":{"exempt_time":24}}`,
		`{"types":"scan_threats","macs":["00:0c:29:cd:c7:b2"],"params":{"full_scan":1},"reeve":{"dry_run":true,"comment":"c","deliver_within":60,"offline":"skip"}}`,
		`{"ids":[null,""],"ids":7}`, `{"types":"\ud800","ids":["\u0000"]}`, `[]`, `{`, `{"reeve":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			return // the door refuses it
		}
		request, err := decodeActionV3(deviceAction{}, actionInput{body: body})
		if err != nil {
			if reeve.KindOf(err) != reeve.Invalid {
				t.Fatalf("%v is not the caller's fault", err)
			}
			return
		}
		var plain map[string]json.RawMessage
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("took what is not a JSON object: %v", err)
		}
		for name, got := range map[string][]string{"ids": request.order.IDs, "macs": request.order.MACs} {
			var want []string
			if json.Unmarshal(plain[name], &want); !slices.Equal(got, want) {
				t.Fatalf("%s are %q, want %q", name, got, want)
			}
		}
		for _, v := range deviceActions {
			answer := actionAnswer{sent: request.sent, returns: true, reasons: request.order.DryRun}
			for i := range request.sent {
				answer.placement.Outcomes = append(answer.placement.Outcomes, control.Outcome{Status: int8(i%3) - 1, Leaf: int32(i)})
			}
			var out []struct{ ID string }
			if err := json.Unmarshal(v.encode(v, answer), &out); err != nil || len(out) != len(request.sent) {
				t.Fatalf("%s answers %d elements, %v", v.segment, len(out), err)
			}
			for i, one := range out {
				if one.ID != request.sent[i] {
					t.Fatalf("%s answers %q for %q", v.segment, one.ID, request.sent[i])
				}
			}
		}
	})
}

// FuzzOldActions looks for a body or a query of v2 that orders something else
// than it says, or something of a device that it does not name.
func FuzzOldActions(f *testing.F) {
	f.Add(`{"types":"exempt_all","MAC_list":["00:0c:29:cd:c7:b2"],"opt":0}`, "00:0c:29:cd:c7:b2", "types=dhcprenew")
	f.Add(`{"opt":2,"HWID_list":["a","b"],"reeve":{"dry_run":true}}`, "0CQN6GRVGU2F1", "opt=0&opt=1")
	f.Add(`{"opt":null,"HWID_list":null}`, "", "types=%00&opt=;")
	f.Fuzz(func(t *testing.T, body, value, query string) {
		if !utf8.ValidString(body) {
			return // the door refuses it
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			return // as r.URL.Query leaves out what it cannot read
		}
		for _, v := range deviceActionsV2 {
			request, err := v.decode(v, actionInput{value: value, query: values, body: []byte(body)})
			if err != nil {
				if reeve.KindOf(err) != reeve.Invalid {
					t.Fatalf("%v is not the caller's fault", err)
				}
				continue
			}
			order := request.order
			if definition, ok := action.Lookup(order.Action); !ok || !definition.OfferedIn(v.rules) {
				t.Fatalf("%s orders %q", v.path, order.Action)
			}
			if (order.IDs == nil) == (order.MACs == nil) || len(request.sent) == 0 {
				t.Fatalf("%s names devices in no way, or in two: %+v", v.path, order)
			}
			if v.inURL && !slices.Equal(request.sent, []string{value}) {
				t.Fatalf("%s acts on %q for %q", v.path, request.sent, value)
			}
			answer := actionAnswer{sent: request.sent, reasons: true, placement: control.Placement{Outcomes: make([]control.Outcome, len(request.sent))}}
			if out := v.encode(v, answer); !json.Valid(out) {
				t.Fatalf("%s answers %s", v.path, out)
			}
		}
	})
}

// FuzzScanReport looks for a result of an agent that breaks the report.
func FuzzScanReport(f *testing.F) {
	f.Add([]byte(`{"threats":[{"path":"=1"}],"areas":[{"roots":["/a"]}],"engines":[{}],"errors":[{}]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, result []byte) {
		var out countingWriter
		err := writeScanReport(&out, reeve.Job{Params: json.RawMessage("{}")}, reeve.Command{}, result)
		if json.Valid(result) && err == nil && out == 0 {
			t.Error("no report came out")
		}
	})
}

type countingWriter int

func (n *countingWriter) Write(b []byte) (int, error) {
	*n += countingWriter(len(b))
	return len(b), nil
}

// FuzzLogBody looks for a request that a version of Get Logs takes although it
// asks for too much, or refuses with an error that is not the caller's.
func FuzzLogBody(f *testing.F) {
	for _, seed := range []string{
		`{"start_date":"2026/01/01","end_date":"2026/12/31","age":5,"filter":["added"],"limit":50,"page":2}`,
		`{"event_category":"device","start_time":0,"end_time":253402300799000,"filter":{"events":["added"]}}`,
		`{"category":"admin","start_date":1,"end_date":"2026/12/31","limit":1}`, `{"event_category":"device","token":"AAAA"}`, `[]`,
	} {
		f.Add([]byte(seed), "limit=3&page=2&event_type=2")
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		if !utf8.Valid(body) {
			return // the door refuses it
		}
		for _, v := range logs {
			want := logRequest{Query: trail.Query{Limit: v.otherwise, Until: now}, page: 1}
			r := &door.Request{Request: &http.Request{URL: &url.URL{RawQuery: query}}}
			if err := v.read(v, r, body, &want); err != nil {
				if k := reeve.KindOf(err); k != reeve.Invalid && k != reeve.TooLarge {
					t.Fatalf("%s: %v is not the caller's fault", v.segment, err)
				}
				continue
			}
			bounded := want.Until.IsZero() || !want.Since.After(want.Until)
			if want.Limit < 1 || want.Limit > v.most || want.page < 1 || !bounded || len(want.Events) == 0 || want.Wanted == nil {
				t.Fatalf("%s takes %q, %q as %+v", v.segment, body, query, want)
			}
		}
	})
}
