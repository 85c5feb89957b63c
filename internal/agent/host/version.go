package host

import (
	"slices"
	"strconv"
	"strings"
)

// newestVersion returns the highest of names such as "4.18.24090.11-0", empty
// if none is one.
func newestVersion(names []string) string {
	newest, highest := "", []int(nil)
	for _, name := range names {
		var numbers []int
		for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' }) {
			n, err := strconv.Atoi(part)
			if err != nil {
				numbers = nil
				break
			}
			numbers = append(numbers, n)
		}
		if slices.Compare(numbers, highest) > 0 {
			newest, highest = name, numbers
		}
	}
	return newest
}
