package host

import (
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/act"
)

func TestFactsOnWindows(t *testing.T) {
	f := Open(folder(t)).Facts()
	if f.OSName != "Windows" || strings.Count(f.OSVersion, ".") != 2 || f.Memory < 64<<20 || f.LastReboot.IsZero() || time.Since(f.LastReboot) < 0 {
		t.Errorf("the system reads %+v", f)
	}
	if len(f.Disks) == 0 || f.Disks[0].Size <= 0 || f.Disks[0].Free > f.Disks[0].Size {
		t.Errorf("the disks read %+v", f.Disks)
	}
}

func TestVolumesOnWindows(t *testing.T) {
	volumes, err := Open(folder(t)).Volumes()
	if err != nil {
		t.Fatal(err)
	}
	systems := 0
	for _, v := range volumes {
		if v.Kind == act.SystemVolume {
			systems++
		}
	}
	if systems != 1 {
		t.Errorf("%d volumes hold the system: %+v", systems, volumes)
	}
}

// What is done quietly is done.
func TestQuietlyOnWindows(t *testing.T) {
	done := false
	Open(folder(t)).Quietly(func() { done = true })
	if !done {
		t.Error("nothing was done")
	}
}
