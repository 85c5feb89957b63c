package door

// A Page is what the API reference says of a route. The reference, its coverage
// table and the pages that the server shows are written from nothing else.
type Page struct {
	Family  string         // what one page of the reference tells together, such as "Get Devices"
	Version string         // as published, such as "3.7"; empty for Reeve's own API
	Source  string         // the page of the manual that it was read from; empty for Reeve's own API
	About   string         // what the route does, in whole sentences
	Inputs  []Field        // parameters and members of the body; None if there are none
	Answer  []Field        // members of the answer; None if it has no body
	Codes   map[int]string // when it answers with a status that not every route has
	Notes   []string       // what differs from the version before, and what Reeve decided
}

// None is the fields of a route that takes or answers nothing. Nil fields are a
// page that nobody has filled yet.
var None = []Field{}

// A Field is one parameter of a request or one member of an answer.
type Field struct {
	Name  string // dotted where it is nested, such as "devices[].os_info.family"
	In    string // "path", "query", "header", "form" or "body"; empty in an answer
	Type  string // JSON type as published, such as "int" or "array of string"
	About string // meaning, default and limits
	Ours  bool   // decided by Reeve where the pages are silent
	// Unknown says why Reeve cannot know a published member, and what it answers
	// instead; empty for a member that has its true value. For an input it says
	// why the input is taken and has no effect.
	Unknown string
}

// An Absence is a published endpoint that is not offered. Its address answers
// 404 with the reason, whatever the method.
type Absence struct {
	Family, Version string
	Method, Path    string // as far as they are published
	Why             string // the end of a sentence
}
