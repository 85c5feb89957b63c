package reeve

import "slices"

// names maps the small integers of an enumeration to words and back.
type names[T ~int8] []string

func (n names[T]) of(v T) string {
	if v < 0 || int(v) >= len(n) {
		return "invalid"
	}
	return n[v]
}

func (n names[T]) find(name string) (T, bool) {
	i := slices.Index(n, name)
	return T(max(i, 0)), i >= 0
}
