package control

import (
	_ "embed"
	"slices"
	"strings"
	"unicode/utf8"

	"reeve"
)

// What makes a password trivial, however long it is: a pattern of a few
// characters over and over, and little beside the operator's name.
const (
	shortPattern = 6
	besideName   = 8
	shortName    = 3 // shorter names are in many passwords by chance
)

// commonPasswords are the most common ones that are long enough, in lower case.
//
//go:embed common_passwords.txt
var commonPasswords string

// notTrivial is an error for a password that is among the first that anybody
// would try.
func notTrivial(name, password string) error {
	folded, name := strings.ToLower(password), strings.ToLower(name)
	rest := utf8.RuneCountInString(strings.ReplaceAll(folded, name, ""))
	switch {
	case repeats(folded):
		return reeve.Errorf(reeve.Invalid, "the password is a few characters over and over; choose one that is not so easy to guess, such as some words that have nothing to do with each other")
	case utf8.RuneCountInString(name) >= shortName && strings.Contains(folded, name) && rest < besideName:
		return reeve.Errorf(reeve.Invalid, "the password is little more than the operator's name; choose one that has at least %d characters beside it", besideName)
	case slices.Contains(strings.Fields(commonPasswords), folded):
		return reeve.Errorf(reeve.Invalid, "the password is one of the most common ones, which are tried first; choose another")
	}
	return nil
}

// repeats reports whether text is a short pattern over and over, the last time
// perhaps in part.
func repeats(text string) bool {
	letters := []rune(text)
	for n := 1; n <= shortPattern && n < len(letters); n++ {
		if slices.Equal(letters[n:], letters[:len(letters)-n]) {
			return true
		}
	}
	return false
}
