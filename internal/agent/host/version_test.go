package host

import "testing"

func TestNewestVersion(t *testing.T) {
	for want, names := range map[string][]string{
		"":                  {"", "current", "4.x"},
		"4.18.24090.11-0":   {"4.18.2409.7-0", "4.18.24090.11-0", "4.9.99999.1-0", "latest"},
		"4.18.24090.11-0.1": {"4.18.24090.11-0", "4.18.24090.11-0.1"},
	} {
		if got := newestVersion(names); got != want {
			t.Errorf("of %q the newest is %q", names, got)
		}
	}
}
