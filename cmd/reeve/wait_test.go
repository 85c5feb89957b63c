package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"reeve/client"
)

func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		job := client.Job{Action: "exempt", Targets: 60, Open: 60}
		tell := progressLines(&out, job)
		for _, step := range []struct {
			after time.Duration
			open  int64
		}{
			{0, 60}, {time.Second, 50}, {4 * time.Second, 40}, {time.Second, 30}, {time.Minute, 30}, {time.Minute, 30}, {time.Minute, 0},
		} {
			time.Sleep(step.after) // of the bubble's clock: nobody waits
			job.Open = step.open
			tell(job)
		}
		if want := "exempt 20 of 60\nexempt 30 of 60\n"; out.String() != want {
			t.Errorf("told %q, want %q", out.String(), want)
		}
	})
}
