package door

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"reeve"
)

// cursorCheck is how many bytes of a cursor tie it to its list and account.
const cursorCheck = 8

// Cursor writes the place where the next page of a list begins. It fits no
// other list and no other account.
func Cursor(list string, account int64, place ...int64) string {
	var body []byte
	for _, n := range place {
		body = binary.BigEndian.AppendUint64(body, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(append(cursorSum(list, account, body), body...))
}

// ReadCursor reads what Cursor wrote into place. An empty token leaves place as
// it is: the first page. The name is what the caller knows the token by.
func ReadCursor(name, token, list string, account int64, place ...*int64) error {
	if token == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != cursorCheck+8*len(place) ||
		string(raw[:cursorCheck]) != string(cursorSum(list, account, raw[cursorCheck:])) {
		return reeve.Errorf(reeve.Invalid, "%s is not one that this list gave out; start again without it", name)
	}
	for i, n := range place {
		*n = int64(binary.BigEndian.Uint64(raw[cursorCheck+8*i:]))
	}
	return nil
}

func cursorSum(list string, account int64, body []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte("reeve cursor "+list+"\n"), uint64(account))
	sum := sha256.Sum256(append(b, body...))
	return sum[:cursorCheck:cursorCheck]
}
