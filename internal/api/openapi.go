package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/door"
)

type object = map[string]any

// OpenAPI describes the routes as an OpenAPI 3.1 document: what they mean from
// their pages, the form of bodies and answers from the types of package client,
// statuses from how package door answers.
func OpenAPI(routes []door.Route) object {
	s := &schemas{made: map[string]object{}}
	s.of(reflect.TypeFor[apiError](), "", byName(errorFields))
	paths, tags := object{}, []object{}
	for _, r := range routes {
		item, _ := paths[r.Path].(object)
		if item == nil {
			item = object{}
			paths[r.Path] = item
		}
		item[strings.ToLower(r.Method)] = s.operation(r)
		if tag := (object{"name": r.Page.Family}); !slices.ContainsFunc(tags, func(t object) bool { return t["name"] == tag["name"] }) {
			tags = append(tags, tag)
		}
	}
	refusals := object{}
	for _, f := range failures {
		refusals[f.name] = object{"description": f.means, "content": content(jsonType, object{"$ref": "#/components/schemas/Error"})}
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Reeve", "version": "v1", "description": "Reeve's own API. Lists are pages; every change takes an Idempotency-Key; " +
			"members and parameters that are not named here are refused, and so is null. Answers may gain members."},
		"servers": []object{{"url": "/"}},
		"tags":    tags,
		"paths":   paths,
		"components": object{
			"securitySchemes": object{"token": object{
				"type": "oauth2", "description": "An access token of an app, as Authorization: Bearer. None of the scopes contains another.",
				"flows": object{"clientCredentials": object{"tokenUrl": "/o/oauth/token", "scopes": object{
					string(reeve.Read): "see", string(reeve.Write): "order actions, change groups and devices", string(reeve.Admin): "manage apps, codes, operators, settings, exports",
				}}},
			}},
			"parameters": object{repeatHeader: object{"name": repeatHeader, "in": "header",
				"description": "within 24 hours the same key with the same path, query and body gets the same answer, and nothing is done again",
				"schema":      object{"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}}},
			"responses": refusals,
			"schemas":   s.made,
		},
	}
}

const (
	jsonType     = "application/json"
	bytesType    = "application/octet-stream"
	repeatHeader = "Idempotency-Key"
)

func (s *schemas) operation(r door.Route) object {
	route := r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1")
	shape := shapes[route]
	summary, more, _ := strings.Cut(r.Page.About, ". ")
	op := object{
		"operationId": shape.name, "tags": []string{r.Page.Family}, "summary": strings.TrimSuffix(summary, "."),
		"security": []object{}, "responses": s.responses(r, shape),
	}
	if r.Scope != "" {
		op["security"] = []object{{"token": []reeve.Scope{r.Scope}}}
	}
	if notes := slices.Concat([]string{more}, r.Page.Notes); strings.Join(notes, "") != "" {
		op["description"] = strings.TrimSpace(strings.Join(notes, "\n\n"))
	}
	if parameters := parametersOf(r, route); parameters != nil {
		op["parameters"] = parameters
	}
	if shape.sends != "" {
		op["requestBody"] = object{"required": true, "content": content(shape.sends, object{})}
	}
	if shape.takes != nil {
		body := object{"schema": s.body(shape.takes, r.Page), "example": exampleOf(shape.takes)}
		op["requestBody"] = object{"required": !shape.mayLack, "content": object{jsonType: body}}
	}
	return op
}

// parametersOf are those of the page; every change has its key besides.
func parametersOf(r door.Route, route string) []object {
	var out []object
	for _, f := range r.Page.Inputs {
		if f.In != "path" && f.In != "query" {
			continue
		}
		schema := object{"type": jsonWords[f.Type]}
		if items, list := strings.CutPrefix(f.Type, "array of "); list {
			schema = object{"type": "array", "items": object{"type": jsonWords[items]}}
		}
		out = append(out, object{"name": f.Name, "in": f.In, "description": f.About, "required": f.In == "path", "schema": known(schema, route+" "+f.Name, f.Name)})
	}
	if r.Verb != "" {
		out = append(out, object{"$ref": "#/components/parameters/" + repeatHeader})
	}
	return out
}

var jsonWords = map[string]string{"string": "string", "int": "integer", "bool": "boolean"}

func (s *schemas) body(takes any, page *door.Page) object {
	var fields []door.Field
	for _, f := range page.Inputs {
		if f.In == "body" {
			fields = append(fields, f)
		}
	}
	s.taken = true
	defer func() { s.taken = false }()
	return s.of(reflect.TypeOf(takes), "", byName(fields))
}

func content(kind string, schema object) object { return object{kind: object{"schema": schema}} }

// answer is the content of a success.
func (s *schemas) answer(shape shape, page *door.Page) object {
	fields := byName(page.Answer)
	if shape.gives != nil {
		return content(jsonType, s.of(reflect.TypeOf(shape.gives), "", fields))
	}
	out := object{}
	for kind, types := range shape.lines {
		media := object{"schema": object{"type": "string"}}
		var lines []object
		for _, line := range types {
			lines = append(lines, s.of(reflect.TypeOf(line), "", fields))
		}
		if lines != nil {
			media["x-line"] = object{"anyOf": lines} // 3.1 has no word for the parts of a stream
		}
		out[kind] = media
	}
	return out
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
