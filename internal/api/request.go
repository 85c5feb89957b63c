package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

type handler = func(w http.ResponseWriter, r *door.Request) error

// read decodes the body into v and returns it as it was sent. A member that v
// does not have is refused, since it is most likely a mistake, and so is null,
// which could mean "no" as well as "as it is".
func (a *api) read(w http.ResponseWriter, r *door.Request, v any) ([]byte, error) {
	body, err := r.JSON(w, a.MaxBody)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return nil, badBody(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, reeve.Errorf(reeve.Invalid, "the body goes on after the JSON object; send one object")
	}
	return body, noNulls(body)
}

// readOptional is read for a body that may be missing.
func (a *api) readOptional(w http.ResponseWriter, r *door.Request, v any) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	return a.read(w, r, v)
}

// noNulls refuses a null anywhere in a body that is well-formed.
func noNulls(body []byte) error {
	if !bytes.Contains(body, []byte("null")) {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	name := "the body"
	for {
		token, err := dec.Token()
		switch token := token.(type) {
		case nil:
			if err != nil { // its end
				return nil
			}
			return reeve.Errorf(reeve.Invalid, "%.40s cannot hold a JSON null; leave it out", name)
		case string:
			name = token
		}
	}
}

func badBody(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return reeve.Errorf(reeve.Invalid, "%s cannot hold a JSON %s", cmp.Or(wrong.Field, "the body"), wrong.Value).Because(err)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return reeve.Errorf(reeve.Invalid, "there is no member %.40s; check its spelling", name)
	}
	return reeve.Errorf(reeve.Invalid, "the body is not a well-formed JSON object").Because(err)
}

// strict returns the handler of a route that refuses parameters of which the
// route's page does not tell.
func strict(route door.Route) handler {
	known := map[string]bool{}
	for _, f := range route.Page.Inputs {
		if f.In == "query" {
			known[f.Name] = true
		}
	}
	return func(w http.ResponseWriter, r *door.Request) error {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return reeve.Errorf(reeve.Invalid, "the query is malformed; write its values percent-encoded").Because(err)
		}
		for name := range query {
			if !known[name] {
				return reeve.Errorf(reeve.Invalid, "there is no parameter %.40q; check its spelling", name)
			}
		}
		return route.Serve(w, r)
	}
}

// A params is the query of a request, read by name. After it was read, done
// tells what was wrong.
type params struct {
	query   url.Values
	account int64
	err     error
}

func paramsOf(r *door.Request) *params {
	return &params{query: r.URL.Query(), account: r.Caller.Account}
}

func (p *params) take(name string) []string { return p.query[name] }

// text returns the one value of a parameter, "" if it is not given.
func (p *params) text(name string) string {
	values := p.take(name)
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	p.fail("%s is given more than once", name)
	return ""
}

// number returns a whole number within bounds, or the default.
func (p *params) number(name string, least, most, otherwise int64) int64 {
	text := p.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		p.fail("%s must be a whole number from %d to %d", name, least, most)
		return otherwise
	}
	return n
}

// limit returns the length of a page.
func (p *params) limit() int { return int(p.number("limit", 1, maxPage, maxPage)) }

// cursor reads where the page of a list begins. Without a cursor the place stays
// as it is.
func (p *params) cursor(list string, place ...*int64) {
	token := p.text("cursor")
	p.err = cmp.Or(p.err, door.ReadCursor("cursor", token, list, p.account, place...))
}

// Pages of lists have maxPage items unless fewer are asked for.
const maxPage = 500

// maxWait is the longest that a request may wait for news.
const maxWait = 30 * time.Second

// wait returns how long to wait for news, at most maxWait.
func (p *params) wait() time.Duration {
	text := p.text("wait")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		p.fail("wait must be a duration such as 10s")
	}
	return min(d, maxWait)
}

// moment returns a time, zero if it is not given.
func (p *params) moment(name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		p.fail("%s must be a time such as 2026-11-21T08:00:00Z", name)
	}
	return t
}

func (p *params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = reeve.Errorf(reeve.Invalid, format, args...)
	}
}

// done returns the first thing wrong with the query.
func (p *params) done() error { return p.err }

// words translates a parameter's values with parse.
func words[T any](p *params, name string, parse func(string) (T, bool)) []T {
	var out []T
	for _, word := range p.take(name) {
		v, ok := parse(word)
		if !ok {
			p.fail("%s has an unknown word %.40q", name, word)
		}
		out = append(out, v)
	}
	return out
}

// page answers with shaped items. Of a list that was read with one item more
// than the page holds, that one only tells that there is a next page.
func page[T, S any](w http.ResponseWriter, items []T, limit int, shape func(T) S, cursor func(last T) string) error {
	out := client.List[S]{Items: make([]S, 0, len(items))}
	if limit > 0 && len(items) > limit {
		items = items[:limit]
		out.Next = cursor(items[limit-1])
	}
	for _, item := range items {
		out.Items = append(out.Items, shape(item))
	}
	return door.Write(w, http.StatusOK, out)
}

// whole answers with a list that is short by nature.
func whole[T, S any](w http.ResponseWriter, items []T, shape func(T) S) error {
	return page(w, items, 0, shape, nil)
}

// named puts our words for a NotFound error of a store.
func named(err error, what string) error {
	if reeve.KindOf(err) == reeve.NotFound {
		return reeve.Errorf(reeve.NotFound, "there is no such %s in this account; list them to see which there are", what).Because(err)
	}
	return err
}

// stringsOf writes a list of scopes or the like as strings.
func stringsOf[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// scopesOf reads scopes; whether there are such is control's to say.
func scopesOf(words []string) reeve.Scopes {
	var out reeve.Scopes
	for _, word := range words {
		out = append(out, reeve.Scope(word))
	}
	return out
}

// changedScopes is scopesOf for a member that may be missing.
func changedScopes(words *[]string) *reeve.Scopes {
	if words == nil {
		return nil
	}
	scopes := scopesOf(*words)
	return &scopes
}

// until calls look every so often until it says that there is news, the time is
// over, the caller has gone or the server stops.
func (a *api) until(r *door.Request, wait time.Duration, look func() (bool, error)) error {
	tick := time.NewTicker(a.Poll)
	defer tick.Stop()
	for end := time.Now().Add(wait); ; {
		news, err := look()
		if err != nil || news || !time.Now().Before(end) {
			return err
		}
		select {
		case <-tick.C:
		case <-a.Stopping:
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}
