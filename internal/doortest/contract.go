package doortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"reeve/internal/api"
)

// A Contract is what the description of Reeve's own API promises. It remembers
// which of its successes were seen.
type Contract struct {
	schemas schemas
	paths   map[string]map[string]operation
	refused map[string]response // components
	mux     *http.ServeMux      // finds the route that a request means

	mu   sync.Mutex
	seen map[string]bool
}

type operation struct {
	Parameters  []struct{ Name, In string }
	RequestBody struct{ Content map[string]media }
	Responses   map[string]response
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]media
}

type media struct {
	Schema schema
	Line   schema `json:"x-line"`
}

// NewContract reads the description that the routes give of themselves.
func NewContract() *Contract {
	raw, err := json.Marshal(api.OpenAPI(api.Routes(api.Config{}).Routes))
	if err != nil {
		panic(err)
	}
	var document struct {
		Paths      map[string]map[string]operation
		Components struct {
			Schemas   schemas
			Responses map[string]response
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		panic(err)
	}
	c := &Contract{schemas: document.Components.Schemas, paths: document.Paths, refused: document.Components.Responses,
		mux: http.NewServeMux(), seen: map[string]bool{}}
	for path, methods := range document.Paths {
		for method := range methods {
			c.mux.Handle(strings.ToUpper(method)+" "+path, http.NotFoundHandler())
		}
	}
	return c
}

// Hold returns next with every answer of the API held against the contract.
func (c *Contract) Hold(t testing.TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		method, target := r.Method, *r.URL
		var sent bytes.Buffer
		if r.Body != nil {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, &sent), r.Body}
		}
		heard := &witness{ResponseWriter: w}
		next.ServeHTTP(heard, r)
		if heard.status == 0 && r.Context().Err() != nil {
			return // the caller has gone
		}
		if err := c.Check(method, &target, sent.Bytes(), heard.status, w.Header(), heard.body.Bytes()); err != nil {
			t.Errorf("%s %s breaks docs/api/openapi.json: %v\n%.2000s", method, &target, err, heard.body.String())
		}
	})
}

// Check says what of an exchange the description does not know: the status, the
// type or a member of the answer, or of a request that was carried out.
func (c *Contract) Check(method string, target *url.URL, sent []byte, status int, header http.Header, body []byte) error {
	_, pattern := c.mux.Handler(&http.Request{Method: method, URL: target, Host: "reeve"})
	word, path, found := strings.Cut(pattern, " ")
	if !found || word != method { // no such route, or HEAD
		return nil
	}
	op := c.paths[path][strings.ToLower(method)]
	told, ok := op.Responses[strconv.Itoa(status)]
	if !ok {
		return fmt.Errorf("the status %d is not listed", status)
	}
	if status < http.StatusBadRequest {
		c.mu.Lock()
		c.seen[pattern+" "+strconv.Itoa(status)] = true
		c.mu.Unlock()
		if err := c.checkRequest(op, target.Query(), sent); err != nil {
			return err
		}
	}
	if name, ok := strings.CutPrefix(told.Ref, "#/components/responses/"); ok {
		told = c.refused[name]
	}
	return c.checkBody(told.Content, header.Get("Content-Type"), body)
}

func (c *Contract) checkRequest(op operation, query url.Values, sent []byte) error {
	for name := range query {
		if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.In == "query" && p.Name == name }) {
			return fmt.Errorf("the parameter %s is taken and not listed", name)
		}
	}
	if taken, ok := op.RequestBody.Content["application/json"]; ok && len(sent) > 0 {
		return c.schemas.checkText(taken.Schema, sent, "the body that was taken")
	}
	return nil
}

func (c *Contract) checkBody(content map[string]media, declared string, body []byte) error {
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("an answer without a body has one")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(declared)
	told, ok := content[kind]
	switch {
	case err != nil || !ok:
		return fmt.Errorf("the type %q is not listed", declared)
	case kind == "application/json":
		return c.schemas.checkText(told.Schema, body, "answer")
	case told.Line == nil:
		return nil
	}
	for line := range strings.Lines(string(body)) {
		if kind == "text/event-stream" {
			if line, ok = strings.CutPrefix(line, "data: "); !ok {
				continue
			}
		}
		if err := c.schemas.checkText(told.Line, []byte(line), "line"); err != nil {
			return err
		}
	}
	return nil
}

// Unseen returns the successes of the description that no answer was yet.
func (c *Contract) Unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for path, methods := range c.paths {
		for method, op := range methods {
			for status := range op.Responses {
				if one := strings.ToUpper(method) + " " + path + " " + status; status < "400" && !c.seen[one] {
					out = append(out, one)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// A witness keeps a copy of an answer.
type witness struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *witness) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
