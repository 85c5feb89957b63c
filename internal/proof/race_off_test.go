//go:build !race

package proof

var raceFlags []string
