package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/door"
)

// Every route has a shape with a method of the client, and every shape a route.
func TestShapes(t *testing.T) {
	unused := map[string]bool{}
	for route := range shapes {
		unused[route] = true
	}
	methods := reflect.TypeFor[*client.Client]()
	for _, r := range Routes(Config{}).Routes {
		route := r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1")
		delete(unused, route)
		if _, ok := methods.MethodByName(shapes[route].name); !ok {
			t.Errorf("%s: the client has no method %q", route, shapes[route].name)
		}
	}
	for route := range unused {
		t.Errorf("%s is no route", route)
	}
}

// What the pages tell of bodies and answers is what the Go types have: each
// member with its type, and no other. What not every answer of a type has need
// only be told by the pages of those that do.
func TestPagesTellTheTypes(t *testing.T) {
	book := pageBook{t: t, told: map[string]bool{}, untold: map[string]string{}}
	for _, r := range Routes(Config{}).Routes {
		route := r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1")
		shape := shapes[route]
		body := slices.DeleteFunc(slices.Clone(r.Page.Inputs), func(f door.Field) bool { return f.In != "body" })
		if shape.sends == "" {
			book.compare(route+" takes", body, shape.takes)
		}
		if rows, ok := shape.lines["application/x-ndjson"]; ok && len(shape.lines) == 1 {
			book.compare(route+" answers", r.Page.Answer, rows...)
		} else if shape.lines == nil && route != "GET /openapi.json" {
			book.compare(route+" answers", r.Page.Answer, shape.gives)
		}
	}
	for member, where := range book.untold {
		if !book.told[member] && !strings.HasSuffix(member, "List next") { // lists that are always whole have none
			t.Errorf("%s: no page tells of %s", where, member)
		}
	}
}

type pageBook struct {
	t      *testing.T
	told   map[string]bool   // by type and member
	untold map[string]string // where, by the same
}

func (b *pageBook) compare(what string, fields []door.Field, values ...any) {
	b.t.Helper()
	has := map[string]typed{}
	for _, v := range values {
		if v != nil {
			pathsOf(reflect.TypeOf(v), "", has)
		}
	}
	tells := byName(fields)
	for name, f := range tells {
		if m, ok := has[name]; !ok {
			b.t.Errorf("%s %s by its page and not by its type", what, name)
		} else if m.kind != f.Type {
			b.t.Errorf("%s %s of type %s, but its page says %s", what, name, m.kind, f.Type)
		}
	}
	for name, m := range has {
		member := m.owner + " " + name[strings.LastIndex(name, ".")+1:]
		whole := name // it may be told as an object, or by its parts
		for _, ok := tells[whole]; !ok && whole != ""; _, ok = tells[whole] {
			whole = strings.TrimSuffix(whole[:max(strings.LastIndex(whole, "."), 0)], "[]")
		}
		if whole != "" || slices.ContainsFunc(fields, func(f door.Field) bool {
			return strings.HasPrefix(f.Name, name+".") || strings.HasPrefix(f.Name, name+"[].")
		}) {
			b.told[member] = true
		} else {
			b.untold[member] = what
		}
	}
}

type typed struct{ owner, kind string }

// pathsOf gathers the members of a type by their dotted names, with their types
// in the words of a page.
func pathsOf(t reflect.Type, path string, into map[string]typed) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "string"
	case reflect.TypeFor[json.RawMessage]():
		return "object"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pathsOf(t.Elem(), path, into)
	case reflect.Slice:
		return "array of " + pathsOf(t.Elem(), path+"[]", into)
	case reflect.Map:
		return "object of " + pathsOf(t.Elem(), path, into)
	case reflect.Struct:
		if path != "" {
			path += "."
		}
		for _, m := range members(t) {
			into[path+m.name] = typed{nameOf(t), pathsOf(m.of, path+m.name, into)}
		}
		return "object"
	case reflect.Int, reflect.Int64:
		return "int"
	}
	return t.Kind().String()
}
