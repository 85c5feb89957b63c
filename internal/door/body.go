package door

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"unicode/utf8"

	"reeve"
)

// JSON reads the body of a request, at most limit bytes of it. A request
// without a body is nil. What is not declared as JSON is 415.
func (r *Request) JSON(w http.ResponseWriter, limit int64) ([]byte, error) {
	declared := r.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(declared); (declared != "" || r.ContentLength != 0) && (err != nil || kind != "application/json") {
		return nil, Refuse(reeve.Invalid, http.StatusUnsupportedMediaType, "unsupported_media_type",
			"the body must be JSON, declared as Content-Type: application/json")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, Refuse(reeve.Invalid, http.StatusUnsupportedMediaType, "unsupported_media_type",
			"the body must not be compressed; send it without Content-Encoding")
	}
	if r.ContentLength > limit {
		return nil, errBody(limit)
	}
	var body bytes.Buffer
	body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, errBody(limit)
		}
		return nil, reeve.Errorf(reeve.Invalid, "the body ended before its announced length; send it again").Because(err)
	}
	if !utf8.Valid(body.Bytes()) {
		return nil, reeve.Errorf(reeve.Invalid, "the body is not UTF-8 text")
	}
	return body.Bytes(), nil
}

func errBody(limit int64) error {
	return reeve.Errorf(reeve.TooLarge, "the body is larger than %d bytes; send several requests", limit)
}

// RepeatKey returns the Idempotency-Key of a request, empty if it has none.
func (r *Request) RepeatKey() (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	if len(values) > 1 || len(key) < 1 || len(key) > 255 {
		return "", errRepeatKey
	}
	for _, c := range []byte(key) {
		if c < '!' || c > '~' {
			return "", errRepeatKey
		}
	}
	return key, nil
}

// ApprovedJob returns the job that a second person approved, 0 for none: that of
// the header Approved-Job, or of a member of the body that says the same.
func (r *Request) ApprovedJob(member string) (reeve.JobID, error) {
	values := r.Header.Values("Approved-Job")
	if member != "" {
		values = append([]string{member}, values...)
	}
	var found reeve.JobID
	for _, value := range values {
		id, ok := reeve.ParseJobID(value)
		if !ok || found != 0 && id != found {
			return 0, reeve.Errorf(reeve.Invalid, "Approved-Job must be the id of one proposed job, 16 hex digits")
		}
		found = id
	}
	return found, nil
}

var errRepeatKey = reeve.Errorf(reeve.Invalid, "Idempotency-Key must be one value of 1 to 255 visible ASCII characters")
