package console

import (
	"time"

	"reeve"
)

// fieldMoment is how the fields of forms write a moment, in UTC as far as the server
// is concerned; a script puts it in the reader's zone and back.
const fieldMoment = "2006-01-02T15:04"

// readMoment reads what a form or an address says of a moment: as scripts send it,
// or else as the field has it, or a day, which begins in UTC.
func readMoment(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, fieldMoment, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, reeve.Errorf(reeve.Invalid, "choose a date and a time, such as 2026-11-30T18:00, which is in UTC")
}

// asField is what a field shows of a moment that was given; empty if it was none.
func asField(text string) string {
	t, err := readMoment(text)
	if err != nil {
		return ""
	}
	return t.Format(fieldMoment)
}
