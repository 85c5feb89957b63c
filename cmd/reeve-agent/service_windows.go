package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// source is the name under which install made the event log know the service.
const source = "reeve-agent"

// asService runs the command line behind the word service under the service
// control manager, as install has it started. It reports whether that word was
// there. What is not started as a service ends at once.
func asService(args []string) bool {
	if len(args) == 0 || args[0] != "service" {
		return false
	}
	if err := svc.Run("", service{args[1:]}); err != nil { // the name is not looked at
		fmt.Fprintln(os.Stderr, "reeve-agent: Windows starts this as a service, and nobody else:", err)
		os.Exit(exitFailed)
	}
	return true
}

// A service carries out a command line until Windows stops it.
type service struct{ args []string }

// Execute implements [svc.Handler]. What keeps the agent from running goes to
// the event log, since a service has no screen.
func (s service) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (own bool, code uint32) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- dispatch(ctx, s.args, console{strings.NewReader(""), io.Discard, io.Discard}) }()
	status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				cancel()
			}
		case err := <-done:
			if err == nil {
				return false, exitDone
			}
			if log, unopened := eventlog.Open(source); unopened == nil {
				log.Error(exitFailed, err.Error())
				log.Close()
			}
			return true, exitFailed
		}
	}
}
