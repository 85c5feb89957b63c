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
func (k *Keys) openMarks() (err error) {
	if k.marks, err = hkdf.Key(sha256.New, k.head, nil, "reeve remediation links", sha256.Size); err != nil {
		return fmt.Errorf("deriving the key of links: %w", err)
	}
	return nil
}

// Mark returns what makes a remediation link good: 32 hex digits that nobody
// finds for an account's license key and a device's id without this server's
// keys. It is the same on every node, and for as long as the keys are.
func (k *Keys) Mark(license, device string) string {
	code := hmac.New(sha256.New, k.marks)
	fmt.Fprintf(code, "%d %s %s", len(license), license, device)
	return hex.EncodeToString(code.Sum(nil)[:markBytes])
}
