package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"reeve/internal/door"
)

type object = map[string]any

// OpenAPI describes the routes as an OpenAPI 3.1 document, from their pages and
// from nothing else.
func OpenAPI(routes []door.Route) object {
	paths := object{}
	for _, r := range routes {
		item, _ := paths[r.Path].(object)
		if item == nil {
			item = object{}
			paths[r.Path] = item
		}
		item[strings.ToLower(r.Method)] = operation(r)
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "Reeve", "version": "v1", "description": "Reeve's own API. Lists are pages; every change takes an Idempotency-Key; members and parameters that are not named here are refused."},
		"paths":   paths,
		"components": object{
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "an access token from /o/oauth/token"}},
			"schemas": object{"Error": object{"type": "object", "required": []string{"error", "error_description", "request_id"}, "properties": object{
				"error":             object{"type": "string", "description": "a word for programs", "examples": []string{"not_found"}},
				"error_description": object{"type": "string", "description": "a sentence for people"},
				"request_id":        object{"type": "string", "description": "finds the request in the server's log"},
			}}},
		},
		"security": []object{{"token": []string{}}},
	}
}

func operation(r door.Route) object {
	op := object{"operationId": strings.ToLower(r.Method) + strings.NewReplacer("/api/v1", "", "/", "_", "{", "by_", "}", "", ".", "_").Replace(r.Path)}
	if r.Scope == "" {
		op["security"] = []object{}
	} else {
		op["x-scope"] = string(r.Scope)
	}
	page := r.Page
	if page == nil {
		page = &door.Page{}
	}
	if page.About != "" {
		op["tags"], op["summary"] = []string{page.Family}, page.About
	}
	if len(page.Notes) > 0 {
		op["description"] = strings.Join(page.Notes, "\n\n")
	}
	var parameters []object
	var body []door.Field
	for _, f := range page.Inputs {
		if f.In == "body" {
			body = append(body, f)
			continue
		}
		if f.Name == repeatHeader { // every change takes it
			continue
		}
		schema := schemaOf(f)
		delete(schema, "description")
		parameters = append(parameters, object{"name": f.Name, "in": f.In, "description": f.About, "required": f.In == "path", "schema": schema})
	}
	if r.Verb != "" {
		parameters = append(parameters, object{"name": repeatHeader, "in": "header", "description": "a repeat with the same key does nothing again",
			"schema": object{"type": "string", "minLength": 1, "maxLength": 255}})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if body != nil {
		op["requestBody"] = object{"content": object{"application/json": object{"schema": nested(body)}}}
	}
	op["responses"] = responses(page)
	return op
}

const repeatHeader = "Idempotency-Key"

// responses are what the page says of codes, and the error that any may be.
func responses(page *door.Page) object {
	failure := object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}}
	out := object{"default": object{"description": "the request failed", "content": failure}}
	codes := maps.Clone(page.Codes)
	if codes == nil {
		codes = map[int]string{}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(codes)), func(code int) bool { return code < 300 }) {
		codes[http.StatusOK] = "done"
	}
	for code, meaning := range codes {
		answer := object{"description": meaning}
		switch {
		case code >= 400:
			answer["content"] = failure
		case code != http.StatusNoContent && len(page.Answer) > 0:
			answer["content"] = object{"application/json": object{"schema": nested(page.Answer)}}
		}
		out[strconv.Itoa(code)] = answer
	}
	return out
}

// nested makes one schema of fields with dotted names.
func nested(fields []door.Field) object {
	root := object{"type": "object", "properties": object{}}
	for _, f := range fields {
		at := root
		parts := strings.Split(f.Name, ".")
		for _, part := range parts[:len(parts)-1] {
			name, isList := strings.CutSuffix(part, "[]")
			properties := at["properties"].(object)
			child, ok := properties[name].(object)
			if !ok {
				child = object{}
				properties[name] = child
			}
			if isList {
				child["type"] = "array"
				items, ok := child["items"].(object)
				if !ok {
					items = object{}
					child["items"] = items
				}
				child = items
			}
			child["type"] = "object"
			if child["properties"] == nil {
				child["properties"] = object{}
			}
			at = child
		}
		at["properties"].(object)[parts[len(parts)-1]] = schemaOf(f)
	}
	return root
}

// schemaOf is the schema of one field.
func schemaOf(f door.Field) object {
	schema := object{}
	inner := schema
	kind := f.Type
	for strings.HasPrefix(kind, "array of ") {
		inner["type"] = "array"
		items := object{}
		inner["items"], inner, kind = items, items, strings.TrimPrefix(kind, "array of ")
	}
	switch kind {
	case "object of int":
		inner["type"], inner["additionalProperties"] = "object", object{"type": "integer"}
	case "int":
		inner["type"] = "integer"
	case "bool":
		inner["type"] = "boolean"
	case "string", "object":
		inner["type"] = kind
	}
	if f.About != "" {
		schema["description"] = f.About
	}
	return schema
}

// openAPI answers with the document.
func openAPI(routes []door.Route) handler {
	return func(w http.ResponseWriter, _ *door.Request) error {
		body, err := json.Marshal(OpenAPI(routes))
		if err != nil {
			return err
		}
		return door.WriteBytes(w, http.StatusOK, body)
	}
}
