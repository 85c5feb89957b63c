package seal

import (
	"encoding/binary"
	"errors"
	"time"
)

// A Header is what all commands of a job have in common. Together with a leaf
// it binds everything that an agent acts upon.
type Header struct {
	Account   int64     `json:"account"`
	Job       int64     `json:"job"`
	Action    string    `json:"action"`
	Params    []byte    `json:"params"` // a JSON object, as the bytes that are signed
	Issued    time.Time `json:"issued"` // all times in whole microseconds
	DeliverBy time.Time `json:"deliver_by"`
	FinishBy  time.Time `json:"finish_by"`
}

// encode returns the bytes that stand for h in a signature: every field has a
// fixed width or a length before it, so no two headers encode alike.
func (h Header) encode(leaves uint32, root Hash) []byte {
	b := append(make([]byte, 0, 160+len(h.Action)+len(h.Params)), "reeve job 1\n"...)
	for _, n := range []int64{h.Account, h.Job, h.Issued.UnixMicro(), h.DeliverBy.UnixMicro(), h.FinishBy.UnixMicro()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = appendBytes(b, []byte(h.Action))
	b = appendBytes(b, h.Params)
	b = binary.BigEndian.AppendUint32(b, leaves)
	return append(b, root[:]...)
}

func appendBytes(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}

// SignJob returns the signature over a job: its header, the number of its
// leaves and their root.
func (k Key) SignJob(h Header, leaves uint32, root Hash) []byte {
	return k.sign(h.encode(leaves, root))
}

// A Proof shows that a command belongs to a signed job.
type Proof struct {
	Leaf      uint32 `json:"leaf"`
	Leaves    uint32 `json:"leaves"`
	Path      []byte `json:"path"` // sibling hashes, leaf to root
	Signature []byte `json:"sig"`
	SealKey   []byte `json:"seal_key"` // certificate of the key that signed
}

// ErrForged says that an order does not come from the pinned server, or not to
// this device.
var ErrForged = errors.New("the seal does not fit the order")

// CheckJob reports whether the order with header h for the subject was signed
// by a key that root certified for the time of issue. Deadlines are the
// caller's to judge.
func (v *Verifier) CheckJob(h Header, subject []byte, p Proof) error {
	root, ok := climb(Leaf(p.Leaf, subject), p.Leaf, p.Leaves, p.Path)
	if !ok {
		return ErrForged
	}
	return v.check(p.SealKey, h.Issued, h.encode(p.Leaves, root), p.Signature)
}

// Now signs the server's time for one connection: the nonce is the agent's, so
// an old answer cannot be played again.
func (k Key) Now(at time.Time, nonce []byte) []byte { return k.sign(encodeNow(at, nonce)) }

// CheckNow reports whether a signed time answers the nonce.
func (v *Verifier) CheckNow(at time.Time, nonce, signature, sealKey []byte) error {
	return v.check(sealKey, at, encodeNow(at, nonce), signature)
}

func encodeNow(at time.Time, nonce []byte) []byte {
	b := append([]byte(nil), "reeve time 1\n"...)
	b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))
	return appendBytes(b, nonce)
}

// SignCancel signs that the commands of a job are called off.
func (k Key) SignCancel(job int64, at time.Time) []byte { return k.sign(encodeCancel(job, at)) }

// CheckCancel reports whether a job was called off by the server.
func (v *Verifier) CheckCancel(job int64, at time.Time, signature, sealKey []byte) error {
	return v.check(sealKey, at, encodeCancel(job, at), signature)
}

// SignPause signs that the commands of a job hold back, or go on.
func (k Key) SignPause(job int64, paused bool, at time.Time) []byte {
	return k.sign(encodePause(job, paused, at))
}

// CheckPause reports whether it was the server that said so.
func (v *Verifier) CheckPause(job int64, paused bool, at time.Time, signature, sealKey []byte) error {
	return v.check(sealKey, at, encodePause(job, paused, at), signature)
}

func encodePause(job int64, paused bool, at time.Time) []byte {
	if paused {
		return encodeWord("reeve pause 1\n", job, at)
	}
	return encodeWord("reeve resume 1\n", job, at)
}

func encodeCancel(job int64, at time.Time) []byte { return encodeWord("reeve cancel 1\n", job, at) }

// encodeWord writes what is said of a job as a whole.
func encodeWord(word string, job int64, at time.Time) []byte {
	b := append([]byte(nil), word...)
	b = binary.BigEndian.AppendUint64(b, uint64(job))
	return binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))
}
