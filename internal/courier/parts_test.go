package courier

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
	"reeve/internal/seal"
)

func TestSilenceIsAbsence(t *testing.T) {
	p := newPresence(newShelf(), time.Minute)
	start := time.Now()
	p.admit(1, connection{"s", 1}, "", false, start)
	p.arrive(1, start)
	p.admit(2, connection{"s", 2}, "", true, start)
	p.arrive(2, start)
	if err := p.flush(t.Context(), start.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if p.has(1) || !p.has(2) {
		t.Error("a device without beats is here, or one that may not beat is away")
	}
}

// A device that left while its Hello was being stored must not stay online.
func TestLeavingDuringMeet(t *testing.T) {
	s := newShelf()
	p := newPresence(s, time.Minute)
	now := time.Now()
	p.admit(1, connection{"s", 1}, "", false, now)
	p.arrive(1, now)
	p.end(1, connection{"s", 1})
	if err := p.flush(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if err := p.meet(t.Context(), now, []reeve.Meeting{{Device: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := p.flush(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if s.online[1] {
		t.Error("the device is online for ever")
	}
}

// An order that is written by appending is what encoding/json would write.
func TestLettersAreJSON(t *testing.T) {
	b := lay(t, nil)
	for _, size := range []int{1, 2, 3, 7, 100} {
		agents := make([]agent, size)
		for i := range agents {
			agents[i] = b.device(int64(i + 1))
		}
		job := b.place("scan_threats", agents...)
		l, err := newLetter(job.Job, job.Tree)
		if err != nil {
			t.Fatal(err)
		}
		var path []byte
		for leaf := range size {
			want, _ := json.Marshal(link.Order{Header: control.Header(job.Job), Proof: seal.Proof{
				Leaf: uint32(leaf), Leaves: uint32(size), Path: job.Tree.AppendPath([]byte{}, leaf),
				Signature: job.Job.Signature, SealKey: job.Job.SealKey,
			}})
			if got := l.appendOrder(nil, int32(leaf), &path); string(got) != string(want) {
				t.Fatalf("leaf %d of %d:\n%s\nwant\n%s", leaf, size, got, want)
			}
		}
	}
	ids := []reeve.CommandID{{Job: 1 << 62, Leaf: 7}, {Job: 255, Leaf: 1 << 30}}
	want, _ := json.Marshal(link.Ack{Commands: []string{ids[0].String(), ids[1].String()}})
	if got := appendAck(nil, ids); string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLettersForgetTheOldest(t *testing.T) {
	l := newLetters(newShelf())
	tree := seal.NewTree(make([]seal.Hash, lettersKept/2))
	for job := range reeve.JobID(3) {
		l.keep(job+1, &letter{tree: tree})
		l.find(1)
	}
	for job, kept := range map[reeve.JobID]bool{1: true, 2: false, 3: true} {
		if (l.find(job) != nil) != kept {
			t.Errorf("job %d: kept is not %v", job, kept)
		}
	}
	l.keep(4, &letter{tree: seal.NewTree(make([]seal.Hash, lettersKept+1))})
	if l.find(4) == nil || l.find(1) != nil {
		t.Error("a job larger than all the room must be kept alone")
	}
}

// An agent that answers at once makes it needless to store that it was sent to.
func TestLedger(t *testing.T) {
	s := newShelf()
	s.jobs[1] = &shelved{states: make([]reeve.State, 10)}
	l := newLedger(s)
	sent := func(leaves ...int32) {
		for _, leaf := range leaves {
			l.sent([]reeve.Order{{ID: reeve.CommandID{Job: 1, Leaf: leaf}}})
		}
	}
	sent(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	flush := func(all bool, want int) {
		t.Helper()
		if err := l.flush(t.Context(), time.Now(), all); err != nil {
			t.Fatal(err)
		}
		if s.sents != want {
			t.Errorf("%d stored, want %d", s.sents, want)
		}
	}
	flush(false, 0) // too fresh
	l.answered([]reeve.Report{{ID: reeve.CommandID{Job: 1, Leaf: 3}}})
	flush(false, 9)
	if l.has(reeve.CommandID{Job: 1, Leaf: 1}) {
		t.Error("what is stored is still in the ledger")
	}
	sent(1)
	flush(true, 10)

	s.setDown(fmt.Errorf("down"))
	sent(2)
	if err := l.flush(t.Context(), time.Now(), true); err == nil {
		t.Error("no error from a store that is down")
	}
	s.setDown(nil)
	flush(false, 11)
}
