package console

import (
	"strconv"
	"strings"

	"reeve"
)

// filled are the fields of a form as a page shows them, by name: what there is,
// or what a person sent that had a fault. A box that is not ticked has no field.
type filled map[string]string

// filled returns what was sent, without fields that hold a secret: no page says
// one again.
func (v *visit) filled(secrets ...string) filled {
	f := filled{}
	for name, values := range v.PostForm {
		f[name] = values[0]
	}
	for _, name := range secrets {
		delete(f, name)
	}
	return f
}

// tick sets a box.
func (f filled) tick(name string, ticked bool) {
	if ticked {
		f[name] = "on"
	}
}

// put sets a whole number; 0 is an empty field.
func (f filled) put(name string, n int64) {
	if n != 0 {
		f[name] = strconv.FormatInt(n, 10)
	}
}

func (f filled) has(name string) bool { return f[name] != "" }

// number reads a field that holds a whole number; without one it is 0. What
// calls it so in an error.
func (f filled) number(name, what string) (int64, error) {
	text := strings.TrimSpace(f[name])
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, reeve.Errorf(reeve.Invalid, "%s must be a whole number; correct it", what)
	}
	return n, nil
}

// chosen returns which of the boxes NAME.WORD are ticked.
func chosen[T ~string](f filled, name string, words []T) []T {
	var some []T
	for _, word := range words {
		if f.has(name + "." + string(word)) {
			some = append(some, word)
		}
	}
	return some
}

// lines returns the lines of a field that say something, without space around them.
func (f filled) lines(name string) []string {
	var lines []string
	for line := range strings.Lines(f[name]) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// formAgain shows a form that had a fault; show makes it from what was typed.
func formAgain(fault error, show func() (*page, error)) (*page, error) {
	p, err := show()
	if err != nil {
		return nil, err
	}
	return again(p, fault)
}
