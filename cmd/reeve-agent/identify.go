package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
)

// identify asks at the terminal what the running agent was told to ask.
func identify(ctx context.Context, c console, s settings) error {
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
	lines := readLines(ctx, c.in)
	for _, q := range questions {
		fmt.Fprintf(c.out, "Your administrator asked at %s who uses this device.\n\n", q.Asked.Local().Format("2006-01-02 15:04"))
		answers := act.Answers{Identity: map[string]string{}, Door: reeve.TerminalDoor, User: login()}
		for _, f := range q.Fields {
			if answers.Identity[f.Name], err = ask(ctx, c, lines, f); err != nil {
				return err
			}
		}
		if err := host.Answer(s.state, q.Command, answers); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "\nThank you; the answers are on their way.")
	}
	return nil
}

// login names who is at the terminal: with the rights of the agent's user, but
// maybe lent.
func login() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return cmp.Or(os.Getenv("SUDO_USER"), name)
}

// readLines reads lines until the input or ctx ends, whichever is first: a read
// from a terminal waits for nothing else.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for read := bufio.NewScanner(in); read.Scan(); {
			select {
			case lines <- read.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// ask puts one question until its answer is usable.
func ask(ctx context.Context, c console, lines <-chan string, f reeve.IdentityField) (string, error) {
	for i, choice := range f.Choices {
		if i == 0 {
			fmt.Fprintf(c.out, "%s\n", f.Label)
		}
		fmt.Fprintf(c.out, "  %2d  %s\n", i+1, choice)
	}
	for {
		fmt.Fprint(c.out, prompt(f))
		var line string
		more := false
		select {
		case line, more = <-lines:
		case <-ctx.Done():
		}
		if !more {
			fmt.Fprintln(c.out)
			return "", errors.New("the questions were not all answered, so nothing was sent; start again to answer them")
		}
		answer := strings.TrimSpace(line)
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(f.Choices) {
			answer = f.Choices[n-1]
		}
		err := f.Check(answer)
		if err == nil {
			return answer, nil
		}
		fmt.Fprintf(c.out, "  %v.\n", err)
	}
}

func prompt(f reeve.IdentityField) string {
	text := f.Label
	if len(f.Choices) > 0 {
		text = fmt.Sprintf("1 to %d", len(f.Choices))
	}
	if !f.Required {
		text += " (may stay empty)"
	}
	return text + ": "
}
