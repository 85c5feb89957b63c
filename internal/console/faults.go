package console

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"reeve"
)

// fault says an error in the reader's language. The rules write their sentences
// in English, for programs as well; a language of the catalogue has its own of
// each in its file errors.json, under that format and with the same verbs, and
// English of those that speak as no person would.
func (w *words) fault(err error) string { return sentence(w.retell(err)) }

func (w *words) retell(err error) string {
	format, args := reeve.Sentence(err)
	own, ok := w.texts[errorsPrefix+format]
	if !ok {
		own = format
	}
	said := make([]any, len(args))
	for i, arg := range args {
		said[i] = w.argument(arg)
	}
	return fmt.Sprintf(own, said...)
}

// errorsPrefix begins the names of texts that stand for an English sentence or
// word of an error.
const errorsPrefix = "errors."

// argument replaces what is a word of the program in the sentence of an error.
func (w *words) argument(arg any) any {
	switch arg := arg.(type) {
	case reeve.Word:
		return w.or(w.action(string(arg)), errorsPrefix+string(arg))
	case reeve.Inner:
		return w.retell(arg.Err)
	case reeve.Seconds:
		return w.say("frame.seconds", arg.Whole())
	case reeve.Scope:
		return w.or(string(arg), "frame.scopes."+string(arg))
	case reeve.State:
		return w.or(arg.String(), "states."+arg.String())
	case reeve.ProposalState:
		return w.or(arg.String(), "approvals.states."+arg.String())
	}
	return arg
}

// sentence begins a message with a capital and ends it with a point.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(message)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(message[size:], ".") + "."
}
