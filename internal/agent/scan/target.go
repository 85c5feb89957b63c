package scan

import "bytes"

// A target is the type of file that a body signature is for, as a bit.
type target uint16

const anyTarget target = 1 << 0

// targets are the types of ClamAV's table that the first bytes tell. The rest
// needs texts made uniform, mails taken apart or pictures read, which this
// engine does not do: signatures for them would never match.
var targets = map[string]struct {
	bit target
	is  func(head []byte) bool
}{
	"0":  {anyTarget, func([]byte) bool { return true }},
	"1":  {1 << 1, begins("MZ")},                               // Windows programs
	"2":  {1 << 2, begins("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")}, // OLE2: old office documents, installers
	"6":  {1 << 6, begins("\x7fELF")},
	"9":  {1 << 9, begins("\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe")}, // Mach-O
	"10": {1 << 10, func(head []byte) bool { return bytes.Contains(head, []byte("%PDF-")) }},
	"12": {1 << 12, begins("\xca\xfe\xba\xbe")}, // Java classes
}

// headBytes is how much of a file tells its type.
const headBytes = 1024

func begins(with ...string) func([]byte) bool {
	return func(head []byte) bool {
		for _, magic := range with {
			if bytes.HasPrefix(head, []byte(magic)) {
				return true
			}
		}
		return false
	}
}

func targetOf(text string) (target, error) {
	t, ok := targets[text]
	if !ok {
		return 0, errTarget
	}
	return t.bit, nil
}

// targetsOf returns every type that a file with this beginning is.
func targetsOf(head []byte) (all target) {
	head = head[:min(len(head), headBytes)]
	for _, t := range targets {
		if t.is(head) {
			all |= t.bit
		}
	}
	return all
}
