package seal

import (
	"encoding/binary"
	"time"
)

// SignSettings signs what an account's agents are told to be: content is the
// settings as the bytes that they read, and revision rises with every change.
func (k Key) SignSettings(account, revision int64, issued time.Time, content []byte) []byte {
	return k.sign(encodeSettings(account, revision, issued, content))
}

// CheckSettings reports whether settings were signed by the server. Whether the
// revision is newer than another is the caller's to judge.
func (v *Verifier) CheckSettings(account, revision int64, issued time.Time, content, signature, sealKey []byte) error {
	return v.check(sealKey, issued, encodeSettings(account, revision, issued, content), signature)
}

func encodeSettings(account, revision int64, issued time.Time, content []byte) []byte {
	b := append(make([]byte, 0, 64+len(content)), "reeve settings 1\n"...)
	for _, n := range []int64{account, revision, issued.UnixMicro()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return appendBytes(b, content)
}
