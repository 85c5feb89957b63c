package courier

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"reeve"
	"reeve/internal/seal"
)

// letters keeps the letters of the jobs that were used last, so that a crowd
// that returns costs one look into the store per job.
type letters struct {
	store reeve.OrderStore

	loading sync.Mutex // one at a time: a load may need much memory
	mu      sync.Mutex
	known   map[reeve.JobID]*list.Element
	recent  *list.List // of namedLetter, the last used in front
	leaves  int
}

type namedLetter struct {
	job reeve.JobID
	*letter
}

// lettersKept bounds the leaves in memory, at 64 bytes or so each. The largest
// letter may exceed it, alone.
const lettersKept = 1 << 20

func newLetters(store reeve.OrderStore) *letters {
	return &letters{store: store, known: map[reeve.JobID]*list.Element{}, recent: list.New()}
}

// of returns the letter of a job.
func (l *letters) of(ctx context.Context, job reeve.JobID) (*letter, error) {
	if found := l.find(job); found != nil {
		return found, found.fault
	}
	l.loading.Lock()
	defer l.loading.Unlock()
	if found := l.find(job); found != nil {
		return found, found.fault
	}
	loaded, err := l.load(ctx, job)
	if err != nil {
		return nil, err
	}
	l.keep(job, loaded)
	return loaded, loaded.fault
}

func (l *letters) find(job reeve.JobID) *letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.known[job]
	if e == nil {
		return nil
	}
	l.recent.MoveToFront(e)
	return e.Value.(namedLetter).letter
}

func (l *letters) load(ctx context.Context, id reeve.JobID) (*letter, error) {
	job, subjects, err := l.store.Sealed(ctx, id)
	if err != nil {
		return nil, err
	}
	leaves := make([]seal.Hash, len(subjects))
	var number [8]byte
	for i, s := range subjects {
		if s.Key != (reeve.Key{}) {
			leaves[i] = seal.Leaf(uint32(i), s.Key[:])
		} else {
			leaves[i] = seal.Leaf(uint32(i), seal.AppendNumber(number[:0], s.Device))
		}
	}
	tree := seal.NewTree(leaves)
	if tree.Root() != job.Root {
		// It is kept all the same, so as not to be read for each device anew.
		return &letter{tree: tree, fault: errors.New("the commands of the job are not those that were sealed")}, nil
	}
	return newLetter(job, tree)
}

func (l *letters) keep(job reeve.JobID, kept *letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[job] != nil {
		return
	}
	l.known[job] = l.recent.PushFront(namedLetter{job, kept})
	l.leaves += kept.tree.Len()
	for l.leaves > lettersKept && l.recent.Len() > 1 {
		last := l.recent.Remove(l.recent.Back()).(namedLetter)
		delete(l.known, last.job)
		l.leaves -= last.tree.Len()
	}
}
