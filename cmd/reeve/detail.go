package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// words writes the facts of a log's row for people, as name=value. What is
// empty or zero is left out, and a hash is shortened.
func words(detail json.RawMessage) string {
	var facts map[string]json.RawMessage
	if json.Unmarshal(detail, &facts) != nil {
		return string(detail)
	}
	var out []string
	for _, name := range sortedKeys(facts) {
		if value := word(facts[name]); value != "" {
			out = append(out, name+"="+value)
		}
	}
	return strings.Join(out, " ")
}

var (
	hash = regexp.MustCompile(`^[0-9a-f]{64}$`)
	bare = regexp.MustCompile(`^[\w.:@/+-]+$`) // reads well without quotes
)

// shownDigits is how much of a hash is enough to tell it from others.
const shownDigits = 8

// word writes one value: a text bare if it can be, anything that is made of
// others as JSON without blanks.
func word(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		if hash.MatchString(text) {
			return text[:shownDigits]
		}
		return wordOf(text)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	switch compact.String() {
	case "0", "{}", "[]", "false":
		return ""
	}
	return compact.String()
}

// wordOf writes a text bare if it can be.
func wordOf(text string) string {
	if text == "" || bare.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
