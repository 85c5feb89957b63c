package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

// The desk is where the running agent leaves questions for the person at the
// machine, and where `reeve-agent identify` leaves the answers: two folders
// below the agent's own, one file for each command. Only who may read the
// agent's folder can see either.

const (
	lookEvery = time.Second
	// keepAnswers is how long an answer stays on disk, so that a command which
	// a crash interrupted finds it again.
	keepAnswers = 24 * time.Hour
)

// A Question waits for the person at the machine.
type Question struct {
	Command string                `json:"command"`
	Fields  []reeve.IdentityField `json:"fields"`
	Asked   time.Time             `json:"asked"`
	Until   time.Time             `json:"until,omitzero"` // zero without an end
}

func questionFile(state, command string) string {
	return filepath.Join(state, "questions", command+".json")
}

func answerFile(state, command string) string {
	return filepath.Join(state, "answers", command+".json")
}

// Ask implements [act.AskHost]: it asks in every desktop session there is or
// will be, and waits for an answer from there or from a terminal.
func (m *Machine) Ask(ctx context.Context, command string, fields []reeve.IdentityField) (act.Answers, error) {
	q := Question{Command: command, Fields: fields, Asked: time.Now().UTC()}
	if until, ok := ctx.Deadline(); ok {
		q.Until = until.UTC()
	}
	if err := m.put(q); err != nil {
		return act.Answers{}, fmt.Errorf("leaving the question: %w", err)
	}
	defer os.Remove(questionFile(m.state, command))

	round := m.openRound(ctx, q)
	defer round.close()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		var answers act.Answers
		err := load(answerFile(m.state, command), &answers)
		if err == nil && reeve.CheckAnswers(q.Fields, answers.Identity) == nil {
			return answers, nil
		}
		round.look(time.Now())
		select {
		case <-ctx.Done():
			return act.Answers{}, context.Cause(ctx)
		case <-round.news:
		case <-look.C:
		}
	}
}

// put writes a question, and removes answers that nobody fetched again.
func (m *Machine) put(q Question) error {
	for _, folder := range []string{"questions", "answers"} {
		if err := os.MkdirAll(filepath.Join(m.state, folder), 0o700); err != nil {
			return err
		}
	}
	old, _ := filepath.Glob(answerFile(m.state, "*"))
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > keepAnswers {
			os.Remove(path)
		}
	}
	return store(questionFile(m.state, q.Command), q)
}

// Pending lists the questions that wait for an answer, the oldest first. state
// is the folder of the running agent.
func Pending(state string) ([]Question, error) {
	files, err := filepath.Glob(questionFile(state, "*"))
	if err != nil {
		return nil, err
	}
	var pending []Question
	for _, path := range files {
		var q Question
		err := load(path, &q)
		switch {
		case errors.Is(err, fs.ErrNotExist): // settled meanwhile
		case err != nil:
			return nil, fmt.Errorf("reading the questions of the agent: %w", err)
		case !q.Until.IsZero() && !time.Now().Before(q.Until): // left by an agent that crashed
		case answered(state, q.Command):
		default:
			pending = append(pending, q)
		}
	}
	slices.SortFunc(pending, func(a, b Question) int { return a.Asked.Compare(b.Asked) })
	return pending, nil
}

func answered(state, command string) bool {
	_, err := os.Stat(answerFile(state, command))
	return err == nil
}

// Answer gives the answers to the pending question of a command, by the names
// of its fields. The running agent takes them up within a second.
func Answer(state, command string, answers act.Answers) error {
	var q Question
	gone := reeve.Errorf(reeve.NotFound, "nothing is being asked under the command %s any more", command)
	if command != filepath.Base(command) {
		return gone
	}
	if err := load(questionFile(state, command), &q); errors.Is(err, fs.ErrNotExist) {
		return gone
	} else if err != nil {
		return fmt.Errorf("reading the question: %w", err)
	}
	if answered(state, command) {
		return reeve.Errorf(reeve.Conflict, "the command %s was answered before", command)
	}
	answers.Identity = reeve.TrimAnswers(answers.Identity)
	if err := reeve.CheckAnswers(q.Fields, answers.Identity); err != nil {
		return err
	}
	if err := store(answerFile(state, command), answers); err != nil {
		return fmt.Errorf("storing the answer: %w", err)
	}
	return nil
}

func load(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func store(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return Replace(path, data)
}
