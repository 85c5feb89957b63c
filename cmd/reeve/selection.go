package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reeve/client"
)

// whichDevices says what names the devices of a proposal; "" where that was not
// told.
func whichDevices(s *client.Selection) string {
	switch {
	case s == nil:
		return ""
	case s.RetryOf != "":
		return "those of job " + s.RetryOf + " on which it did not succeed"
	case s.UndoOf != "":
		return "those of job " + s.UndoOf + " on which it succeeded"
	case s.Group != "" && s.GroupName == "":
		return "group " + s.Group + ", which is gone"
	case s.Group != "":
		return fmt.Sprintf("group %s (%s)", wordOf(s.GroupName), s.Group)
	case s.All || s.Filtered:
		return filtered(s)
	case s.Named == 1:
		return "1 named device"
	default:
		return fmt.Sprintf("%d named devices", s.Named)
	}
}

// filtered says what a filter asks, field by field in the order of the terms.
func filtered(s *client.Selection) string {
	var fields []string
	words := map[string][]string{}
	for _, t := range s.Terms {
		if !slices.Contains(fields, t.Field) {
			fields = append(fields, t.Field)
		}
		words[t.Field] = append(words[t.Field], wordOf(cmp.Or(t.Name, t.Word, "another")))
	}
	text := "every device"
	for i, field := range fields {
		fields[i] = field + "=" + strings.Join(words[field], ",")
	}
	switch {
	case len(fields) > 0 && s.More > 0:
		text += fmt.Sprintf(" with %s and %d more conditions", strings.Join(fields, " "), s.More)
	case len(fields) > 0:
		text += " with " + strings.Join(fields, " ")
	case s.More > 0:
		text += " that a very long filter selects"
	}
	if s.Within {
		text += ", in the groups of who asked"
	}
	return text
}

// firstOf names the first of the devices that a proposal names one by one.
func firstOf(s *client.Selection) string {
	if s == nil || len(s.First) == 0 {
		return ""
	}
	text := strings.Join(s.First, ", ")
	if more := s.Named - len(s.First); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
