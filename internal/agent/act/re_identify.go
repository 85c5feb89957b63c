package act

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"reeve"
)

// An AskHost can ask the person at the machine.
type AskHost interface {
	// Ask puts the fields to the person and waits for the answers, however
	// long that takes. Asking again under the same command, after a restart,
	// goes on waiting, or returns the answers given meanwhile. It removes the
	// question when ctx ends.
	Ask(ctx context.Context, command string, fields []reeve.IdentityField) (answers map[string]string, err error)
}

// MaxAnswer is the most characters that an answer may have.
const MaxAnswer = 256

const (
	maxFields    = 32
	maxFieldName = 64 // bytes
)

// CheckAnswer says in a sentence what is wrong with an answer to f, or nil.
func CheckAnswer(f reeve.IdentityField, answer string) error {
	blank := strings.TrimSpace(answer) == ""
	switch {
	case blank && f.Required:
		return reeve.Errorf(reeve.Invalid, "%s must be answered", f.Label)
	case blank:
		return nil
	case utf8.RuneCountInString(answer) > MaxAnswer:
		return reeve.Errorf(reeve.Invalid, "%s may have at most %d characters", f.Label, MaxAnswer)
	case !utf8.ValidString(answer) || strings.IndexFunc(answer, unicode.IsControl) >= 0:
		return reeve.Errorf(reeve.Invalid, "%s holds characters that cannot be printed", f.Label)
	}
	pattern, err := compile(f)
	if err == nil && pattern != nil && !pattern.MatchString(answer) {
		return reeve.Errorf(reeve.Invalid, "%s does not have the form that is asked for", f.Label)
	}
	return err
}

// compile returns what the whole answer has to match, nil for anything.
func compile(f reeve.IdentityField) (*regexp.Regexp, error) {
	if f.Pattern == "" {
		return nil, nil
	}
	pattern, err := regexp.Compile(`\A(?:` + f.Pattern + `)\z`)
	if err != nil {
		return nil, reeve.Errorf(reeve.Invalid, "the pattern of the field %s cannot be used", f.Name).Because(err)
	}
	return pattern, nil
}

type identifyParams struct {
	Fields []reeve.IdentityField `json:"fields"`
}

func (p identifyParams) check() error {
	if len(p.Fields) == 0 || len(p.Fields) > maxFields {
		return reeve.Errorf(reeve.Invalid, "the command names %d identity fields; it takes 1 to %d", len(p.Fields), maxFields)
	}
	seen := map[string]bool{}
	for _, f := range p.Fields {
		if f.Name == "" || len(f.Name) > maxFieldName || seen[f.Name] {
			return reeve.Errorf(reeve.Invalid, "the identity field %q has no name of its own of at most %d bytes", f.Name, maxFieldName)
		}
		seen[f.Name] = true
		if _, err := compile(f); err != nil {
			return err
		}
	}
	return nil
}

func init() { perform("re-identify", true, identify) }

func identify(ctx context.Context, h Host, t Task, p identifyParams, progress func(Progress)) (Outcome, error) {
	if err := p.check(); err != nil {
		return Outcome{}, err
	}
	for i := range p.Fields {
		if p.Fields[i].Label == "" {
			p.Fields[i].Label = p.Fields[i].Name
		}
	}
	progress(Progress{Percent: -1, Note: "waiting for an answer"})
	answers, err := h.Ask(ctx, t.Command, p.Fields)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Message: fmt.Sprintf("%d fields were answered", len(answers)),
		Result: encode(struct {
			Identity map[string]string `json:"identity"`
		}{answers}),
	}, nil
}
