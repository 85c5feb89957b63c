package courier

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/link"
)

// What an agent saw is its own word, whatever the message says, and no agent has
// more to say than a few messages at a time.
func TestSightings(t *testing.T) {
	found := make(chan reeve.Found, 1000)
	b := lay(t, func(o *Options, r *rhythm) {
		r.presence = time.Hour
		o.Discover = func(_ context.Context, batch []reeve.Found) error {
			for _, f := range batch {
				found <- f
			}
			return nil
		}
	})
	a := b.device(7).connect()
	saw := func(message string) {
		if err := a.conn.Publish(link.Subject(a.address, link.VerbSaw), []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	one := func(n int) string {
		return fmt.Sprintf(`{"machines":[{"source":"neighbour","mac":"00:00:5e:00:53:%02x","device":9}]}`, n)
	}
	saw("garbage")
	saw(`{"machines":[]}`)
	for n := range quotaSightings + 5 {
		saw(one(n))
	}
	if err := a.conn.Publish(link.Subject(link.Address(8), link.VerbSaw), []byte(one(99))); err != nil {
		t.Fatal(err)
	}
	if err := a.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	for n := range quotaSightings - 2 { // the two others counted too
		select {
		case f := <-found:
			if f.Device != 7 || len(f.Sightings) != 1 || f.Sightings[0].MAC != reeve.MAC(0x00005e005300+n) {
				t.Errorf("message %d: %+v", n, f)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("message %d never came", n)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	b.logMu.Lock()
	defer b.logMu.Unlock()
	if len(found) != 0 || !strings.Contains(b.log.String(), "says too much") {
		t.Errorf("%d more messages were heard; the log is %s", len(found), b.log)
	}
}
