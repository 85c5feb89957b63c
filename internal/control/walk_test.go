package control

import (
	"testing"

	"reeve"
)

// fleet is a Placing that can be walked.
type fleet struct {
	reeve.Placing
	size int64
}

func (f fleet) Walk(_, after int64, limit int) ([]reeve.Target, error) {
	var part []reeve.Target
	for no := after + 1; no <= f.size && len(part) < limit; no++ {
		part = append(part, reeve.Target{No: no})
	}
	return part, nil
}

// A fleet is walked part by part, and no device is left out at the seams.
func TestWalk(t *testing.T) {
	for _, size := range []int64{0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2*chunk + 7} {
		var p placing
		if err := p.walk(fleet{size: size}); err != nil {
			t.Fatal(err)
		}
		if int64(len(p.targets)) != size || int64(p.out.Job.Entries) != size {
			t.Errorf("of %d devices %d are targets, %d entries", size, len(p.targets), p.out.Job.Entries)
		}
		for i, target := range p.targets {
			if target.No != int64(i)+1 {
				t.Fatalf("of %d devices target %d is device %d", size, i, target.No)
			}
		}
	}
}
