package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Killed between giving a lease back and asking for another, the agent starts
// the client again, once.
func TestMend(t *testing.T) {
	w := newWire(t, 1)
	w.serve(20, 30)
	w.manage("eth0")
	w.eventually("the client has a lease", func() bool { return len(w.addresses("eth0")) == 1 })
	args := w.arguments("eth0")
	r := released{"eth0", args[slices.Index(args, "dhclient")+1:]}
	note := func() {
		t.Helper()
		if err := Open(w.dir).noteReleased(r); err != nil {
			t.Fatal(err)
		}
	}
	w.killAll(w.client)
	w.run("ip", "-n", w.client, "addr", "flush", "dev", "eth0")
	note()
	for _, what := range []string{"left without", "there by now"} {
		w.mend()
		w.eventually("there is one client with a lease: "+what, func() bool {
			return len(w.clients()) == 1 && len(w.addresses("eth0")) == 1
		})
		if _, err := os.Lstat(filepath.Join(w.dir, releasedFile)); !os.IsNotExist(err) {
			t.Errorf("the note is still there: %v", err)
		}
		note()
	}
}
