package host

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"reeve"
)

// What the kernel knows of the machines on a wire is what was talked with.
func TestNeighbours(t *testing.T) {
	w := newWire(t, 1)
	w.run("ip", "-n", w.client, "addr", "add", "192.0.2.9/26", "dev", "eth0")
	for _, entry := range []string{
		"192.0.2.10 lladdr 00:00:5e:00:53:01 nud reachable", "192.0.2.11 lladdr 00:00:5e:00:53:02 nud stale", "192.0.2.12 lladdr 00:00:5e:00:53:02 nud stale",
		"2001:db8::5 lladdr 00:00:5e:00:53:01 nud stale", "192.0.2.13 lladdr 00:00:5e:00:53:03 nud permanent", "192.0.2.14 nud failed",
	} {
		w.run(append([]string{"ip", "-n", w.client, "neigh", "replace", "dev", "eth0"}, strings.Fields(entry)...)...)
	}
	output := w.run("ip", "netns", "exec", w.client, "env", asNeighbour+"=1", os.Args[0])
	var seen []reeve.Sighting
	if err := json.Unmarshal([]byte(output), &seen); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	got := map[string][]string{}
	for _, s := range seen {
		got[s.MAC.String()] = s.Addresses
	}
	for mac, want := range map[string][]string{"00:00:5e:00:53:01": {"192.0.2.10", "2001:db8::5"}, "00:00:5e:00:53:02": {"192.0.2.11", "192.0.2.12"}} {
		if !slices.Equal(got[mac], want) {
			t.Errorf("%s at %v, want %v", mac, got[mac], want)
		}
	}
	if _, permanent := got["00:00:5e:00:53:03"]; permanent {
		t.Error("an entry that somebody made by hand counts as seen")
	}
}

// asNeighbour, in the environment, makes the test program print what it sees.
const asNeighbour = "REEVE_TEST_NEIGHBOURS"

func init() {
	if os.Getenv(asNeighbour) == "" {
		return
	}
	seen, err := Open(os.TempDir()).Neighbours()
	if err != nil {
		fmt.Println(err)
	}
	json.NewEncoder(os.Stdout).Encode(seen)
	os.Exit(0)
}
