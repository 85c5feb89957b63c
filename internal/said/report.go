package said

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"reeve"
	"reeve/internal/link"
)

// Limits on the answers of a re-identify.
const (
	maxAnswers = 32
	maxAnswer  = 1 << 10
)

// reportable are the states that an agent may name.
var reportable = map[string]reeve.State{
	reeve.Running.String():   reeve.Running,
	reeve.Succeeded.String(): reeve.Succeeded,
	reeve.Failed.String():    reeve.Failed,
	reeve.Refused.String():   reeve.Refused,
}

// ReadReport reads what the device's agent says of a command.
func ReadReport(device int64, data []byte) (reeve.Report, error) {
	var r link.Report
	if len(data) > link.MaxReport {
		return reeve.Report{}, errors.New("the report is too long")
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return reeve.Report{}, errors.New("the report is not the JSON that it should be")
	}
	id, okID := reeve.ParseCommandID(r.Command)
	state, okState := reportable[r.State]
	result, okResult := object(r.Result)
	switch {
	case !okID:
		return reeve.Report{}, errors.New("the report names no command")
	case !okState:
		return reeve.Report{}, errors.New("the report names a state that no agent may report")
	case r.Percent < -1 || r.Percent > 100:
		return reeve.Report{}, errors.New("the report has a percentage out of range")
	case !okResult:
		return reeve.Report{}, errors.New("the report has a result that is no object, no UTF-8 or too long")
	case !tidyAnswers(r.Identity):
		return reeve.Report{}, errors.New("the report has too many or too long answers")
	}
	reason := reeve.NoReason
	if state == reeve.Failed || state == reeve.Refused {
		// One that is not known here comes from a newer agent.
		reason, _ = reeve.ParseReason(r.Reason)
	}
	return reeve.Report{
		ID: id, Device: device, State: state, Reason: reason, Percent: int8(r.Percent),
		Message: Line(r.Message, link.MaxMessage), Result: result, Identity: r.Identity,
		Door: reeve.ParseDoor(r.Door), User: Line(r.User, MaxText),
		Threats: Threats(result), Restored: Restored(result),
	}, nil
}

// object accepts a JSON object, and none.
func object(raw json.RawMessage) (json.RawMessage, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	return raw, raw[0] == '{' && len(raw) <= link.MaxResult && utf8.Valid(raw)
}

// tidyAnswers makes every answer a line, and reports whether they fit.
func tidyAnswers(answers map[string]string) bool {
	if len(answers) > maxAnswers {
		return false
	}
	for name, answer := range answers {
		if name == "" || len(name) > MaxText || !isLine(name) || len(answer) > maxAnswer {
			return false
		}
		answers[name] = Line(answer, maxAnswer)
	}
	return true
}
