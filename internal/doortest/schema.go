package doortest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

type (
	schema  = map[string]any
	schemas map[string]schema
)

// checkText holds a JSON text against a schema.
func (s schemas) checkText(want schema, text []byte, what string) error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return fmt.Errorf("%s is not JSON: %w", what, err)
	}
	return s.check(want, v, what)
}

// check holds a decoded value against a schema, more strictly than the standard:
// a member that an object's schema does not name is a fault, and so is a word in
// the schema that is not known here.
func (s schemas) check(want schema, v any, at string) error {
	if ref, ok := want["$ref"].(string); ok {
		target, ok := s[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !ok {
			return fmt.Errorf("%s: there is no schema %s", at, ref)
		}
		return s.check(target, v, at)
	}
	for _, word := range slices.Sorted(maps.Keys(want)) {
		test, ok := words[word]
		if !ok {
			return fmt.Errorf("%s: the schema's word %s is not known", at, word)
		}
		if test == nil || test(want[word], v) {
			continue
		}
		return fmt.Errorf("%s is %v, but %s is %v", at, v, word, want[word])
	}
	switch v := v.(type) {
	case []any:
		items, _ := want["items"].(schema)
		for i, item := range v {
			if err := s.check(items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := s.checkMembers(want, v, at); err != nil {
			return err
		}
	}
	return s.checkAny(want, v, at)
}

func (s schemas) checkMembers(want schema, v map[string]any, at string) error {
	if required, ok := want["required"].([]any); ok {
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("%s has no %s", at, name)
			}
		}
	}
	properties, named := want["properties"].(schema)
	others, open := want["additionalProperties"].(schema)
	for name, member := range v {
		told, ok := properties[name].(schema)
		switch {
		case !ok && open:
			told = others
		case !ok && named:
			return fmt.Errorf("%s has a member %s that is not declared", at, name)
		case !ok:
			continue
		}
		if err := s.check(told, member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func (s schemas) checkAny(want schema, v any, at string) error {
	choices, ok := want["anyOf"].([]any)
	if !ok {
		return nil
	}
	var faults []error
	for _, choice := range choices {
		err := s.check(choice.(schema), v, at)
		if err == nil {
			return nil
		}
		faults = append(faults, err)
	}
	return fmt.Errorf("%s fits none of %d schemas: %v", at, len(choices), faults)
}

// words are the words of a schema that a value is held against by itself; nil
// are those that say nothing of it or are dealt with above.
var words = map[string]func(want, v any) bool{
	"$ref": nil, "properties": nil, "required": nil, "additionalProperties": nil, "items": nil, "anyOf": nil,
	"description": nil, "default": nil, "examples": nil,
	"type": func(want, v any) bool {
		number, isNumber := v.(float64)
		return want == map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Map: "object"}[reflect.ValueOf(v).Kind()] ||
			want == "integer" && isNumber && number == float64(int64(number))
	},
	"enum":      func(want, v any) bool { return slices.Contains(want.([]any), v) },
	"const":     func(want, v any) bool { return want == v },
	"pattern":   func(want, v any) bool { return regexp.MustCompile(want.(string)).MatchString(v.(string)) },
	"minimum":   func(want, v any) bool { return v.(float64) >= want.(float64) },
	"maximum":   func(want, v any) bool { return v.(float64) <= want.(float64) },
	"minLength": func(want, v any) bool { return float64(utf8.RuneCountInString(v.(string))) >= want.(float64) },
	"maxLength": func(want, v any) bool { return float64(utf8.RuneCountInString(v.(string))) <= want.(float64) },
	"format": func(want, v any) bool {
		if want != "date-time" {
			return true
		}
		_, err := time.Parse(time.RFC3339Nano, v.(string))
		return err == nil
	},
}
