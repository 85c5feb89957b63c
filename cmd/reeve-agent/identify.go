package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
)

// identify asks at the terminal what the running agent was told to ask.
func identify(_ context.Context, c console, s settings) error {
	if _, err := os.ReadDir(s.state); err != nil {
		return fmt.Errorf("cannot look into the agent's folder; name the running agent's and use the rights of its user: %w", err)
	}
	questions, err := host.Pending(s.state)
	if err != nil {
		return err
	}
	if len(questions) == 0 {
		fmt.Fprintln(c.out, "Nothing is being asked.")
		return nil
	}
	lines := bufio.NewScanner(c.in)
	for _, q := range questions {
		fmt.Fprintf(c.out, "Your administrator asked at %s who uses this device.\n", q.Asked.Local().Format("2006-01-02 15:04"))
		answers := map[string]string{}
		for _, f := range q.Fields {
			if answers[f.Name], err = ask(c, lines, f); err != nil {
				return err
			}
		}
		if err := host.Answer(s.state, q.Command, answers); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "Thank you; the answers are on their way.")
	}
	return nil
}

// ask puts one question until its answer is usable.
func ask(c console, lines *bufio.Scanner, f reeve.IdentityField) (string, error) {
	for {
		optional := " (may stay empty)"
		if f.Required {
			optional = ""
		}
		fmt.Fprintf(c.out, "%s%s: ", f.Label, optional)
		if !lines.Scan() {
			fmt.Fprintln(c.out)
			return "", errors.New("the input ended before the questions did; start again to answer them")
		}
		answer := strings.TrimSpace(lines.Text())
		err := act.CheckAnswer(f, answer)
		if err == nil {
			return answer, nil
		}
		fmt.Fprintf(c.out, "%v.\n", err)
	}
}
