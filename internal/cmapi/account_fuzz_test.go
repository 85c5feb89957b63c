package cmapi

import (
	"testing"

	"reeve"
)

// FuzzAccountBodies looks for a body that is refused for another reason than
// that it is wrong.
func FuzzAccountBodies(f *testing.F) {
	for _, seed := range []string{`{"score_type":"cvss3_score"}`, `{"sections":["cross-domain-api","regcode"]}`, `[]`, `{"sections":[null]}`, `{"score_type":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range accountDetails {
			if v.scores == nil {
				continue
			}
			if err := v.read(body); err != nil && reeve.KindOf(err) != reeve.Invalid {
				t.Fatalf("%v is not the caller's fault", err)
			}
		}
		for _, v := range accountConfigs {
			sections, err := v.read(body)
			if err != nil && reeve.KindOf(err) != reeve.Invalid {
				t.Fatalf("%v is not the caller's fault", err)
			}
			for _, name := range sections {
				if _, ok := v.sections[name]; !ok {
					t.Fatalf("took the section %q", name)
				}
			}
		}
	})
}

// FuzzGroupBody looks for a request whose page the store could not give.
func FuzzGroupBody(f *testing.F) {
	for _, seed := range []string{`{"limit":50,"page":1,"search":"a","sort":{"field":"group_name","order":"desc"}}`, `[]`, `{"sort":{}}`, `{"page":1e3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range groupLists {
			switch query, err := v.read(body); {
			case err != nil && reeve.KindOf(err) != reeve.Invalid && reeve.KindOf(err) != reeve.TooLarge:
				t.Fatalf("%v is not the caller's fault", err)
			case err == nil && (query.Limit < 1 || query.Limit > maxPaged || query.Page < 1 || query.Sort == ""):
				t.Fatalf("took %+v", query)
			}
		}
	})
}
