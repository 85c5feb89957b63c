package api

import "reeve/internal/door"

var logPages = map[string]*door.Page{
	"GET /openapi.json": {
		About:  "Describes this API as OpenAPI 3.1, from the tables that this reference is written from. It needs no token.",
		Inputs: door.None, Answer: door.None,
	},
	"GET /version": {
		About: "Tells the server's version.", Inputs: door.None,
		Answer: []door.Field{{Name: "version", Type: "string"}, {Name: "api", Type: "string", About: "v1"}},
	},
}
