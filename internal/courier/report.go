package courier

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/link"
)

// Limits on the answers of a re-identify.
const (
	maxAnswers = 32
	maxAnswer  = 1 << 10
)

func (c *Courier) onReport(m *nats.Msg) {
	device, _, err := link.ParseSubject(m.Subject)
	if err == nil {
		var report reeve.Report
		if report, err = readReport(device, m.Data); err == nil {
			c.reports.put(report, len(m.Data))
			return
		}
	}
	c.garbage.note(device, err)
}

// reportable are the states that an agent may name.
var reportable = map[string]reeve.State{
	reeve.Running.String():   reeve.Running,
	reeve.Succeeded.String(): reeve.Succeeded,
	reeve.Failed.String():    reeve.Failed,
	reeve.Refused.String():   reeve.Refused,
}

// readReport reads what an agent says of a command. It trusts nothing in it.
func readReport(device int64, data []byte) (reeve.Report, error) {
	var r link.Report
	if len(data) > link.MaxReport {
		return reeve.Report{}, errors.New("a report is too long")
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return reeve.Report{}, errors.New("a report is not the JSON it should be")
	}
	id, okID := reeve.ParseCommandID(r.Command)
	state, okState := reportable[r.State]
	result, okResult := object(r.Result)
	switch {
	case !okID:
		return reeve.Report{}, errors.New("a report names no command")
	case !okState:
		return reeve.Report{}, errors.New("a report names no state that an agent may report")
	case r.Percent < -1 || r.Percent > 100:
		return reeve.Report{}, errors.New("a report has a percentage out of range")
	case !okResult:
		return reeve.Report{}, errors.New("a report has a result that is no object or too long")
	case !answersFit(r.Identity):
		return reeve.Report{}, errors.New("a report has too many or too long answers")
	}
	// A reason that this server does not know comes from a newer agent.
	reason, _ := reeve.ParseReason(r.Reason)
	if state == reeve.Running || state == reeve.Succeeded {
		reason = reeve.NoReason
	}
	return reeve.Report{
		ID: id, Device: device, State: state, Reason: reason, Percent: int8(r.Percent),
		Message: line(r.Message, link.MaxMessage), Result: result, Identity: r.Identity,
	}, nil
}

// object accepts a JSON object, and none.
func object(raw json.RawMessage) (json.RawMessage, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	return raw, raw[0] == '{' && len(raw) <= link.MaxResult
}

func answersFit(answers map[string]string) bool {
	if len(answers) > maxAnswers {
		return false
	}
	for name, answer := range answers {
		if name == "" || len(name) > maxText || len(answer) > maxAnswer || line(name, maxText) != name {
			return false
		}
		answers[name] = line(answer, maxAnswer)
	}
	return true
}

// record commits reports until none come any more, and acknowledges them.
func (c *Courier) record() {
	var spare []reeve.Report
	for {
		batch, ok := c.reports.take(spare)
		if !ok {
			return
		}
		c.ledger.answered(batch)
		insist(c.ctx, c.opts.Log, batch, func(part []reeve.Report) error {
			settled, err := c.opts.Orders.Report(c.ctx, c.now(), part)
			if err == nil {
				c.acknowledge(part, settled)
			}
			return err
		})
		spare = batch
	}
}

// acknowledge tells each device which of its reports are settled.
func (c *Courier) acknowledge(batch []reeve.Report, settled []bool) {
	order := make([]int, 0, len(batch))
	for i := range batch {
		if i < len(settled) && settled[i] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(batch[a].Device, batch[b].Device) })
	var message []byte
	var commands []reeve.CommandID
	for i, n := range order {
		r := &batch[n]
		commands = append(commands, r.ID)
		if i+1 < len(order) && batch[order[i+1]].Device == r.Device {
			continue
		}
		message = appendAck(message[:0], commands)
		commands = commands[:0]
		if err := c.bus.reports.Publish(link.Subject(link.Address(r.Device), link.VerbAck), message); err != nil {
			c.opts.Log.Warn("acknowledgements could not be sent; agents will report again", "err", err)
			return
		}
	}
}
