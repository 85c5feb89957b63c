package console

import (
	"fmt"
	"html/template"
	"net/url"
	"time"

	"reeve"
	"reeve/internal/control"
)

// funcs are what templates can call; with a language of their own, so that a
// template names texts and no languages.
func funcs(w *words, a *assets) template.FuncMap {
	return template.FuncMap{
		"t":       w.say, // a text of the catalogue
		"tor":     w.or,  // a text of the catalogue, or the given one: tor FALLBACK KEY
		"num":     func(n any) string { i, _ := whole(n); return w.number(i) },
		"size":    w.size,
		"browser": browserOf, // what a browser says of itself, for the part "browser"
		"asset":   a.path,    // address of a static file
		"at":      at,        // a time, for the part "time"
		"action":  w.action,  // title of an action, by its name
		"retires": control.Deletion,
		"used":    func(d reeve.Disk) int64 { return d.Size - d.Free },
		"facts":   w.facts,        // of the Detail of a row of the log
		"path":    url.PathEscape, // one segment of an address
		"dict":    dict,
		"list":    func(items ...any) []any { return items },
		"sub":     func(a, b int) int { return a - b },
		"scope":   func(name string) reeve.Scope { return reeve.Scope(name) },
		"share":   share,
		"typedAs": typedAs, // pattern of a number that is typed
		"newKey":  newKey,
		"prefix":  func() string { return Prefix },
	}
}

// An instant is a time as the part "time" shows it.
type instant struct {
	ISO  string // RFC 3339 in UTC, for scripts
	Text string // for whoever has no scripts
}

// at prepares a time; the zero time is the zero instant.
func at(t time.Time) instant {
	if t.IsZero() {
		return instant{}
	}
	t = t.UTC()
	return instant{t.Format(time.RFC3339), t.Format("2006-01-02 15:04:05 UTC")}
}

// dict gathers what a part needs: names and values in turn.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict has a name without a value")
	}
	d := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		d[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return d, nil
}

// share returns how much of a whole a part is, in thousandths of 100: the
// lengths of bars, whose pictures are 100 wide.
func share(part, of any) string {
	p, _ := whole(part)
	o, _ := whole(of)
	if o <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.3f", float64(p)*100/float64(o))
}
