//go:build race

package proof

// raceFlags build the programs as the tests themselves are built.
var raceFlags = []string{"-race"}
