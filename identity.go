package reeve

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An IdentityField is one question that re-identify puts to a device's user.
type IdentityField struct {
	Name     string   `json:"name"`              // key of the answer, such as "employee_id"
	Label    string   `json:"label"`             // the question as shown
	Required bool     `json:"required"`          // whether an empty answer is refused
	Pattern  string   `json:"pattern,omitempty"` // RE2 that the whole answer must match; empty for any
	Type     string   `json:"type,omitempty"`    // one of IdentityTypes; empty is text
	Choices  []string `json:"choices,omitempty"` // the possible answers to a Choice
}

// Choice is the type of a field that is answered with one of its Choices.
const Choice = "choice"

// MaxAnswer is the most characters that an answer may have.
const MaxAnswer = 256

// An IdentityType is a sort of answer.
type IdentityType struct {
	Name    string
	Pattern string // RE2 that the whole answer matches; empty for any
	Form    string // how an answer should look, as the end of a sentence
	Input   string // type of HTML's input element
}

// IdentityTypes are the types of fields, the default first.
var IdentityTypes = []IdentityType{
	{Name: "text", Input: "text"},
	{Name: "email", Pattern: `[^@\s]+@[^@\s]+`, Form: "an e-mail address, such as ann@example.org", Input: "email"},
	{Name: "number", Pattern: `[+-]?[0-9]+([.,][0-9]+)?`, Form: "a number", Input: "text"},
	{Name: "phone", Pattern: `\+?[0-9][0-9 ()/.-]{2,30}`, Form: "a telephone number, such as +49 30 1234567", Input: "tel"},
	{Name: Choice, Form: "one of the answers that are offered"},
}

// Kind returns the type of the field, and whether it is known: a newer server
// may ask for others, which count as text.
func (f IdentityField) Kind() (IdentityType, bool) {
	for _, t := range IdentityTypes {
		if t.Name == f.Type {
			return t, true
		}
	}
	return IdentityTypes[0], f.Type == ""
}

// Fill returns the field as it is asked: with a label, and with a pattern for
// whoever knows patterns but not types, as the first agents.
func (f IdentityField) Fill() IdentityField {
	if f.Label == "" {
		f.Label = f.Name
	}
	if f.Pattern != "" {
		return f
	}
	kind, _ := f.Kind()
	f.Pattern = kind.Pattern
	if f.Type == Choice {
		quoted := make([]string, len(f.Choices))
		for i, c := range f.Choices {
			quoted[i] = regexp.QuoteMeta(c)
		}
		f.Pattern = strings.Join(quoted, "|")
	}
	return f
}

// Check says in a sentence what is wrong with an answer, or nil.
func (f IdentityField) Check(answer string) error {
	kind, _ := f.Kind()
	blank := strings.TrimSpace(answer) == ""
	switch {
	case blank && f.Required:
		return Errorf(Invalid, "%s must be answered", f.Label)
	case blank:
		return nil
	case utf8.RuneCountInString(answer) > MaxAnswer:
		return Errorf(Invalid, "%s may have at most %d characters", f.Label, MaxAnswer)
	case !utf8.ValidString(answer) || strings.IndexFunc(answer, unicode.IsControl) >= 0:
		return Errorf(Invalid, "%s holds characters that cannot be printed", f.Label)
	case f.Type == Choice && !slices.Contains(f.Choices, answer):
		return Errorf(Invalid, "%s must be %s", f.Label, Word(kind.Form))
	}
	fits, err := f.fits(kind.Pattern, answer)
	if err == nil && !fits {
		return Errorf(Invalid, "%s must be %s", f.Label, Word(kind.Form))
	}
	if err == nil {
		fits, err = f.fits(f.Pattern, answer)
	}
	if err == nil && !fits {
		return Errorf(Invalid, "%s does not have the form that is asked for", f.Label)
	}
	return err
}

// CheckPattern reports whether the field's pattern can be used.
func (f IdentityField) CheckPattern() error {
	if _, err := regexp.Compile(f.Pattern); err != nil { // "a)|(b" is none, though it fits between others
		return f.unusable(err)
	}
	return nil
}

func (f IdentityField) unusable(err error) error {
	return Errorf(Invalid, "the pattern of the field %s cannot be used", f.Name).Because(err)
}

// fits reports whether the whole answer matches a pattern.
func (f IdentityField) fits(pattern, answer string) (bool, error) {
	if pattern == "" {
		return true, nil
	}
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return false, f.unusable(err)
	}
	return whole.MatchString(answer), nil
}

// CheckAnswers says in a sentence what is wrong with the answers to the fields,
// by their names, or nil. Fields that need no answer may be left out.
func CheckAnswers(fields []IdentityField, answers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		if !slices.ContainsFunc(fields, func(f IdentityField) bool { return f.Name == name }) {
			return Errorf(Invalid, "nobody asked for %.64q", name)
		}
	}
	for _, f := range fields {
		if err := f.Check(answers[f.Name]); err != nil {
			return err
		}
	}
	return nil
}

// TrimAnswers returns answers as they are stored: without space around them, and
// without those that say nothing.
func TrimAnswers(answers map[string]string) map[string]string {
	trimmed := map[string]string{}
	for name, answer := range answers {
		if answer = strings.TrimSpace(answer); answer != "" {
			trimmed[name] = answer
		}
	}
	return trimmed
}

// DefaultIdentityFields are the questions of a new account.
func DefaultIdentityFields() []IdentityField {
	return []IdentityField{
		{Name: "full_name", Label: "Full name", Required: true},
		{Name: "email", Label: "E-mail address", Required: true, Type: "email"},
	}
}

// A Door is the way by which a user's answers came.
type Door string

// The doors. An agent that does not say which is an older one.
const (
	WindowDoor   Door = "window"   // of the user's desktop
	TerminalDoor Door = "terminal" // reeve-agent identify
	PageDoor     Door = "link"     // a page of the server, opened by a link
	AgentDoor    Door = "agent"    // it did not say how
)

// ParseDoor returns the door with the given name; those that agents made up are
// AgentDoor.
func ParseDoor(name string) Door {
	if d := Door(name); d == WindowDoor || d == TerminalDoor {
		return d
	}
	return AgentDoor
}

// An Identification is one time that a device's user said who it is.
type Identification struct {
	Command CommandID
	At      time.Time
	Door    Door
	User    string // the name under which the user was logged in; empty if unknown
	Address string // of the browser, by link only
	Answers map[string]string
}
