package reeve_test

import (
	"regexp"
	"strings"
	"testing"

	"reeve"
)

func TestAnswers(t *testing.T) {
	mail := reeve.IdentityField{Name: "email", Label: "E-mail", Required: true, Pattern: `[^@\s]+@[^@\s]+`}
	free := reeve.IdentityField{Name: "note", Label: "Note"}
	mailType := reeve.IdentityField{Name: "email", Label: "E-mail", Type: "email"}
	count := reeve.IdentityField{Name: "n", Label: "N", Type: "number", Pattern: "[0-9]"}
	phone := reeve.IdentityField{Name: "p", Label: "P", Type: "phone"}
	site := reeve.IdentityField{Name: "s", Label: "Site", Type: "choice", Choices: []string{"Main (1)", "Lab"}}
	odd := reeve.IdentityField{Name: "o", Label: "O", Type: "of a newer server"}
	either := reeve.IdentityField{Name: "e", Label: "E", Pattern: "a|b"}
	tests := map[string]struct {
		field  reeve.IdentityField
		answer string
		want   string // of the message; empty if it is accepted
	}{
		"matches":             {mail, "a@example.org", ""},
		"required":            {mail, "", "must be answered"},
		"required, blank":     {mail, "  ", "must be answered"},
		"matches only inside": {mail, "x a@b", "form that is asked for"},
		"alternatives whole":  {either, "ab", "form that is asked for"},
		"optional":            {free, "", ""},
		"optional, pattern":   {either, "", ""},
		"longest":             {free, strings.Repeat("ä", reeve.MaxAnswer), ""},
		"too long":            {free, strings.Repeat("ä", reeve.MaxAnswer+1), "at most 256"},
		"two lines":           {free, "a\nb", "cannot be printed"},
		"an address":          {mailType, "a@b", ""},
		"no address":          {mailType, "a at b", "an e-mail address"},
		"a number":            {count, "7", ""},
		"no number":           {count, "seven", "a number"},
		"number and pattern":  {count, "77", "form that is asked for"},
		"a telephone":         {phone, "+49 (30) 123-45", ""},
		"no telephone":        {phone, "call me", "a telephone number"},
		"a choice":            {site, "Main (1)", ""},
		"no choice":           {site, "Main", "answers that are offered"},
		"unknown type":        {odd, "anything", ""},
		"not text":            {free, "\xff", "cannot be printed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.field.Check(tt.answer)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Whoever knows patterns only, as the first agents, takes what the types mean.
func TestTypesHavePatterns(t *testing.T) {
	for _, f := range []reeve.IdentityField{
		{Type: "email"}, {Type: "number"}, {Type: "phone"}, {Type: "choice", Choices: []string{"a|b", "(c)", "d"}}, {Type: "text"}, {},
	} {
		filled := f.Fill()
		pattern := regexp.MustCompile(`\A(?:` + filled.Pattern + `)\z`)
		for _, answer := range []string{"a@b", "-1,5", "+49 30 12345", "a|b", "(c)", "a", "b", "any"} {
			if old, now := filled.Pattern == "" || pattern.MatchString(answer), f.Check(answer) == nil; old != now {
				t.Errorf("type %q, answer %q: by pattern %v, by type %v", f.Type, answer, old, now)
			}
		}
	}
	own := reeve.IdentityField{Type: "phone", Pattern: "0.*"}
	if filled := own.Fill(); filled.Pattern != own.Pattern {
		t.Errorf("filled %+v", filled)
	}
}

func TestAllAnswers(t *testing.T) {
	fields := []reeve.IdentityField{{Name: "a", Label: "A", Required: true}, {Name: "b", Label: "B", Type: "number"}}
	for want, answers := range map[string]map[string]string{
		"":                     {"a": "x"},
		"A must be answered":   {"b": "1"},
		"B must be a number":   {"a": "x", "b": "y"},
		`nobody asked for "c"`: {"a": "x", "c": "y"},
	} {
		if err := reeve.CheckAnswers(fields, reeve.TrimAnswers(answers)); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%v: %v, want %q", answers, err, want)
		}
	}
}
