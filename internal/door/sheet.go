package door

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strings"
	"time"
)

// Cell keeps a spreadsheet from reading text as a formula: what a device says
// of itself may be an attack on whoever opens the table.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// A Sheet sends a table for spreadsheets as it grows, and never holds more than
// what was written since the last Send.
type Sheet struct {
	w    http.ResponseWriter
	body bytes.Buffer
	csv  *csv.Writer
}

// sheetPatience is how long a reader may take for what one Send sends.
const sheetPatience = time.Minute

// NewSheet begins the answer, as a file with this name, with a line of headings.
func NewSheet(w http.ResponseWriter, file string, heads ...string) *Sheet {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	w.WriteHeader(http.StatusOK)
	s := &Sheet{w: w}
	s.csv = csv.NewWriter(&s.body)
	s.Row(heads...)
	return s
}

// Row adds a line; no cell of it is read as a formula.
func (s *Sheet) Row(cells ...string) {
	for i, cell := range cells {
		cells[i] = Cell(cell)
	}
	s.csv.Write(cells) // a buffer takes everything
}

// Send sends what was added, and reports whether the reader has gone.
func (s *Sheet) Send() (gone bool) {
	s.csv.Flush()
	wire := http.NewResponseController(s.w)
	_ = wire.SetWriteDeadline(time.Now().Add(sheetPatience)) // tests have no connection
	if _, err := s.w.Write(s.body.Bytes()); err != nil {
		return true
	}
	s.body.Reset()
	return wire.Flush() != nil
}
