package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"reeve/internal/action"
)

// action returns what people call an action.
func (w *words) action(name string) string {
	def, _ := action.Lookup(name)
	return w.or(cmp.Or(def.Title, name), "actions."+name)
}

// params puts the parameters of an order in words, those that are nothing left
// out.
func (w *words) params(name string, raw json.RawMessage) (out []param) {
	var all map[string]json.RawMessage
	json.Unmarshal(raw, &all) // control made it
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if value := w.value(name, key, all[key]); value != "" {
			out = append(out, param{w.or(key, "params."+key), value})
		}
	}
	return out
}

// value puts the value of a parameter in words: each element that has a word in
// the catalogue in that word, else as it is.
func (w *words) value(name, key string, raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		texts := make([]string, len(list))
		for i, one := range list {
			texts[i] = w.value(name, key, one)
		}
		return strings.Join(texts, ", ")
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var flat bytes.Buffer
		json.Compact(&flat, raw)
		text = flat.String()
	}
	return w.or(text, "params."+key+"_"+text)
}
