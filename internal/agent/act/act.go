// Package act carries out what the server orders of an agent: one file for
// each action, or several with its name in front, that declare the part of the
// host that it needs.
//
// It decides nothing about whether an order is genuine, new or still wanted;
// that is the loop's. It may import the root, the catalogue of actions and the
// threat engines. It starts no processes and opens no connections: what only
// the machine can do it asks of its [Host].
package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"reeve"
)

// A Task is one command as the loop hands it over.
type Task struct {
	Command  string // id, letters, digits, - and _ only: it becomes part of file names
	Action   string
	Params   json.RawMessage // as published for the action; may be empty
	Issued   time.Time       // when it was ordered, by this machine's clock; zero if that is not known
	FinishBy time.Time       // by this machine's clock; zero without an end

	// Pass waits as long as the command is paused, and returns an error if ctx
	// ends before. What may take minutes calls it at every step; nil never waits.
	Pass func(ctx context.Context) error
}

// An Outcome is how a task ended.
type Outcome struct {
	OK      bool
	Message string          // one line for a person
	Result  json.RawMessage // in the action's own shape; may be there on failure too
	Upload  string          // path of a file for the server, to be removed once it is there; "" if none
}

// Progress is where a running task stands.
type Progress struct {
	Percent int // -1 if it cannot be told
	Note    string
}

// A Host is the machine, and the agent on it, as the actions see them.
type Host interface {
	// Can reports whether this system has what the named action needs.
	Can(action string) bool

	DHCPHost
	AskHost
	LogHost
	ScanHost
	KeepHost
	QuarantineHost
}

const maxMessage = 1000 // bytes; the rest is cut off

// A definition is what the rest of the agent may know about an action.
type definition struct {
	resumable bool
	run       func(context.Context, Host, Task, func(Progress)) (Outcome, error)
}

var definitions = map[string]definition{}

// perform defines an action. P is the shape of its parameters; members that P
// does not have are ignored. An error that run returns makes the outcome a
// failed one, with the error as its message.
func perform[P any](action string, resumable bool, run func(context.Context, Host, Task, P, func(Progress)) (Outcome, error)) {
	definitions[action] = definition{resumable, func(ctx context.Context, h Host, t Task, progress func(Progress)) (Outcome, error) {
		var params P
		if len(t.Params) > 0 {
			if err := json.Unmarshal(t.Params, &params); err != nil {
				return Outcome{}, reeve.Errorf(reeve.Invalid, "the parameters of %s do not have the published shape", action).Because(err)
			}
		}
		return run(ctx, h, t, params, progress)
	}}
}

// Offered lists the actions that can be done on h, ordered by name.
func Offered(h Host) []string {
	offered := slices.Sorted(maps.Keys(definitions))
	return slices.DeleteFunc(offered, func(action string) bool { return !h.Can(action) })
}

// Resumable reports whether an action that a crash interrupted may simply be
// run again. One that may not has to be reported as interrupted.
func Resumable(action string) bool { return definitions[action].resumable }

// Run carries out t and calls progress, if it is not nil, on the way. It ends
// with a failed outcome when ctx does, when t's time runs out, and when the
// action panics in the goroutine that Run was called in: what an action starts
// beside that has to return its errors, for a panic there ends the agent.
func Run(ctx context.Context, h Host, t Task, progress func(Progress)) (outcome Outcome) {
	d, ok := definitions[t.Action]
	switch {
	case !ok || !h.Can(t.Action):
		return failed("this agent cannot do " + t.Action)
	case !isID(t.Command):
		return failed("the command has no usable id")
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if !t.FinishBy.IsZero() {
		late := fmt.Errorf("the command had to end by %s", t.FinishBy.UTC().Format(time.RFC3339))
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, t.FinishBy, late)
		defer cancel()
	}
	defer func() {
		if fault := recover(); fault != nil {
			slog.ErrorContext(ctx, "action panicked", "action", t.Action, "command", t.Command,
				"fault", fault, "stack", string(debug.Stack()))
			outcome = failed("the agent met a fault of its own; its log says more")
		}
	}()
	outcome, err := d.run(ctx, h, t, progress)
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
		}
		failure := failed(err.Error())
		outcome.OK, outcome.Message = false, failure.Message
		return outcome
	}
	outcome.OK, outcome.Message = true, cut(outcome.Message)
	return outcome
}

func failed(message string) Outcome { return Outcome{Message: cut(message)} }

func cut(message string) string {
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "")
	}
	return message
}

func isID(s string) bool {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	}
	return len(s) > 0 && len(s) <= 64 && strings.IndexFunc(s, odd) < 0
}

// encode writes a result of plain structs, which always can be.
func encode(result any) json.RawMessage {
	data, err := json.Marshal(result)
	if err != nil {
		panic(errors.Join(errors.New("a result that JSON cannot hold"), err))
	}
	return data
}
