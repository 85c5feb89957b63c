package console

import (
	"slices"
	"strconv"
	"strings"

	"reeve"
)

// A fieldsPage is the form for the questions that re-identify asks, in order.
type fieldsPage struct {
	Fields   []reeve.IdentityField
	Types    []string
	OfServer bool
}

func (c *console) fields(v *visit) (*page, error) {
	account, err := v.view.Account(v.Context())
	if err != nil {
		return nil, err
	}
	return c.fieldsForm(v, account.IdentityFields)
}

func (c *console) fieldsForm(v *visit, fields []reeve.IdentityField) (*page, error) {
	ofServer, err := v.view.OfServer(v.Context())
	if err != nil {
		return nil, err
	}
	shown := fieldsPage{Fields: fields, OfServer: ofServer}
	for _, t := range reeve.IdentityTypes {
		shown.Types = append(shown.Types, t.Name)
	}
	return &page{name: "fields", title: "settings.fields", data: shown}, nil
}

// maxFieldRows is how many rows of the form are read: more than an account may
// have, so that whoever has too many is told so.
const maxFieldRows = 100

// typedFields are the questions as they were typed.
func typedFields(f filled) []reeve.IdentityField {
	var fields []reeve.IdentityField
	for i := range maxFieldRows {
		row := strconv.Itoa(i)
		if _, there := f["name."+row]; !there {
			break
		}
		field := reeve.IdentityField{
			Name: strings.TrimSpace(f["name."+row]), Label: strings.TrimSpace(f["label."+row]), Required: f.has("required." + row),
			Pattern: f["pattern."+row], Type: f["type."+row],
		}
		if field.Type == reeve.IdentityTypes[0].Name {
			field.Type = ""
		}
		field.Choices = f.lines("choices." + row)
		fields = append(fields, field)
	}
	return fields
}

// changeFields stores the questions, or does to the form what a button of it
// asks for: nothing is stored then.
func (c *console) changeFields(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	fields := typedFields(f)
	if f["do"] != "save" {
		return c.fieldsForm(v, rearrange(fields, f["do"]))
	}
	_, err := c.Rules.ChangeAccount(v.Context(), v.Caller, func(a *reeve.Account) { a.IdentityFields = fields })
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.fieldsForm(v, fields) })
	}
	return v.done("settings/fields", "settings.fieldschanged")
}

// rearrange does what a button says: "add", or "up", "down" or "remove" with the
// number of a row behind a point.
func rearrange(fields []reeve.IdentityField, do string) []reeve.IdentityField {
	if do == "add" {
		return append(fields, reeve.IdentityField{})
	}
	what, row, _ := strings.Cut(do, ".")
	i, err := strconv.Atoi(row)
	if err != nil || i < 0 || i >= len(fields) {
		return fields
	}
	switch {
	case what == "remove":
		return slices.Delete(fields, i, i+1)
	case what == "up" && i > 0:
		fields[i], fields[i-1] = fields[i-1], fields[i]
	case what == "down" && i+1 < len(fields):
		fields[i], fields[i+1] = fields[i+1], fields[i]
	}
	return fields
}
