package scan

import (
	"os"
	"time"
)

// A RootExaminer is an [Examination] that goes over trees by itself, in front
// of a program that takes nothing else. Examine then answers without a look.
type RootExaminer interface {
	// ExamineRoot looks at everything below path before it returns. The error
	// is why it did not look at all of it.
	ExamineRoot(path string) ([]Located, error)
}

// Located is a finding in a file that the pass did not show.
type Located struct {
	Path string
	Finding
}

// beside has the engines that go over trees by themselves look at a root that
// the pass is through with.
func (p *pass) beside(root Root) {
	if root.Files != nil || root.Processes != nil {
		return // it is no tree
	}
	for i, part := range p.parts {
		examiner, ok := part.Examination.(RootExaminer)
		if !ok || p.root.Stopped != nil {
			continue
		}
		if p.root.Skipped[Refused] > 0 { // it could not be kept from what is not allowed
			p.hear(i, p.root, root.Path, Verdict{Missed: []Miss{{Reason: Refused}}})
			continue
		}
		found, err := p.await(func() ([]Located, error) { return examiner.ExamineRoot(root.Path) })
		if err != nil {
			p.hear(i, p.root, root.Path, Failed(err))
		}
		for _, f := range found {
			p.locate(part.Name, f)
		}
	}
}

// await waits for a look at a root and tells progress meanwhile.
func (p *pass) await(look func() ([]Located, error)) (found []Located, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		found, err = look()
	}()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return found, err
		case <-tick.C:
			p.tell()
		}
	}
}

// locate enters a threat in a file that only the engine opened: it may be out
// of reach by now, and has no digests here.
func (p *pass) locate(engine string, f Located) {
	p.root.Counts.Threats++
	if len(p.result.Threats) == MaxThreats {
		return
	}
	threat := Threat{Path: f.Path, Within: f.Within, Signature: f.Signature, Engine: engine, Size: -1}
	if info, err := os.Lstat(f.Path); err == nil {
		threat.Size = info.Size()
	}
	p.result.Threats = append(p.result.Threats, threat)
}
