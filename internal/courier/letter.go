package courier

import (
	"container/list"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A letter writes the orders of one job. What they have in common is encoded
// once; an order adds its leaf and its path.
type letter struct {
	head, tail []byte
	tree       seal.Tree
}

func newLetter(job reeve.Job, tree seal.Tree) (*letter, error) {
	header, err := json.Marshal(control.Header(job))
	if err != nil {
		return nil, fmt.Errorf("encoding the header of job %s: %w", job.ID, err)
	}
	tail := append([]byte(`","sig":"`), base64.StdEncoding.EncodeToString(job.Signature)...)
	tail = append(tail, `","seal_key":"`...)
	tail = append(tail, base64.StdEncoding.EncodeToString(job.SealKey)...)
	return &letter{
		head: append(append([]byte(`{"header":`), header...), `,"proof":{"leaf":`...),
		tail: append(tail, `"}}`...),
		tree: tree,
	}, nil
}

// appendOrder appends a link.Order as JSON. Path is room for a proof's path.
func (l *letter) appendOrder(b []byte, leaf int32, path *[]byte) []byte {
	b = append(b, l.head...)
	b = strconv.AppendInt(b, int64(leaf), 10)
	b = append(b, `,"leaves":`...)
	b = strconv.AppendInt(b, int64(l.tree.Len()), 10)
	b = append(b, `,"path":"`...)
	*path = l.tree.AppendPath((*path)[:0], int(leaf))
	b = base64.StdEncoding.AppendEncode(b, *path)
	return append(b, l.tail...)
}

// appendAck appends a link.Ack as JSON.
func appendAck(b []byte, commands []reeve.CommandID) []byte {
	b = append(b, `{"commands":[`...)
	for i, id := range commands {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = appendID(b, id)
		b = append(b, '"')
	}
	return append(b, `]}`...)
}

// appendID appends the public form of a command's id.
func appendID(b []byte, id reeve.CommandID) []byte {
	var raw [12]byte
	for i := range 8 {
		raw[i] = byte(uint64(id.Job) >> (56 - 8*i))
	}
	for i := range 4 {
		raw[8+i] = byte(uint32(id.Leaf) >> (24 - 8*i))
	}
	return hex.AppendEncode(b, raw[:])
}

func encodeCancel(key seal.Key, c link.Cancel) ([]byte, error) {
	c.Signature, c.SealKey = key.SignCancel(c.Job, c.At), key.Certificate()
	return json.Marshal(c)
}

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
		return found, nil
	}
	l.loading.Lock()
	defer l.loading.Unlock()
	if found := l.find(job); found != nil {
		return found, nil
	}
	loaded, err := l.load(ctx, job)
	if err == nil {
		l.keep(job, loaded)
	}
	return loaded, err
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
		return nil, fmt.Errorf("the commands of job %s are not those that were sealed", id)
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
