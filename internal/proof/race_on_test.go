//go:build race

package proof

// raceFlags build the programs as the Makefile builds the tests themselves: the
// race detector watches everything but what machines translated from C.
var raceFlags = []string{
	"-race",
	"-gcflags=modernc.org/sqlite/lib=-race=false",
	"-gcflags=modernc.org/libc/...=-race=false",
	"-gcflags=modernc.org/memory=-race=false",
}
