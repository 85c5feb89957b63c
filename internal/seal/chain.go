package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// A Row is what the log's chain covers of one entry, field by field in a fixed
// order: the caller lists every column that must not change.
type Row struct {
	Numbers []int64
	Texts   []string
}

// Next returns the hash of a row that follows the row with hash prev.
func Next(prev Hash, r Row) Hash {
	b := append(make([]byte, 0, 512), "reeve log 1\n"...)
	b = append(b, prev[:]...)
	for _, n := range r.Numbers {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, t := range r.Texts {
		b = appendBytes(b, []byte(t))
	}
	return sha256.Sum256(b)
}

// A HeadKey marks the head of each log, so that rows cut off at its end are
// missed even between two checkpoints. It is kept outside the database.
type HeadKey []byte

// Mark returns the mark of a log that ends with row seq and its hash.
func (k HeadKey) Mark(account, seq int64, hash Hash) Hash {
	m := hmac.New(sha256.New, k)
	m.Write(encodePosition("reeve head 1\n", account, seq, hash))
	return Hash(m.Sum(nil))
}

// Holds reports, in constant time, whether mark fits the head.
func (k HeadKey) Holds(account, seq int64, hash, mark Hash) bool {
	want := k.Mark(account, seq, hash)
	return hmac.Equal(want[:], mark[:])
}

// Derive returns a key of 32 bytes for another purpose and what it is about.
func (k HeadKey) Derive(purpose string, about ...string) Hash {
	m := hmac.New(sha256.New, k)
	m.Write(appendBytes(nil, []byte(purpose)))
	for _, text := range about {
		m.Write(appendBytes(nil, []byte(text)))
	}
	return Hash(m.Sum(nil))
}

// SignCheckpoint signs how far a log had come at a time.
func (k Key) SignCheckpoint(account, seq int64, hash Hash, at time.Time) []byte {
	b := encodePosition("reeve checkpoint 1\n", account, seq, hash)
	return append(k.sign(binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))), k.certificate...)
}

// CheckCheckpoint reports whether a checkpoint was signed by the server.
func (v *Verifier) CheckCheckpoint(account, seq int64, hash Hash, at time.Time, signature []byte) error {
	if len(signature) < 64 {
		return ErrForged
	}
	b := encodePosition("reeve checkpoint 1\n", account, seq, hash)
	return v.check(signature[64:], at, binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro())), signature[:64])
}

func encodePosition(prefix string, account, seq int64, hash Hash) []byte {
	b := append(make([]byte, 0, 96), prefix...)
	b = binary.BigEndian.AppendUint64(b, uint64(account))
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	return append(b, hash[:]...)
}
