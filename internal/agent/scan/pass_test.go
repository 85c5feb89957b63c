package scan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// A stub is an engine that keeps the files it is shown until somebody lets it
// answer.
type stub struct {
	name   string
	absent error
	judge  func(f *File) Verdict
	enough int // files that it waits for before it answers; 0 answers at once

	mu      sync.Mutex
	waiting []func()
	most    int // files that it had at a time
	closed  bool
}

func (s *stub) Name() string { return s.name }

func (s *stub) Open(context.Context) (Examination, error) {
	if s.absent != nil {
		return nil, s.absent
	}
	return s, nil
}

func (s *stub) Describe() Description {
	return Description{Version: "v", Signatures: Signatures{Count: 7}}
}

func (s *stub) Examine(f *File, done func(Verdict)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, func() { done(s.judge(f)) })
	s.most = max(s.most, len(s.waiting))
	if len(s.waiting) >= s.enough {
		for _, answer := range s.waiting {
			go answer()
		}
		s.waiting = nil
	}
}

func (s *stub) Close() { s.closed = true }

func TestEnginesShareOnePass(t *testing.T) {
	files := map[string]string{"sample": eicar}
	for i := range 2*maxHeld - 1 {
		files[fmt.Sprintf("%03d", i)] = "x"
	}
	dir := tree(t, files)
	content := func(f *File) string {
		text := make([]byte, f.Size)
		f.ReadAt(text, 0)
		return string(text)
	}
	slow := &stub{name: "slow", enough: maxHeld, judge: func(f *File) Verdict {
		if content(f) == eicar {
			return Verdict{Findings: []Finding{{Signature: "One"}, {Signature: "Two", Within: "entry"}}, Read: 68}
		}
		return Verdict{}
	}}
	choosy := &stub{name: "choosy", judge: func(f *File) Verdict {
		if strings.HasSuffix(f.Path, "7") {
			return Failed(errors.New("no sevens"))
		}
		return Verdict{}
	}}
	absent := &stub{name: "absent", absent: errors.New("it is not installed")}
	r := Scan(t.Context(), []Engine{slow, absent, choosy, BuiltIn(nil, nil)}, []Root{{Path: dir}}, Options{}, nil)

	if got, want := threats(r), []string{"sample Eicar-Test-Signature", "sample One", "sample Two"}; !reflect.DeepEqual(got, want) {
		t.Errorf("threats %q, want %q", got, want)
	}
	for _, threat := range r.Threats {
		if threat.SHA256 != eicarDigest || threat.Size != eicarBytes || threat.Path != filepath.Join(dir, "sample") {
			t.Errorf("threat %+v", threat)
		}
	}
	sevens := int64(0)
	for name := range files {
		if strings.HasSuffix(name, "7") {
			sevens++
		}
	}
	if r.Counts.Files != 2*maxHeld || r.Counts.Missed != sevens || r.Roots[0].Missed[Lack{"choosy", Unjudged}] != sevens {
		t.Errorf("counts %+v, missed %v, want %d files and %d missed", r.Counts, r.Roots[0].Missed, 2*maxHeld, sevens)
	}
	if f := r.Errors[0]; f.Engine != "choosy" || f.Reason != Unjudged || f.Error != "no sevens" || !strings.HasSuffix(f.Path, "7") {
		t.Errorf("described as %+v", f)
	}
	if e := r.Engines; e[1].Unavailable == nil || e[1].Judged != 0 || e[0].Judged != 2*maxHeld || e[2].Missed[Unjudged] != sevens || e[0].Signatures.Count != 7 {
		t.Errorf("engines %+v", e)
	}
	if slow.most != maxHeld || !slow.closed || !choosy.closed {
		t.Errorf("slow held %d files, want %d; closed: %v, %v", slow.most, maxHeld, slow.closed, choosy.closed)
	}
}

func TestWithoutAnEngineNothingIsScanned(t *testing.T) {
	absent := &stub{name: "absent", absent: errors.New("it is not installed")}
	r := Scan(t.Context(), []Engine{absent}, []Root{{Path: t.TempDir()}}, Options{}, nil)
	if r.Roots[0].Stopped != errNoEngine || r.Counts != (Counts{}) {
		t.Errorf("got %+v", r)
	}
}

// A fault of the engine costs one file, not the agent.
func TestFaultOfTheEngine(t *testing.T) {
	x := &examination{} // without signatures it cannot but fail
	if v := guarded(func() Verdict { return x.file(&File{}) }); len(v.Missed) != 1 || v.Missed[0].Reason != Unjudged {
		t.Errorf("got %+v", v)
	}
}
