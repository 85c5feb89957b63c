package agent

import (
	"context"
	"time"

	"reeve"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
)

const (
	listEvery = time.Hour       // how often a domain controller's agent reads the directory
	listAgain = 5 * time.Minute // the same after a failure
)

// readDirectory tells the server of the machines of a directory.
func (l *loop) readDirectory(computers func(context.Context) ([]reeve.Sighting, error), first time.Duration) {
	var told views
	for wait := first; line.Pause(l.ctx, wait); {
		wait = listEvery
		listed, err := computers(l.ctx)
		if err == nil {
			told = l.tell(told, listed)
		} else if l.ctx.Err() == nil {
			l.log.Warn("the directory was not read", "err", err)
		}
		if err != nil || len(told) < len(listed) { // not all of it could be told
			wait = listAgain
		}
		host.Rest()
	}
}
