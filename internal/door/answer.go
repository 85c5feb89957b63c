package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
)

// kinds is what each kind of error is over HTTP. The published list of codes
// has neither 403 nor 409: a 401 for a scope that is too small would send
// clients into a loop of fetching tokens.
var kinds = map[reeve.Kind]struct {
	status int
	code   string
}{
	reeve.Internal:    {http.StatusInternalServerError, "server_error"},
	reeve.Invalid:     {http.StatusBadRequest, "invalid_request"},
	reeve.NotFound:    {http.StatusNotFound, "not_found"},
	reeve.Conflict:    {http.StatusConflict, "conflict"},
	reeve.Denied:      {http.StatusUnauthorized, "invalid_token"},
	reeve.Forbidden:   {http.StatusForbidden, "insufficient_scope"},
	reeve.TooLarge:    {http.StatusRequestEntityTooLarge, "too_large"},
	reeve.Limited:     {http.StatusTooManyRequests, "rate_limit_exceeded"},
	reeve.Unavailable: {http.StatusServiceUnavailable, "unavailable"},
	reeve.Unapproved:  {http.StatusForbidden, "approval_required"},
}

// A refusal is an error whose status or code is not that of its kind.
type refusal struct {
	err    *reeve.Error
	status int
	code   string
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// Refuse returns an error with a status and a code of its own, where the kind's
// are not the ones that the wire wants.
func Refuse(kind reeve.Kind, status int, code, format string, args ...any) error {
	return &refusal{reeve.Errorf(kind, format, args...), status, code}
}

// statusOf returns the status and code with which err is answered.
func statusOf(err error) (int, string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, r.code
	}
	word := kinds[reeve.KindOf(err)]
	return word.status, word.code
}

// A Failure is an error as a caller may see it.
type Failure struct {
	Err       error // for whoever knows its type; never shown
	Status    int
	Code      string // a word for programs
	Message   string // a sentence for people
	RequestID string
}

// failure is the only place where an error becomes an answer. It reports false
// where nobody is left to hear it.
func (d *doorway) failure(r *http.Request, err error) (Failure, bool) {
	if r.Context().Err() != nil {
		return Failure{}, false // the caller has gone, which is no fault of anybody's
	}
	status, code := statusOf(err)
	entry := entryOf(r.Context())
	if status == http.StatusInternalServerError {
		d.log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "request", entry.id, "err", err)
	}
	if entry.wrote() {
		panic(http.ErrAbortHandler) // too late for words: the caller must see that the answer is cut off
	}
	return Failure{err, status, code, reeve.Message(err), entry.id}, true
}

// refuse answers an error that no route had, in the words that every program
// knows or, where people read the answers, in theirs.
func (d *doorway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := d.failure(r, err)
	if !ok {
		return
	}
	for _, api := range d.read {
		if strings.HasPrefix(r.URL.Path, api.Prefix) {
			api.Refuse(w, &Request{Request: r, door: d}, f)
			return
		}
	}
	f.write(w)
}

func (f Failure) write(w http.ResponseWriter) {
	Write(w, f.Status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		RequestID   string `json:"request_id"`
	}{f.Code, f.Message, f.RequestID})
}

// Write answers with a status and v as JSON.
func Write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return WriteBytes(w, status, body)
}

// WriteBytes answers with a status and a body that is JSON already.
func WriteBytes(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // who has gone away needs no answer
	return nil
}

// The published spelling of the rate headers, which Header.Set would change.
const (
	limitHeader     = "X-RateLimit-Limit"
	remainingHeader = "X-RateLimit-Remaining"
	resetHeader     = "X-RateLimit-Reset-Time"
)

// showWindow writes the published headers of a limited API.
func showWindow(w http.ResponseWriter, window control.Window, err error) {
	if window.Unlimited || (err != nil && reeve.KindOf(err) != reeve.Limited) {
		return
	}
	h := w.Header()
	h[limitHeader] = []string{strconv.FormatInt(window.Limit, 10)}
	h[remainingHeader] = []string{strconv.FormatInt(max(window.Remaining, 0), 10)}
	h[resetHeader] = []string{seconds(window.Reset)}
	if err != nil {
		h.Set("Retry-After", seconds(window.Reset))
	}
}

// seconds writes a duration in whole seconds, rounded up, at least 1.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10)
}
