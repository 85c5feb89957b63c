package seal

import (
	"crypto/sha256"
	"encoding/binary"
)

// Hash is a SHA-256 digest.
type Hash = [sha256.Size]byte

// Leaves and inner nodes are hashed under different prefixes, so that neither
// can be passed off as the other.
const (
	leafPrefix = 0
	nodePrefix = 1
)

// Leaf hashes one command of a job: its index and its subject, which is the
// device's 32-byte public key for an order to an agent, else the 8 bytes that
// AppendNumber makes of the device's internal key.
func Leaf(index uint32, subject []byte) Hash {
	var b [1 + 4 + 32]byte
	b[0] = leafPrefix
	binary.BigEndian.PutUint32(b[1:], index)
	n := copy(b[5:], subject)
	return sha256.Sum256(b[:5+n])
}

// AppendNumber appends the subject of a leaf that binds a device without its
// agent.
func AppendNumber(b []byte, device int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(device))
}

func node(left, right *Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// A Tree is a Merkle tree over leaves. Where a level has an odd number of
// nodes the last one rises unchanged.
type Tree struct{ levels [][]Hash }

// NewTree builds the tree over leaves, which it keeps. The tree over no leaves
// has the zero root.
func NewTree(leaves []Hash) Tree {
	levels := [][]Hash{leaves}
	for len(leaves) > 1 {
		up := make([]Hash, (len(leaves)+1)/2)
		for i := range up {
			if 2*i+1 < len(leaves) {
				up[i] = node(&leaves[2*i], &leaves[2*i+1])
			} else {
				up[i] = leaves[2*i]
			}
		}
		levels, leaves = append(levels, up), up
	}
	return Tree{levels}
}

// Len returns the number of leaves.
func (t Tree) Len() int { return len(t.levels[0]) }

// Root returns the hash that stands for all leaves.
func (t Tree) Root() Hash {
	if t.Len() == 0 {
		return Hash{}
	}
	return t.levels[len(t.levels)-1][0]
}

// AppendPath appends the sibling hashes from leaf i to the root.
func (t Tree) AppendPath(path []byte, i int) []byte {
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := i ^ 1; sibling < len(level) {
			path = append(path, level[sibling][:]...)
		}
		i /= 2
	}
	return path
}

// climb returns the root that a leaf and its path lead to in a tree of n
// leaves, and whether the path has exactly the length it must have.
func climb(leaf Hash, i, n uint32, path []byte) (Hash, bool) {
	if i >= n {
		return Hash{}, false
	}
	for width := n; width > 1; width = (width + 1) / 2 {
		if sibling := i ^ 1; sibling < width {
			if len(path) < sha256.Size {
				return Hash{}, false
			}
			other := Hash(path[:sha256.Size])
			path = path[sha256.Size:]
			if i%2 == 0 {
				leaf = node(&leaf, &other)
			} else {
				leaf = node(&other, &leaf)
			}
		}
		i /= 2
	}
	return leaf, len(path) == 0
}
