package cmapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"unicode"
	"unicode/utf8"
)

var (
	//go:embed page.css
	pageStyle string
	// styleHash lets that one style into a page.
	styleHash = func() string {
		sum := sha256.Sum256([]byte(pageStyle))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}()
)

// styled is part of the data of every page for people.
type styled struct{}

// Style is the page's only style.
func (styled) Style() template.CSS { return template.CSS(pageStyle) }

// sentence writes an error's message as people write sentences.
func sentence(message string) string {
	first, size := utf8.DecodeRuneInString(message)
	return string(unicode.ToUpper(first)) + message[size:] + "."
}
