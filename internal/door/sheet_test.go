package door

import (
	"net/http/httptest"
	"testing"
)

func TestSheet(t *testing.T) {
	w := httptest.NewRecorder()
	sheet := NewSheet(w, "devices.csv", "name", "user")
	sheet.Row(`=HYPERLINK("x")`, "a,b")
	sheet.Row("plain", "+1")
	sheet.Send()
	sheet.Row("@cmd", "")
	sheet.Send()
	want := "name,user\n\"'=HYPERLINK(\"\"x\"\")\",\"a,b\"\nplain,'+1\n'@cmd,\n"
	if got := w.Body.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if w.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Error(w.Header())
	}
}
