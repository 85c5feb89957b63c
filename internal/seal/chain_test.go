package seal

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawRow(t *rapid.T) Row {
	return Row{
		Numbers: rapid.SliceOfN(rapid.Int64Range(-3, 3), 3, 3).Draw(t, "numbers"),
		Texts:   rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}`), 4, 4).Draw(t, "texts"),
	}
}

// Two rows of the same columns have one hash only if they are equal.
func TestNextTellsRowsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawRow(t), drawRow(t)
		same := true
		for i := range a.Numbers {
			same = same && a.Numbers[i] == b.Numbers[i]
		}
		for i := range a.Texts {
			same = same && a.Texts[i] == b.Texts[i]
		}
		if got := Next(Hash{}, a) == Next(Hash{}, b); got != same {
			t.Fatalf("%v and %v: one hash %v, equal %v", a, b, got, same)
		}
	})
}

// A byte that moves over the border between two columns changes the row.
func TestNextKeepsBorders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := drawRow(t)
		row.Texts[1] += "x"
		before := Next(Hash{}, row)
		text := row.Texts[1]
		row.Texts[1], row.Texts[2] = text[:len(text)-1], "x"+row.Texts[2]
		if Next(Hash{}, row) == before {
			t.Fatalf("the border between two texts is not covered: %q", row.Texts)
		}
	})
}

func TestNextCoversWhatWentBefore(t *testing.T) {
	row := Row{Numbers: []int64{1}, Texts: []string{"a"}}
	if Next(Hash{}, row) == Next(Hash{31: 1}, row) {
		t.Error("the hash of a row does not depend on the row before")
	}
}

func TestHeadMark(t *testing.T) {
	key, hash := HeadKey("a key from outside of the store"), Hash{1}
	mark := key.Mark(1, 10, hash)
	if !key.Holds(1, 10, hash, mark) {
		t.Fatal("a mark does not hold")
	}
	for what, holds := range map[string]bool{
		"another account": key.Holds(2, 10, hash, mark),
		"an earlier row":  key.Holds(1, 9, hash, mark),
		"another hash":    key.Holds(1, 10, Hash{2}, mark),
		"another mark":    key.Holds(1, 10, hash, Hash{}),
		"another key":     HeadKey("guess").Holds(1, 10, hash, mark),
		"no key":          HeadKey(nil).Holds(1, 10, hash, mark),
	} {
		if holds {
			t.Errorf("a mark holds for %s", what)
		}
	}
}

func TestCheckpoint(t *testing.T) {
	key, v := testKey(t)
	hash := Hash{1}
	sig := key.SignCheckpoint(1, 10, hash, issued)
	if err := v.CheckCheckpoint(1, 10, hash, issued, sig); err != nil {
		t.Fatalf("a checkpoint as it was signed: %v", err)
	}
	for what, err := range map[string]error{
		"another account": v.CheckCheckpoint(2, 10, hash, issued, sig),
		"an earlier row":  v.CheckCheckpoint(1, 9, hash, issued, sig),
		"another hash":    v.CheckCheckpoint(1, 10, Hash{2}, issued, sig),
		"another time":    v.CheckCheckpoint(1, 10, hash, issued.Add(time.Microsecond), sig),
		"no signature":    v.CheckCheckpoint(1, 10, hash, issued, nil),
		"no certificate":  v.CheckCheckpoint(1, 10, hash, issued, sig[:64]),
		"half of it":      v.CheckCheckpoint(1, 10, hash, issued, sig[:40]),
	} {
		if !refused(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for bit := range 8 * len(sig) {
		bad := bytes.Clone(sig)
		bad[bit/8] ^= 1 << (bit % 8)
		if v.CheckCheckpoint(1, 10, hash, issued, bad) == nil {
			t.Errorf("bit %d of a checkpoint's signature does not matter", bit)
		}
	}
}
