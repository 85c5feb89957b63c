package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// micro is how times are stored: microseconds since 1970 UTC, 0 for the zero time.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// flag is how truths are stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// clean makes text that came from outside fit both databases: PostgreSQL takes
// neither NUL nor broken UTF-8.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// blob is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func keyColumn(k reeve.Key) any {
	if k == (reeve.Key{}) {
		return nil
	}
	return k[:]
}

func toKey(b []byte) (k reeve.Key) {
	copy(k[:], b)
	return k
}

func toHash(b []byte) (h [32]byte) {
	copy(h[:], b)
	return h
}

func joinScopes(scopes reeve.Scopes) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

func splitScopes(text string) reeve.Scopes {
	var scopes reeve.Scopes
	for word := range strings.FieldsSeq(text) {
		scopes = append(scopes, reeve.Scope(word))
	}
	return scopes
}

// encode returns v as JSON, "" for an empty value.
func encode[T any](v T, empty bool) (string, error) {
	if empty {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding a column: %w", err)
	}
	return string(text), nil
}

// decode reads what encode wrote.
func decode[T any](text string, into *T) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("decoding a column: %w", err)
	}
	return nil
}
