package courier

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

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
	fault      error // why the job cannot be sent
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

func encodePause(key seal.Key, p link.Pause) ([]byte, error) {
	p.Signature, p.SealKey = key.SignPause(p.Job, p.Paused, p.At), key.Certificate()
	return json.Marshal(p)
}

func encodeCancel(key seal.Key, c link.Cancel) ([]byte, error) {
	c.Signature, c.SealKey = key.SignCancel(c.Job, c.At), key.Certificate()
	return json.Marshal(c)
}
