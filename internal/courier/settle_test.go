package courier

import (
	"context"
	"sync/atomic"
	"testing"

	"reeve/internal/link"
	"reeve/internal/manifest"
)

// teller knows the digest of every device but 3, which is of another account
// than 1; it counts how often it is asked.
type teller struct {
	digest atomic.Pointer[string]
	asked  atomic.Int64
}

func (t *teller) Tell(_ context.Context, devices []int64) (out []manifest.Told, err error) {
	t.asked.Add(1)
	for _, d := range devices {
		if account := map[int64]int64{1: 1, 2: 2}[d]; account != 0 {
			out = append(out, manifest.Told{Device: d, Account: account, Digest: *t.digest.Load()})
		}
	}
	return out, nil
}

func TestSettings(t *testing.T) {
	told := &teller{}
	told.digest.Store(new("00"))
	b := lay(t, func(o *Options, _ *rhythm) { o.Settings = told })
	agents := []agent{b.device(1).connect(), b.device(2).connect(), b.device(3).connect()}
	for i, want := range []string{"00", "00", ""} {
		var w link.Welcome
		agents[i].say(link.VerbHello, agents[i].hello())
		agents[i].hear(link.VerbWelcome, &w)
		if got := w.Settings; (got != nil) != (want != "") || got != nil && (got.Digest != want || got.Within != 0) {
			t.Errorf("device %d is welcomed with the settings %+v", i+1, got)
		}
	}
	told.digest.Store(new("11"))
	before := told.asked.Load()
	b.Settled(1, nil)
	var n link.Notice
	if agents[0].hear(link.VerbSettle, &n); n.Digest != "11" || told.asked.Load() != before+1 {
		t.Errorf("told %+v after %d questions", n, told.asked.Load()-before)
	}
	b.Settled(2, []int64{1, 2, 3, 4})
	if agents[1].hear(link.VerbSettle, &n); n.Digest != "11" {
		t.Errorf("told %+v", n)
	}
	for _, a := range agents {
		a.silent()
	}
}
