package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// markBytes is how much of its code a mark shows: more than anybody can guess.
const markBytes = 16

// openMarks derives the key of marks from the one of heads, which every node of
// a server has.
func (k *Keys) openMarks() error {
	for purpose, key := range map[string]*[]byte{"reeve remediation links": &k.marks, "reeve answer links": &k.answers} {
		var err error
		if *key, err = hkdf.Key(sha256.New, k.head, nil, purpose, sha256.Size); err != nil {
			return fmt.Errorf("deriving the key of links: %w", err)
		}
	}
	return nil
}

// Mark returns what makes a remediation link good: 32 hex digits that nobody
// finds for an account's license key and a device's id without this server's
// keys. It is the same on every node, and for as long as the keys are.
func (k *Keys) Mark(license, device string) string { return mark(k.marks, license, device) }

// AnswerMark is Mark for a link to the page where the user of a device answers a
// command. Neither is good in the other's place.
func (k *Keys) AnswerMark(license, command string) string { return mark(k.answers, license, command) }

func mark(key []byte, license, name string) string {
	code := hmac.New(sha256.New, key)
	fmt.Fprintf(code, "%d %s %s", len(license), license, name)
	return hex.EncodeToString(code.Sum(nil)[:markBytes])
}
