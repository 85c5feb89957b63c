package action

import (
	"strings"
	"testing"
)

// What comes back is said in one way.
func TestUnquarantineParams(t *testing.T) {
	digest := strings.Repeat("0a", 32)
	d, _ := Lookup("unquarantine")
	for params, want := range map[string]string{
		`{"quarantine":["abc"]}`:                           `{"quarantine":["abc"]}`,
		`{"which":"listed","quarantine":["abc"]}`:          `{"quarantine":["abc"]}`,
		`{"signature":"X"}`:                                `{"which":"signature","signature":"X"}`,
		`{"sha256":"` + digest + `"}`:                      `{"which":"sha256","sha256":"` + digest + `"}`,
		`{"which":"all"}`:                                  `{"which":"all"}`,
		`{}`:                                               "",
		`{"which":"all","signature":"X"}`:                  "",
		`{"which":"sha256","signature":"X"}`:               "",
		`{"quarantine":["abc"],"signature":"X"}`:           "",
		`{"quarantine":["../x"]}`:                          "",
		`{"which":"signature"}`:                            "",
		`{"which":"none"}`:                                 "",
		`{"which":1}`:                                      "",
		`{"signature":"` + strings.Repeat("x", 257) + `"}`: "",
	} {
		if got, err := d.Check([]byte(params)); string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %s %v, want %s", params, got, err, want)
		}
	}
}
