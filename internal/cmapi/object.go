package cmapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"reeve"
)

// An object says where the members of a JSON object go, by their exact names.
type object map[string]any

// read decodes body into the targets. Members without a target are passed by
// and never bound; names are compared exactly, unlike the standard library
// does; null is as good as absent; a name given twice is an error, since two
// programs would read two different things from it.
func (o object) read(body []byte) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return reeve.Errorf(reeve.Invalid, "the body must be a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return malformed(err)
		}
		name := token.(string) // the decoder allows nothing else here
		target, known := o[name]
		if !known {
			target = new(json.RawMessage)
		} else if seen[name] {
			return reeve.Errorf(reeve.Invalid, "%s is given twice; send it once", name)
		}
		seen[name] = true
		began := dec.InputOffset()
		if err := dec.Decode(target); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
				return reeve.Errorf(reeve.Invalid, "%s cannot hold a JSON %s; see the reference", name, wrong.Value)
			}
			if reeve.KindOf(err) == reeve.Invalid { // a target that checks what it takes
				return err
			}
			return malformed(err)
		}
		if list, ok := target.(*[]string); ok && !noNulls(*list, body[began:dec.InputOffset()]) {
			return reeve.Errorf(reeve.Invalid, "%s cannot hold a JSON null; see the reference", name)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return reeve.Errorf(reeve.Invalid, "the body goes on after the JSON object; send one object")
	}
	return nil
}

// readStrict is read for our own members, where an unknown name is a spelling
// mistake that must not pass, and a null a value that its program did not have:
// a dry run that is not one does harm.
func (o object) readStrict(what string, body []byte) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil || given == nil {
		return reeve.Errorf(reeve.Invalid, "%s must be a JSON object", what)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := o[name]; !known {
			return reeve.Errorf(reeve.Invalid, "%s has no member %.40q; it has %s", what, name, strings.Join(slices.Sorted(maps.Keys(o)), ", "))
		}
		if string(given[name]) == "null" {
			return reeve.Errorf(reeve.Invalid, "%s.%s cannot hold a JSON null; leave it out", what, name)
		}
	}
	return o.read(body)
}

// readOptional is read for a body that may be missing: existing clients send
// an empty array where they have no parameters.
func (o object) readOptional(body []byte) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || string(trimmed) == "[]" {
		return nil
	}
	return o.read(body)
}

// only returns the query's one value under a name, "" for none. What is given
// twice is an error, as in a body.
func only(query url.Values, name string) (string, error) {
	if len(query[name]) > 1 {
		return "", reeve.Errorf(reeve.Invalid, "%s is given twice; send it once", name)
	}
	return query.Get(name), nil
}

// readMember is read for an object inside of another one, which may be missing.
func (o object) readMember(name string, value json.RawMessage) error {
	if len(value) == 0 || string(value) == "null" {
		return nil
	}
	if value[0] != '{' {
		return reeve.Errorf(reeve.Invalid, "%s must be a JSON object", name)
	}
	return o.read(value)
}

func malformed(err error) error {
	return reeve.Errorf(reeve.Invalid, "the body is not well-formed JSON").Because(err)
}

// noNulls tells whether a list of strings is one: the standard library lets
// null pass as an empty string.
func noNulls(list []string, value []byte) bool {
	if !slices.Contains(list, "") {
		return true
	}
	var pointers []*string
	json.Unmarshal(bytes.TrimLeft(value, ": \t\r\n"), &pointers) // it was read once already
	return !slices.Contains(pointers, nil)
}
