package act

import (
	"context"
	"fmt"

	"reeve"
)

// An AskHost can ask the person at the machine.
type AskHost interface {
	// Ask puts the fields to the person and waits for the answers, however
	// long that takes. Asking again under the same command, after a restart,
	// goes on waiting, or returns the answers given meanwhile. It removes the
	// question when ctx ends.
	Ask(ctx context.Context, command string, fields []reeve.IdentityField) (Answers, error)
}

// A Reply is what a process says that asked on somebody's desktop.
type Reply struct {
	Identity map[string]string `json:"identity,omitempty"`
	Later    bool              `json:"later,omitempty"`  // the person did not want to answer now
	Failed   string            `json:"failed,omitempty"` // why it could not ask, where there is no other way to say so
}

// Answers are what a person said, and how.
type Answers struct {
	Identity map[string]string `json:"identity"` // by the names of the fields
	Door     reeve.Door        `json:"door"`
	User     string            `json:"user,omitempty"` // who was logged in; empty if unknown
}

const (
	maxFields    = 32
	maxFieldName = 64 // bytes
)

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
		if err := f.CheckPattern(); err != nil {
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
		p.Fields[i] = p.Fields[i].Fill()
	}
	progress(Progress{Percent: -1, Note: "waiting for an answer"})
	answers, err := h.Ask(ctx, t.Command, p.Fields)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Message: fmt.Sprintf("%d fields were answered", len(answers.Identity)),
		Result:  encode(answers),
	}, nil
}
