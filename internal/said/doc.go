// Package said reads what agents say: on the message bus and at their HTTPS
// door. It trusts nothing in it: sizes, words, numbers and texts are held to
// limits here, so that behind it everything fits into any database and on any
// page. It never decides who speaks; that follows from the connection.
//
// It may import the root words and internal/link.
package said

import (
	"strings"
	"unicode/utf8"
)

// MaxText is the longest single text of a Hello in bytes.
const MaxText = 256

// Line returns a text from an agent as one line of valid UTF-8 without control
// characters, of at most most bytes.
func Line(s string, most int) string {
	if !isLine(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\r' || r == '\t':
				return ' '
			case isControl(r):
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	}
	if len(s) > most {
		for most > 0 && !utf8.RuneStart(s[most]) {
			most--
		}
		s = s[:most]
	}
	return s
}

func isLine(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || isControl(r) {
			return false
		}
	}
	return true
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
