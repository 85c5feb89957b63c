package control

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What authenticator apps know without being told (RFC 6238): other values are
// ignored by many of them.
const (
	totpSecret = 20 // bytes
	totpDigits = 6
	totpStep   = 30 * time.Second
)

// totpDrift is how many steps a clock may be off, either way.
const totpDrift = 1

var base32Letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// newTOTP returns a random secret in the letters that people type.
func newTOTP() string {
	var secret [totpSecret]byte
	rand.Read(secret[:])
	return base32Letters.EncodeToString(secret[:])
}

// totpURI is what an authenticator app reads from a picture.
func totpURI(operator, secret string) string {
	q := url.Values{"secret": {secret}, "issuer": {"Reeve"}}
	return "otpauth://totp/" + url.PathEscape("Reeve:"+operator) + "?" + q.Encode()
}

// totpAt returns the code of one step.
func totpAt(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// findTOTP returns the step whose code this is, of those around now.
func findTOTP(secret, code string, now time.Time) (int64, bool) {
	raw, err := base32Letters.DecodeString(secret)
	code = strings.ReplaceAll(code, " ", "")
	if err != nil || len(code) != totpDigits {
		return 0, false
	}
	this := now.Unix() / int64(totpStep/time.Second)
	found, fits := int64(0), false
	for step := this - totpDrift; step <= this+totpDrift; step++ {
		if subtle.ConstantTimeCompare([]byte(totpAt(raw, step)), []byte(code)) == 1 {
			found, fits = step, true
		}
	}
	return found, fits
}
