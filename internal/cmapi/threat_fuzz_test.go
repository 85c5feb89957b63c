package cmapi

import (
	"encoding/json"
	"testing"

	"reeve"
)

// FuzzThreats looks for a body that asks for a device it does not name.
func FuzzThreats(f *testing.F) {
	f.Add([]byte(`{"id":"00:0c:29:cd:c7:b2","verbose":{"antimalware_scan":0}}`))
	f.Add([]byte(`{"id":null,"verbose":{"antimalware_scan":1e0,"x":[]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		id, wanted, err := readThreats(body)
		if err != nil {
			if reeve.KindOf(err) != reeve.Invalid {
				t.Fatalf("%v is not the caller's fault", err)
			}
			return
		}
		var plain map[string]any
		if json.Unmarshal(body, &plain); plain["id"] != id || len(wanted) != 2 {
			t.Fatalf("took %q and %v from %s", id, wanted, body)
		}
	})
}
