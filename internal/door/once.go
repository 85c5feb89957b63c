package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"reeve"
)

// serve lets the handler answer. A request that changes something and carries
// an Idempotency-Key is carried out once, and its answer given again.
func (d *doorway) serve(w http.ResponseWriter, r *Request, route Route) error {
	if route.Verb == "" || route.Repeats || len(r.Header.Values("Idempotency-Key")) == 0 {
		return route.Serve(w, r)
	}
	if route.Scope == "" { // there is nobody to whom the key could belong
		return reeve.Errorf(reeve.Invalid, "this address keeps no Idempotency-Key; send the request without it, and look before you repeat it")
	}
	key, err := r.RepeatKey()
	if err != nil {
		return err
	}
	body, err := d.readAhead(w, r)
	if err != nil {
		return err
	}
	encoded, repeated, err := d.keeper.Once(r.Context(), r.Account.No, reeve.RepeatKey{
		Actor: r.Caller.Actor, Route: r.Method + " " + r.URL.Path, Key: key, Body: digest(r, body),
	}, func(ctx context.Context) ([]byte, error) {
		again := *r
		again.Request = r.WithContext(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		answer := keptAnswer{header: w.Header()}
		if err := route.Serve(&answer, &again); err != nil {
			return nil, err
		}
		return answer.encode()
	})
	if err != nil {
		return err
	}
	return giveAgain(w, encoded, repeated)
}

// readAhead reads the whole body before the handler does.
func (d *doorway) readAhead(w http.ResponseWriter, r *Request) ([]byte, error) {
	if r.ContentLength > d.maxBody {
		return nil, errBody(d.maxBody)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, errBody(d.maxBody)
	}
	if err != nil {
		return nil, reeve.Errorf(reeve.Invalid, "the body ended before its announced length; send it again").Because(err)
	}
	return body, nil
}

// digest is what two requests with one key must have in common: the body, and
// the query without the token, which may have been renewed.
func digest(r *Request, body []byte) [32]byte {
	query := r.URL.Query()
	query.Del("access_token")
	return sha256.Sum256(append([]byte(query.Encode()+"\n"), body...))
}

// A keptAnswer is the writer of an answer that is kept before it is sent.
type keptAnswer struct {
	header http.Header
	Status int
	Type   string // Content-Type
	Body   []byte
}

func (k *keptAnswer) Header() http.Header { return k.header }

func (k *keptAnswer) WriteHeader(status int) {
	if k.Status == 0 {
		k.Status, k.Type = status, k.header.Get("Content-Type")
	}
}

func (k *keptAnswer) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	k.Body = append(k.Body, b...)
	return len(b), nil
}

func (k *keptAnswer) encode() ([]byte, error) {
	k.WriteHeader(http.StatusOK)
	return json.Marshal(k)
}

// Replayed marks the answer as that of a request which was carried out before.
// Handlers that answer repeats themselves call it before they write.
func Replayed(w http.ResponseWriter) { w.Header().Set("Idempotent-Replayed", "true") }

// giveAgain answers with what was kept.
func giveAgain(w http.ResponseWriter, encoded []byte, repeated bool) error {
	var answer keptAnswer
	if err := json.Unmarshal(encoded, &answer); err != nil {
		return err
	}
	if answer.Type != "" {
		w.Header().Set("Content-Type", answer.Type)
	}
	if repeated {
		Replayed(w)
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body) // who has gone away needs no answer
	return nil
}
