package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reeve/internal/action"
)

// Every language says everything, about the same things.
func TestCatalogueIsWhole(t *testing.T) {
	all := openWords()
	first := all[languages[0]]
	places := regexp.MustCompile(`\{\d\}`)
	for _, language := range languages[1:] {
		for key := range all[language].texts {
			if _, ok := first.texts[key]; !ok && !strings.HasPrefix(key, errorsPrefix) {
				t.Errorf("%s has %s, which %s lacks", language, key, first.language)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(first.texts)) {
			text, ok := all[language].texts[key]
			if !ok {
				t.Errorf("%s lacks %s: %q", language, key, first.texts[key])
				continue
			}
			want, got := places.FindAllString(first.texts[key], -1), places.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) && !strings.HasSuffix(key, ".one") {
				t.Errorf("%s of %s has the places %v, want %v", key, language, got, want)
			}
		}
	}
}

// The button that places an order says what it does, for every action.
func TestPlacingNamesTheAction(t *testing.T) {
	for _, w := range openWords() {
		for _, def := range action.Offered(action.Own) {
			if text := w.say("act.place."+def.Name, 2); !strings.Contains(text, "2") {
				t.Errorf("%s: the button for %s says %q", w.language, def.Name, text)
			}
		}
	}
}

var (
	called   = regexp.MustCompile(`\bt "([a-z_.]+)"`)
	actions  = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	markup   = regexp.MustCompile(`(?s)<[^>]*>`)
	entities = regexp.MustCompile(`&[a-z]+;`)
	letters  = regexp.MustCompile(`\pL{2,}`)
	spoken   = regexp.MustCompile(`(?:aria-label|title|placeholder|alt)="([^"]*)"`)
	// neutral is what every language writes alike.
	neutral = map[string]bool{"Reeve": true, "English": true, "Deutsch": true, "CSV": true, "UTC": true, "MAC": true, "ID": true}
)

// Templates take their texts from the catalogue: every text that they name is
// there, and they have none of their own.
func TestTemplatesHaveNoTexts(t *testing.T) {
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates", err)
	}
	words := openWords()[languages[0]]
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range called.FindAllStringSubmatch(string(raw), -1) {
			if !strings.HasSuffix(call[1], ".") && !words.has(call[1]) {
				t.Errorf("%s names %s, which the catalogue lacks", file, call[1])
			}
		}
		plain := actions.ReplaceAllString(string(raw), "")
		own := entities.ReplaceAllString(markup.ReplaceAllString(plain, " "), " ")
		for _, said := range spoken.FindAllStringSubmatch(plain, -1) {
			own += " " + said[1]
		}
		for _, word := range letters.FindAllString(own, -1) {
			if !neutral[word] {
				t.Errorf("%s has the text %q: take it from the catalogue", file, word)
			}
		}
	}
}

func TestSay(t *testing.T) {
	w := &words{"de", map[string]string{"a.one": "{0} Gerät", "a.other": "{0} Geräte von {1}", "b": "einfach"}}
	for _, tt := range []struct {
		want string
		got  string
	}{
		{"1 Gerät", w.say("a", 1)},
		{"12.345 Geräte von x", w.say("a", int64(12345), "x")},
		{"2 Geräte von y", w.say("a", 2.0, "y")},
		{"einfach", w.say("b")},
		{"c", w.say("c")},
		{"-1.000", w.number(-1000)},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestPreferred(t *testing.T) {
	for header, want := range map[string]string{"": "en", "de-AT,de;q=0.9,en;q=0.8": "de", "fr, de;q=0.5": "de", "fr": "en", "EN-gb": "en"} {
		if got := preferred(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// Of two texts by the same name the latter would win, in silence.
func TestTextsHaveOneNameEach(t *testing.T) {
	files, err := filepath.Glob("words/*/*.json")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range namesTwice(t, json.NewDecoder(bytes.NewReader(content))) {
			t.Errorf("%s says %s twice", file, name)
		}
	}
}

// namesTwice returns the members that the next value has more than once, at any depth.
func namesTwice(t *testing.T, d *json.Decoder) (twice []string) {
	t.Helper()
	next := func() json.Token {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	if next() != json.Delim('{') {
		return nil
	}
	names := map[json.Token]bool{}
	for d.More() {
		name := next()
		if names[name] {
			twice = append(twice, fmt.Sprint(name))
		}
		names[name] = true
		twice = append(twice, namesTwice(t, d)...)
	}
	next() // the end
	return twice
}

// What people read as a number they may type as they read it.
func TestNumbersAreTypedAsShown(t *testing.T) {
	for _, tt := range []struct {
		n     int
		typed string
		is    bool
	}{
		{3, "3", true}, {3, " 3\u00a0", true}, {3, "33", false}, {3, "", false}, {0, "", false},
		{1768, "1768", true}, {1768, "1,768", true}, {1768, "1.768", true}, {1768, "1\u202f768", true}, {1768, "1’768", true}, {1768, "1'768", true},
		{1768, "17,68", false}, {1768, "1,,768", false}, {1768, "1,769", false}, {1768, "-1768", false},
		{1234567, "1 234 567", true}, {1234567, "1234567", true}, {123456, "123.456", true},
	} {
		if is := typed(tt.typed, tt.n); is != tt.is {
			t.Errorf("%d typed as %q: %v", tt.n, tt.typed, is)
		}
	}
	for language, w := range openWords() {
		if shown := w.number(1234567); !typed(shown, 1234567) {
			t.Errorf("%s shows %q, which is not to be typed", language, shown)
		}
	}
}
