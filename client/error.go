package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// An Error is an answer of the server that is not a success.
type Error struct {
	Status     int           // of HTTP
	Code       string        // such as "invalid_request"
	Message    string        // a sentence for people
	RequestID  string        // what the server's log knows the request by
	RetryAfter time.Duration // with 429: when to come back
}

func (e *Error) Error() string { return e.Message }

// maxErrorBody is how much of an answer is looked at for its sentence.
const maxErrorBody = 64 << 10

func errorOf(answer *http.Response) error {
	e := &Error{Status: answer.StatusCode}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		RequestID   string `json:"request_id"`
	}
	raw, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBody))
	if json.Unmarshal(raw, &body) == nil {
		e.Code, e.Message, e.RequestID = body.Error, body.Description, body.RequestID
	}
	if e.Message == "" {
		e.Message = fmt.Sprintf("the server answered %s; check that the address is that of a Reeve server", answer.Status)
	}
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
