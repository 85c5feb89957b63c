package agent

import (
	"encoding/json"
	"errors"
	"hash/maphash"
	"slices"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

const (
	// sayAgain is after how long the server is told again of a machine of which
	// nothing has changed.
	sayAgain = 24 * time.Hour
	// sayEvery is the pause between two messages: the server takes no more.
	sayEvery = time.Second
	// maxNeighbours bounds the machines of which an agent tells.
	maxNeighbours = 1000
)

// views remember what the server was told of other machines: by MAC address or
// object of the directory, a hash of what was said, and when.
type views map[any]view

type view struct {
	said uint64
	at   time.Time
}

var viewSeed = maphash.MakeSeed()

// news returns the sightings that the server does not know yet, and the views
// with them as told. What is not seen any more is forgotten.
func (v views) news(seen []reeve.Sighting, now time.Time) (fresh []reeve.Sighting, next views) {
	next = make(views, len(seen))
	for _, s := range seen {
		key := any(s.MAC)
		if s.Origin == reeve.ByDirectory {
			key = s.Object
		}
		text, _ := json.Marshal(sightingOf(s)) // plain data, which cannot fail
		said := maphash.Bytes(viewSeed, text)
		if old, known := v[key]; known && old.said == said && now.Sub(old.at) < sayAgain {
			next[key] = old
			continue
		}
		next[key] = view{said, now}
		fresh = append(fresh, s)
	}
	return fresh, next
}

// lookAround tells the server of machines that this one sees, if it asks for
// that and the machine's owner does not forbid it.
func (l *loop) lookAround(told views) views {
	policy, err := l.policy()
	if err != nil || !policy.MayReportNeighbours() || !l.settings.InForce().ReportNeighbours {
		return nil
	}
	seen, err := l.body.Neighbours()
	if err != nil {
		l.log.Warn("neighbours not read", "err", err)
		return told
	}
	return l.tell(told, seen[:min(len(seen), maxNeighbours)])
}

// tell sends what is new, and returns what the server was told by then.
func (l *loop) tell(told views, seen []reeve.Sighting) views {
	fresh, next := told.news(seen, time.Now())
	for part := range slices.Chunk(fresh, link.MaxSighted) {
		message := link.Sightings{Machines: make([]link.Sighting, len(part))}
		for i, s := range part {
			message.Machines[i] = sightingOf(s)
		}
		if err := l.session.Saw(message); err != nil {
			if !errors.Is(err, line.ErrAway) {
				l.log.Warn("sightings not sent", "err", err)
			}
			return told
		}
		if len(fresh) > len(part) && !line.Pause(l.ctx, sayEvery) {
			return told
		}
	}
	if len(fresh) > 0 {
		l.log.Info("told the server of other machines", "machines", len(fresh), "seen", len(seen))
	}
	return next
}

func sightingOf(s reeve.Sighting) link.Sighting {
	out := link.Sighting{
		Source: s.Origin.String(), Object: s.Object, Hostname: s.Hostname, Addresses: s.Addresses,
		OSName: s.OSName, OSVersion: s.OSVersion, At: s.At,
	}
	if s.MAC != 0 {
		out.MAC = s.MAC.String()
	}
	if s.Origin == reeve.ByDirectory {
		out.System = s.System.String()
	}
	return out
}
