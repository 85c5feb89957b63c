package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"reeve"
	"reeve/internal/agent"
	"reeve/internal/agent/host"
)

// runAgent enrols if need be and runs until ctx ends.
func runAgent(ctx context.Context, c console, s settings) (ended error) {
	policy := func() (*agent.Policy, error) { return &agent.Policy{}, nil }
	if s.policy != "" {
		policy = func() (*agent.Policy, error) { return agent.ReadPolicy(s.policy) }
	}
	if _, err := policy(); err != nil {
		return err
	}
	state, dir, err := s.open()
	if err != nil {
		return err
	}
	if s.onDemand {
		defer func() { ended = errors.Join(ended, state.Leave()) }()
	} else {
		defer state.Close()
	}
	code, err := s.registrationCode(state)
	if err != nil {
		return err
	}
	file, err := agent.OpenLog(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	log := slog.New(slog.NewTextHandler(both{file, c.err}, nil))
	slog.SetDefault(log)

	machine := host.Open(dir)
	if err := machine.Mend(); err != nil {
		log.Error("an interface may be without a DHCP client", "err", err)
	}
	identity, err := state.Enrol(ctx, agent.Enrolment{Server: s.server, Pin: s.pin, Code: code, Kind: s.kind(), Machine: machine, Log: log})
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop, which it did
		}
		return err
	}
	options := agent.Options{State: state, Identity: identity, Kind: s.kind(), Machine: machine, Policy: policy, Log: log}
	if s.domain.URL != "" {
		options.Directory = s.domain
	}
	err = agent.Run(ctx, options)
	if errors.Is(err, agent.ErrRetired) {
		return nil // as it was told; the log says so
	}
	return err
}

// open opens the folder that the agent keeps, or one that does not outlive it.
func (s settings) open() (*agent.State, string, error) {
	if s.onDemand {
		return agent.OpenPassing()
	}
	dir, err := filepath.Abs(s.state)
	if err != nil {
		return nil, "", err
	}
	state, err := agent.OpenState(dir)
	return state, dir, err
}

// kind is the sort of agent that the flags make.
func (s settings) kind() reeve.AgentKind {
	switch {
	case s.onDemand:
		return reeve.OnDemand
	case s.domain.URL != "":
		return reeve.DomainController
	}
	return reeve.Persistent
}

// registrationCode returns the code, read from its file if one is named. An
// agent that is enrolled needs none, so its file may be gone by then.
func (s settings) registrationCode(state *agent.State) (string, error) {
	if s.codeFile == "" {
		return s.code, nil
	}
	text, err := os.ReadFile(s.codeFile)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if i, unread := state.Identity(); unread == nil && i.Enrolled() {
		return "", nil
	}
	return "", fmt.Errorf("reading the registration code: %w", err)
}

// both writes to a file and to the terminal, and lets neither keep the other
// from it.
type both [2]io.Writer

func (b both) Write(p []byte) (int, error) {
	_, err1 := b[0].Write(p)
	_, err2 := b[1].Write(p)
	return len(p), errors.Join(err1, err2)
}
