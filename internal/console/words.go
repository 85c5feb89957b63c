package console

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
)

// The catalogue: a folder for each language, with a file for each part of the
// console. A file is an object of texts and of objects of texts; a text is known
// by its file and its path, such as "devices.filter.group". A text that counts
// has the forms "one" and "other", chosen by its first argument.
//
//go:embed words
var wordFiles embed.FS

// words is the catalogue in one language.
type words struct {
	language string
	texts    map[string]string
}

// languages are those of the catalogue; the first is for who speaks none of them.
var languages = []string{"en", "de"}

// openWords reads the whole catalogue; one that cannot be read stops the program.
func openWords() map[string]*words {
	all := map[string]*words{}
	for _, language := range languages {
		w := &words{language, map[string]string{}}
		files, err := fs.Glob(wordFiles, "words/"+language+"/*.json")
		if err != nil {
			panic(err)
		}
		for _, name := range files {
			raw, err := wordFiles.ReadFile(name)
			if err != nil {
				panic(err)
			}
			var tree map[string]any
			if err := json.Unmarshal(raw, &tree); err != nil {
				panic(fmt.Errorf("%s: %w", name, err))
			}
			w.add(strings.TrimSuffix(path.Base(name), ".json"), tree)
		}
		all[language] = w
	}
	return all
}

func (w *words) add(prefix string, tree map[string]any) {
	for name, value := range tree {
		switch value := value.(type) {
		case string:
			w.texts[prefix+"."+name] = value
		case map[string]any:
			w.add(prefix+"."+name, value)
		}
	}
}

// has reports whether there is a text of this name.
func (w *words) has(key string) bool {
	_, plain := w.texts[key]
	_, counts := w.texts[key+".other"]
	return plain || counts
}

// say returns a text with its arguments in the places of {0}, {1} and so on. A
// text that is not there shows its name, so that nobody overlooks it.
func (w *words) say(key string, args ...any) string {
	text, ok := w.texts[key]
	if !ok && len(args) > 0 {
		form := ".other"
		if n, isNumber := whole(args[0]); isNumber && n == 1 {
			form = ".one"
		}
		text, ok = w.texts[key+form]
	}
	if !ok {
		return key
	}
	for i, arg := range args {
		shown := fmt.Sprint(arg)
		if n, isNumber := whole(arg); isNumber {
			shown = w.number(n)
		}
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", shown)
	}
	return text
}

// below returns the texts whose names begin with a prefix, by the rest of the name.
func (w *words) below(prefix string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for key, text := range w.texts {
			if name, ok := strings.CutPrefix(key, prefix); ok && !yield(name, text) {
				return
			}
		}
	}
}

// or is say, with a text for what has none in the catalogue.
func (w *words) or(fallback, key string) string {
	if w.has(key) {
		return w.say(key)
	}
	return fallback
}

func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case float64: // as a number comes out of JSON
		return int64(n), n == float64(int64(n))
	}
	return 0, false
}

// number writes a number in groups of three digits, as the language does.
func (w *words) number(n int64) string {
	sign, digits := "", strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	mark := map[string]string{"de": "."}[w.language]
	if mark == "" {
		mark = ","
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	return sign + digits
}

// size writes a number of bytes as people read it.
func (w *words) size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	for len(units) > 1 && n >= 10_000 {
		n, units = (n+500)/1000, units[1:]
	}
	return w.number(n) + "\u00a0" + units[0]
}

// preferred returns the first language of an Accept-Language header that the
// catalogue has. Browsers write the header in order of preference.
func preferred(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
		for _, language := range languages {
			if tag == language {
				return language
			}
		}
	}
	return languages[0]
}
