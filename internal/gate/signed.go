package gate

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/link"
)

var (
	errUnsigned = reeve.Errorf(reeve.Denied, "the request is not signed with the key that it names")
	errDigest   = reeve.Errorf(reeve.Invalid, "the body is not the one that was signed; send it again")
)

// A signature is what the headers of a request prove: that the holder of key
// sends a body with this digest here.
type signature struct {
	key    reeve.Key
	digest [sha256.Size]byte
	at     time.Time
}

// readSignature checks the signature of a request, before its body is read.
func readSignature(r *http.Request) (signature, error) {
	var s signature
	key, err1 := base64.StdEncoding.DecodeString(r.Header.Get(link.HeaderKey))
	sig, err2 := base64.StdEncoding.DecodeString(r.Header.Get(link.HeaderSignature))
	digest, err3 := hex.DecodeString(r.Header.Get(link.HeaderDigest))
	seconds, err4 := strconv.ParseInt(r.Header.Get(link.HeaderTime), 10, 64)
	if errors.Join(err1, err2, err3, err4) != nil || len(key) != len(s.key) || len(digest) != len(s.digest) {
		return s, errUnsigned
	}
	signed := link.SignedRequest(r.Method, r.URL.Path, r.Header.Get(link.HeaderDigest), r.Header.Get(link.HeaderTime))
	if !ed25519.Verify(key, signed, sig) {
		return s, errUnsigned
	}
	return signature{reeve.Key(key), [sha256.Size]byte(digest), time.Unix(seconds, 0)}, nil
}

// recent refuses a signature that may have been overheard long ago.
func (s signature) recent(now time.Time) error {
	if now.Sub(s.at).Abs() > link.RequestSkew {
		return door.Refuse(reeve.Invalid, http.StatusUnauthorized, "wrong_time",
			"the request was signed at another time than now; check the clock of the agent's machine")
	}
	return nil
}

// body reads a JSON body and checks that it is the one that was signed.
func (s signature) body(w http.ResponseWriter, r *door.Request, limit int64) ([]byte, error) {
	body, err := r.JSON(w, limit)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], s.digest[:]) {
		return nil, errDigest
	}
	return body, nil
}
