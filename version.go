package reeve

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A Version is an agent version: up to four numbers, compared one by one, such
// as 7.6.231.0 (Windows), 10.4.225.0 (macOS) or 26.11.0 (ours, by date).
type Version [4]uint32

// ParseVersion reads one to four dotted numbers.
func ParseVersion(s string) (Version, bool) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) > len(v) {
		return Version{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return Version{}, false
		}
		v[i] = uint32(n)
	}
	return v, true
}

// Compare returns -1, 0 or +1 as v is older than, equal to or newer than w.
func (v Version) Compare(w Version) int {
	for i := range v {
		if c := cmp.Compare(v[i], w[i]); c != 0 {
			return c
		}
	}
	return 0
}

// String returns all four numbers, the published shape, or "" for none.
func (v Version) String() string {
	if v == (Version{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3])
}
