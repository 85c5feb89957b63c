package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"

	"reeve/internal/door"
)

// schemas makes the schemas of Go types: one component for each struct. What
// the members mean is said by the first page that tells of them.
type schemas struct {
	made  map[string]object
	taken bool // the types are of bodies, where unknown members are refused
}

// byName are the fields of a page by name; a field may have several.
func byName(fields []door.Field) map[string]door.Field {
	out := map[string]door.Field{}
	for _, f := range fields {
		for name := range strings.SplitSeq(f.Name, ", ") {
			out[name] = f
		}
	}
	return out
}

// of returns the schema of a type whose members the fields name behind path.
func (s *schemas) of(t reflect.Type, path string, fields map[string]door.Field) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem(), path, fields)
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem(), path+"[]", fields)}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return object{"type": "object"}
		}
		return object{"type": "object", "additionalProperties": s.of(t.Elem(), path, fields)}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Struct:
		return s.component(t, path, fields)
	}
	panic("api: no schema for " + t.String())
}

// nameOf is the name of a component.
func nameOf(t reflect.Type) string {
	if list, is := strings.CutPrefix(t.Name(), "List["); is {
		return strings.TrimSuffix(list[strings.LastIndex(list, ".")+1:], "]") + "List"
	}
	if t == reflect.TypeFor[apiError]() {
		return "Error"
	}
	return t.Name()
}

func (s *schemas) component(t reflect.Type, path string, fields map[string]door.Field) object {
	name := nameOf(t)
	schema := s.made[name]
	if schema == nil {
		schema = object{"type": "object", "properties": object{}}
		s.made[name] = schema
	}
	if s.taken {
		schema["additionalProperties"] = false
	}
	if path != "" {
		path += "."
	}
	properties := schema["properties"].(object)
	var required []string
	for _, m := range members(t) {
		property := s.of(m.of, path+m.name, fields)
		if had, ok := properties[m.name].(object); ok {
			property = had
		}
		if about := fields[path+m.name].About; about != "" && property["description"] == nil {
			property["description"] = about
		}
		properties[m.name] = known(property, name+"."+m.name, m.name)
		if !m.optional {
			required = append(required, m.name)
		}
	}
	if required != nil {
		schema["required"] = required
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// A member is one of a JSON object, as encoding/json writes it.
type member struct {
	name     string
	of       reflect.Type
	optional bool
}

func members(t reflect.Type) []member {
	var out []member
	for f := range t.Fields() {
		if f.Anonymous {
			out = append(out, members(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		out = append(out, member{name, f.Type, strings.Contains(options, "omit")})
	}
	return out
}

// known adds to a schema what the table knows of the first of its names that it
// has. Of a list it knows the elements.
func known(schema object, names ...string) object {
	for _, name := range names {
		if more, ok := facts[name]; ok {
			into := schema
			if items, ok := schema["items"].(object); ok {
				into = items
			}
			maps.Copy(into, more)
			return schema
		}
	}
	return schema
}
