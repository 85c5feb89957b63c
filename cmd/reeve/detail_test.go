package main

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for detail, want := range map[string]string{
		``:   "",
		`{}`: "",
		`{"action":"scan_threats","comment":"two words","orders":57,"refused":0,"note":"","gone":null,"none":[],"cli":false}`: `action=scan_threats comment="two words" orders=57`,
		`{"params":{"scan_types": [1, 4]},"root":"` + strings.Repeat("ab", 32) + `"}`:                                         `params={"scan_types":[1,4]} root=abababab`,
		`{"name":"a=b"}`: `name="a=b"`,
		`torn`:           "torn",
	} {
		if got := words([]byte(detail)); got != want {
			t.Errorf("%s is %q, want %q", detail, got, want)
		}
	}
}
