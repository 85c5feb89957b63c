package host

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// What the program does not use is given back, and comes again when it is.
func TestRest(t *testing.T) {
	if _, err := regexp.Compile(`(a|b)*c`); err != nil { // code that is mapped now
		t.Fatal(err)
	}
	before := mapped(t)
	Rest()
	if after := mapped(t); after > before*3/4 {
		t.Errorf("%d kB of files were mapped, and %d after a rest", before, after)
	}
	if !regexp.MustCompile(`(a|b)*c`).MatchString("abc") {
		t.Error("the program is not what it was")
	}
}

// mapped returns how much of files this process has in memory, in kilobytes.
func mapped(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatal("the kernel does not tell RssFile")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
