package scan

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Limits on body signatures. What is beyond them is a fault of the line.
const (
	// maxSpan is how many bytes of a file a signature may bind together without
	// an open gap, and so how much of a file must be at hand at once.
	maxSpan = 8 << 10

	// maxTail is how far before a file's end a signature may look for its place.
	maxTail = 64 << 10

	// maxHead is how far behind a file's beginning one may end that has too few
	// fixed bytes to be looked for elsewhere.
	maxHead = 64 << 10

	maxChoices = 256 // in one place of a signature
)

// A body is one line of an .ndb file: what bytes a file holds, and where
// (docs.clamav.net, "Signatures: body-based").
type body struct {
	name     uint32
	target   target
	place    place
	from, to int64 // where it may begin, by place
	elements []element
}

// A place says from where a body's from and to count.
type place uint8

const (
	anywhere place = iota
	fromStart
	fromEnd // backwards: from is the farther one
)

// An element is a step in a body.
type element struct {
	kind     kind
	min, max int32  // of a gap
	value    []byte // the bytes; of choices, each one byte of length and then its bytes
	mask     []byte // of masked bytes, which of their bits count
}

type kind uint8

const (
	literal kind = iota // these bytes
	masked              // these bytes, as far as the mask goes
	gap                 // any bytes, so many
	either              // one of these
	neither             // as many bytes as any of these has, and none of them
)

const open = math.MaxInt32 // the max of a gap without end

var (
	errBody      = errors.New("not of the form name:target:offset:hex")
	errTarget    = errors.New("the target type is none that can be told here")
	errOffset    = errors.New("the offset is none of *, n, n,shift, EOF-n and EOF-n,shift")
	errTailReach = fmt.Errorf("the offset is more than %d bytes before the end", maxTail)
	errOpenEnd   = errors.New("the offset counts from the end, and the signature has an open gap")
	errHex       = errors.New("the signature is not hexadecimal with wildcards, or nothing but those")
	errGap       = errors.New("a gap is none of *, {n}, {n-m}, {-n} and {n-}, or at an end")
	errChoice    = errors.New("a choice is not of the form (aa|bb), or one to be excluded has several lengths")
	errSpan      = fmt.Errorf("the signature binds more than %d bytes together", maxSpan)
	errAnchor    = errors.New("the signature has no two fixed bytes in a row to look for")
)

// parseBody reads one line, without its end. The result points into no memory
// of the caller's.
func parseBody(line []byte) (name []byte, b body, err error) {
	fields := bytes.Split(line, colon)
	if len(fields) < 4 || len(fields) > 6 {
		return nil, body{}, errBody
	}
	if !validName(fields[0]) {
		return nil, body{}, errName
	}
	for _, level := range fields[4:] { // only ClamAV heeds them
		if _, err := strconv.ParseUint(string(level), 10, 16); err != nil && len(level) > 0 {
			return nil, body{}, errLevel
		}
	}
	if b.target, err = targetOf(string(fields[1])); err != nil {
		return nil, body{}, err
	}
	if err = b.parseOffset(string(fields[2])); err != nil {
		return nil, body{}, err
	}
	if b.elements, err = parseElements(fields[3]); err != nil {
		return nil, body{}, err
	}
	return fields[0], b, nil
}

func (b *body) parseOffset(text string) error {
	if text == "*" {
		return nil
	}
	at, shift, shifted := cutOnce(text, ",")
	b.place = fromStart
	if rest, ok := bytes.CutPrefix([]byte(at), []byte("EOF-")); ok {
		at, b.place = string(rest), fromEnd
	}
	n, err := strconv.ParseUint(at, 10, 48)
	if err != nil {
		return errOffset
	}
	var width uint64
	if shifted {
		if width, err = strconv.ParseUint(shift, 10, 48); err != nil {
			return errOffset
		}
	}
	b.from, b.to = int64(n), int64(n+width)
	if b.place == fromEnd {
		b.to = int64(n - min(width, n))
		if n > maxTail {
			return errTailReach
		}
	}
	return nil
}

func cutOnce(s, sep string) (before, after string, found bool) {
	b, a, found := bytes.Cut([]byte(s), []byte(sep))
	return string(b), string(a), found
}

