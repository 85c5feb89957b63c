package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// subjects are those of a job on n devices, every third of them without an
// order to its agent.
func subjects(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		if i%3 == 2 {
			out[i] = AppendNumber(nil, int64(i)+1)
			continue
		}
		key := sha256.Sum256(binary.BigEndian.AppendUint32(nil, uint32(i)))
		out[i] = key[:]
	}
	return out
}

func leavesOf(subjects [][]byte) []Hash {
	out := make([]Hash, len(subjects))
	for i, s := range subjects {
		out[i] = Leaf(uint32(i), s)
	}
	return out
}

func TestPaths(t *testing.T) {
	for n := 1; n <= 70; n++ {
		leaves := leavesOf(subjects(n))
		tree := NewTree(leaves)
		if tree.Len() != n {
			t.Fatalf("a tree over %d leaves has %d", n, tree.Len())
		}
		root, count := tree.Root(), uint32(n)
		leads := func(leaf Hash, i, n uint32, path []byte) bool {
			got, ok := climb(leaf, i, n, path)
			return ok && got == root
		}
		for i := range count {
			path := tree.AppendPath(nil, int(i))
			if !leads(leaves[i], i, count, path) {
				t.Fatalf("leaf %d of %d does not lead to the root", i, n)
			}
			for b := 0; b < len(path); b += 7 {
				path[b] ^= 1 << (b % 8)
				if leads(leaves[i], i, count, path) {
					t.Fatalf("leaf %d of %d: byte %d of the path does not matter", i, n, b)
				}
				path[b] ^= 1 << (b % 8)
			}
			for j := range count + 3 {
				if j != i && leads(leaves[i], j, count, path) {
					t.Fatalf("leaf %d of %d passes as leaf %d", i, n, j)
				}
				if j != i && j < count && leads(leaves[j], i, count, path) {
					t.Fatalf("leaf %d of %d passes in place of leaf %d", j, n, i)
				}
			}
			if len(path) > 0 && leads(leaves[i], i, count, path[:len(path)-1]) {
				t.Fatalf("leaf %d of %d: a path cut short passes", i, n)
			}
			if leads(leaves[i], i, count, append(path, 0)) || leads(leaves[i], i, count, append(path, root[:]...)) {
				t.Fatalf("leaf %d of %d: a path with more behind it passes", i, n)
			}
		}
	}
}

// A path does not always tell how many leaves there are, which is why the
// number is signed with the root.
func TestWrongCounts(t *testing.T) {
	subjects := subjects(70)
	key, v := testKey(t)
	for n := 1; n <= 70; n++ {
		tree := NewTree(leavesOf(subjects[:n]))
		sig := key.SignJob(testHeader, uint32(n), tree.Root())
		for _, i := range []int{0, n / 2, n - 1} {
			p := Proof{Leaf: uint32(i), Leaves: uint32(n), Path: tree.AppendPath(nil, i), Signature: sig, SealKey: key.Certificate()}
			if err := v.CheckJob(testHeader, subjects[i], p); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, n, err)
			}
			for wrong := range 140 {
				p.Leaves = uint32(wrong)
				if err := v.CheckJob(testHeader, subjects[i], p); wrong != n && err == nil {
					t.Fatalf("leaf %d of %d passes as one of %d", i, n, wrong)
				}
			}
		}
	}
}

func TestNoLeaves(t *testing.T) {
	tree := NewTree(nil)
	if tree.Len() != 0 || tree.Root() != (Hash{}) {
		t.Errorf("the tree over nothing has %d leaves and root %x", tree.Len(), tree.Root())
	}
	if _, ok := climb(Hash{}, 0, 0, nil); ok {
		t.Error("a leaf passes in a tree that has none")
	}
}

// An inner node is no leaf: who knows a job's hashes cannot make a subject
// that hashes to one of its nodes.
func TestLeavesAreNoNodes(t *testing.T) {
	leaves := leavesOf(subjects(4))
	tree := NewTree(leaves)
	left, right := tree.levels[1][0], tree.levels[1][1]

	var preimage [1 + 2*sha256.Size]byte
	preimage[0] = nodePrefix
	copy(preimage[1:], leaves[0][:])
	copy(preimage[1+sha256.Size:], leaves[1][:])
	if sha256.Sum256(preimage[:]) != left {
		t.Fatal("the test does not know how nodes are hashed")
	}
	// The same bytes, cut where a leaf has its index.
	index, subject := binary.BigEndian.Uint32(preimage[1:]), preimage[5:]
	if Leaf(index, subject) == left {
		t.Error("a leaf hashes to an inner node")
	}
	// Nodes hashed like leaves would let a tree of two pass for one of four.
	if root, ok := climb(left, 0, 2, right[:]); !ok || root != tree.Root() {
		t.Fatal("two nodes do not make the root")
	}
	for i := range uint32(4) {
		for _, subject := range [][]byte{left[:], right[:], leaves[i][:]} {
			if h := Leaf(i, subject); h == left || h == right || h == tree.Root() {
				t.Errorf("leaf %d over a hash of the tree is a hash of the tree", i)
			}
		}
	}
}

// A subject is a key of 32 bytes or a number of 8, so the two never hash alike.
func TestSubjectsDiffer(t *testing.T) {
	var key [32]byte
	number := AppendNumber(nil, 0)
	if len(number) != 8 || Leaf(0, key[:]) == Leaf(0, number) || Leaf(0, number) == Leaf(0, AppendNumber(nil, 1)) {
		t.Error("different subjects have one leaf")
	}
	if Leaf(0, key[:]) == Leaf(1, key[:]) {
		t.Error("a leaf does not depend on its index")
	}
	if got := AppendNumber([]byte("x"), 1<<40); !bytes.Equal(got, []byte("x\x00\x00\x01\x00\x00\x00\x00\x00")) {
		t.Errorf("AppendNumber = %q", got)
	}
}

const fleet = 100_000

func BenchmarkTree(b *testing.B) {
	subjects := subjects(fleet)
	b.ReportAllocs()
	for b.Loop() {
		NewTree(leavesOf(subjects))
	}
	perLeaf(b)
}

func BenchmarkPaths(b *testing.B) {
	tree := NewTree(leavesOf(subjects(fleet)))
	path := make([]byte, 0, 17*sha256.Size)
	b.ReportAllocs()
	for b.Loop() {
		for i := range fleet {
			path = tree.AppendPath(path[:0], i)
		}
	}
	perLeaf(b)
}

// One process with 100,000 simulated agents checks a job once and climbs for
// each of them.
func BenchmarkCheckJob(b *testing.B) {
	key, v := testKey(b)
	subjects := subjects(fleet)
	tree := NewTree(leavesOf(subjects))
	p := Proof{Leaves: fleet, Signature: key.SignJob(testHeader, fleet, tree.Root()), SealKey: key.Certificate()}
	b.ReportAllocs()
	for b.Loop() {
		for i := range fleet {
			p.Leaf, p.Path = uint32(i), tree.AppendPath(p.Path[:0], i)
			if err := v.CheckJob(testHeader, subjects[i], p); err != nil {
				b.Fatal(err)
			}
		}
	}
	perLeaf(b)
}

func perLeaf(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fleet, "ns/leaf")
}
