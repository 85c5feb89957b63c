package door

import (
	"testing"

	"reeve"
)

func TestCursor(t *testing.T) {
	token := Cursor("devices", 1, 42, 7)
	var a, b int64
	if err := ReadCursor("cursor", token, "devices", 1, &a, &b); err != nil || a != 42 || b != 7 {
		t.Errorf("read %d %d, %v", a, b, err)
	}
	for name, err := range map[string]error{
		"another account": ReadCursor("cursor", token, "devices", 2, &a, &b),
		"another list":    ReadCursor("cursor", token, "groups", 1, &a, &b),
		"too short":       ReadCursor("cursor", token[:len(token)-2], "devices", 1, &a, &b),
		"fewer numbers":   ReadCursor("cursor", token, "devices", 1, &a),
		"not base64":      ReadCursor("cursor", "%%%", "devices", 1, &a, &b),
	} {
		if reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}