// parseElements reads the hexadecimal part of a line.
func parseElements(text []byte) ([]element, error) {
	var out []element
	for len(text) > 0 {
		var next element
		var err error
		switch text[0] {
		case '*':
			next, text = element{kind: gap, max: open}, text[1:]
		case '{':
			next, text, err = parseGap(text)
		case '(', '!':
			next, text, err = parseChoice(text)
		default:
			next, text, err = parseByte(text)
		}
		if err != nil {
			return nil, err
		}
		out = appendElement(out, next)
	}
	if !slices.ContainsFunc(out, func(e element) bool { return e.kind == literal }) {
		return nil, errHex
	}
	for _, end := range []element{out[0], out[len(out)-1]} {
		if end.kind == gap && end.max != end.min {
			return nil, errGap
		}
	}
	return out, nil
}

// appendElement appends an element, to the one before if both are of a kind.
func appendElement(out []element, e element) []element {
	if len(out) > 0 {
		last := &out[len(out)-1]
		switch {
		case last.kind != e.kind:
		case e.kind == gap:
			last.min = int32(min(int64(last.min)+int64(e.min), open))
			last.max = int32(min(int64(last.max)+int64(e.max), open))
			return out
		case e.kind == literal || e.kind == masked:
			last.value, last.mask = append(last.value, e.value...), append(last.mask, e.mask...)
			return out
		}
	}
	return append(out, e)
}

// parseByte reads two digits, each of which may be a question mark.
func parseByte(text []byte) (element, []byte, error) {
	if len(text) < 2 {
		return element{}, nil, errHex
	}
	var value, mask byte
	for _, c := range text[:2] {
		digit, known := hexDigit(c)
		if !known && c != '?' {
			return element{}, nil, errHex
		}
		value, mask = value<<4|digit, mask<<4
		if known {
			mask |= 0xf
		}
	}
	rest := text[2:]
	switch mask {
	case 0xff:
		return element{kind: literal, value: []byte{value}}, rest, nil
	case 0:
		return element{kind: gap, min: 1, max: 1}, rest, nil
	}
	return element{kind: masked, value: []byte{value}, mask: []byte{mask}}, rest, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func parseGap(text []byte) (element, []byte, error) {
	inner, rest, ok := bytes.Cut(text[1:], []byte("}"))
	if !ok || len(inner) == 0 || string(inner) == "-" {
		return element{}, nil, errGap
	}
	low, high, ranged := cutOnce(string(inner), "-")
	e := element{kind: gap, max: open}
	for _, bound := range []struct {
		text string
		to   *int32
	}{{low, &e.min}, {high, &e.max}} {
		if bound.text == "" {
			continue
		}
		n, err := strconv.ParseUint(bound.text, 10, 30)
		if err != nil {
			return element{}, nil, errGap
		}
		*bound.to = int32(n)
	}
	if !ranged {
		e.max = e.min
	}
	if e.max < e.min {
		return element{}, nil, errGap
	}
	return e, rest, nil
}

func parseChoice(text []byte) (element, []byte, error) {
	e := element{kind: either}
	if text[0] == '!' {
		e.kind, text = neither, text[1:]
	}
	if len(text) == 0 || text[0] != '(' {
		return element{}, nil, errChoice
	}
	inner, rest, ok := bytes.Cut(text[1:], []byte(")"))
	choices := bytes.Split(inner, []byte("|"))
	if !ok || len(choices) > maxChoices {
		return element{}, nil, errChoice
	}
	for _, choice := range choices {
		value, err := hex.DecodeString(string(choice))
		if err != nil || len(value) == 0 || len(value) > math.MaxUint8 ||
			e.kind == neither && len(choice) != len(choices[0]) {
			return element{}, nil, errChoice
		}
		e.value = append(append(e.value, byte(len(value))), value...)
	}
	return e, rest, nil
}

// choices calls yield with each choice until it returns false.
func (e *element) choices(yield func([]byte) bool) {
	for rest := e.value; len(rest) > 0; rest = rest[1+int(rest[0]):] {
		if !yield(rest[1 : 1+int(rest[0])]) {
			return
		}
	}
}

// lengths returns how many bytes an element matches.
func (e *element) lengths() (shortest, longest int) {
	switch e.kind {
	case gap:
		return int(e.min), int(e.max)
	case literal, masked:
		return len(e.value), len(e.value)
	}
	shortest = math.MaxUint8
	for choice := range e.choices {
		shortest, longest = min(shortest, len(choice)), max(longest, len(choice))
	}
	return shortest, longest
}

// spanOf returns how many bytes elements may cover.
func spanOf(elements []element) (span int) {
	for i := range elements {
		_, longest := elements[i].lengths()
		span += longest
	}
	return span
}
