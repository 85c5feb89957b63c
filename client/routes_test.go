package client_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"reeve/client"
	"reeve/internal/api"
)

// Each operation of the API has the method of its name, which asks for it and
// for nothing else.
func TestEveryRouteHasAMethod(t *testing.T) {
	mux, asked := http.NewServeMux(), ""
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Pattern
		if strings.HasSuffix(r.URL.Path, "/events") {
			io.WriteString(w, "data: {}\n\n")
			return
		}
		io.WriteString(w, `{"end":true}`)
	})
	document := api.OpenAPI(api.Routes(api.Config{}).Routes)
	names := map[string]string{}
	for path, methods := range document["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			pattern := strings.ToUpper(method) + " " + path
			mux.Handle(pattern, answer)
			names[pattern] = operation.(map[string]any)["operationId"].(string)
		}
	}
	mux.HandleFunc("POST /o/oauth/token", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"access_token":"t"}`) })
	c := reflect.ValueOf(client.ForTest(t, through{mux}))
	for pattern, name := range names {
		method := c.MethodByName(name)
		if !method.IsValid() {
			t.Errorf("%s: the client has no method %s", pattern, name)
			continue
		}
		ctx, cancel := context.WithCancel(t.Context())
		var given []reflect.Value
		for i := range method.Type().NumIn() {
			if of := method.Type().In(i); method.Type().IsVariadic() && i == method.Type().NumIn()-1 {
				given = append(given, reflect.Zero(of.Elem()))
				break
			}
			given = append(given, argument(ctx, method.Type().In(i)))
		}
		for _, got := range method.Call(given) {
			if got.Kind() == reflect.Func && got.Type().CanSeq2() {
				for range got.Seq2() {
					break
				}
			}
		}
		cancel()
		if asked != pattern {
			t.Errorf("%s asks for %s, want %s", name, asked, pattern)
		}
		asked = ""
	}
}

func argument(ctx context.Context, of reflect.Type) reflect.Value {
	switch {
	case of == reflect.TypeFor[context.Context]():
		return reflect.ValueOf(ctx)
	case of == reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(new(bytes.Buffer))
	case of.Kind() == reflect.String:
		return reflect.ValueOf("some")
	}
	return reflect.New(of).Elem()
}

// through is a transport that ends in a handler.
type through struct{ handler http.Handler }

func (h through) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
