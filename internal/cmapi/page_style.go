package cmapi

import (
	"html/template"
	"unicode"
	"unicode/utf8"

	"reeve/internal/look"
)

// styled is part of the data of every page for people.
type styled struct{}

// Style is the page's only style.
func (styled) Style() template.CSS { return template.CSS(look.Style) }

// sentence writes an error's message as people write sentences.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	return string(unicode.ToUpper(first)) + message[size:] + "."
}
