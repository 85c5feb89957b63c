package client

import (
	"bytes"
	"testing"
)

// However the answer comes in pieces, its last line is known.
func TestLastLine(t *testing.T) {
	const text = "one\ntwo\n{\"end\":true}\n"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		last := lastLine{to: &out}
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if _, err := last.Write(rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if string(last.line) != "{\"end\":true}\n" || out.String() != text {
			t.Errorf("in pieces of %d: %q, %q", size, last.line, out.String())
		}
	}
}
