package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

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
			out = append(out, param{Name: w.param(name, key), Value: value})
		}
	}
	return out
}

// param returns what people call a parameter, of this action or of whatever has
// one of its name.
func (w *words) param(action, name string) string {
	return w.or(w.or(name, "params."+name), "params."+action+"_"+name)
}

// params are those of an order that was or would be issued at a moment, or at one
// that is not known yet: lengths of time with their end, groups by their names.
func (v *visit) params(name string, raw json.RawMessage, issued time.Time) []param {
	var all map[string]json.RawMessage
	json.Unmarshal(raw, &all)
	def, _ := action.Lookup(name)
	until := map[string]time.Time{}
	for _, p := range def.Params {
		var hours int64
		var id string
		switch p.Ask.Kind {
		case action.Hours:
			if json.Unmarshal(all[p.Name], &hours) != nil || hours == 0 {
				continue
			}
			all[p.Name], _ = json.Marshal(v.words.say("params."+p.Name+"_hours", hours))
			if !issued.IsZero() {
				until[v.words.param(name, p.Name)] = issued.Add(time.Duration(hours) * time.Hour)
			}
		case action.InGroup:
			if json.Unmarshal(all[p.Name], &id) != nil || id == action.DefaultGroup {
				continue
			}
			if group, err := v.groupName(id); err == nil && group != "" {
				all[p.Name], _ = json.Marshal(group)
			}
		}
	}
	told, _ := json.Marshal(all)
	out := v.words.params(name, told)
	for i := range out {
		out[i].Until = until[out[i].Name]
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
