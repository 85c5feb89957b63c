package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"reeve/internal/agent"
)

// status tells how the agent stands, as lines for a person or as one object.
func status(_ context.Context, c console, s settings) error {
	st, err := agent.Look(s.state)
	if err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(c.out).Encode(st)
	}
	fmt.Fprintf(c.out, "Agent:     %s, %s\n", st.Version, choose(st.Running, "running", "not running"))
	if !st.Enrolled {
		fmt.Fprintln(c.out, "Enrolled:  no")
		return nil
	}
	fmt.Fprintf(c.out, "Device:    %s\nServer:    %s\nPin:       %s\n", st.Device, st.Server, st.Pin)
	connected := choose(st.Connected, "yes", "no")
	if !st.Since.IsZero() && st.Running {
		connected += ", since " + st.Since.Local().Format(time.DateTime)
	}
	if st.LastError != "" && !st.Connected {
		connected += " (" + st.LastError + ")"
	}
	fmt.Fprintf(c.out, "Connected: %s\nCommands:  %d open, %d reports not delivered yet\n", connected, st.Open, st.Unsettled)
	return nil
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// retire leaves the server.
func retire(ctx context.Context, c console, s settings) error {
	// Looking first keeps a misspelt folder from being made.
	if _, err := agent.Look(s.state); err != nil {
		return err
	}
	state, err := agent.OpenState(s.state)
	if err != nil {
		return err
	}
	defer state.Close()
	if err := state.Retire(ctx); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "This device has left its server; its enrolment is forgotten.")
	return nil
}
