package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"reeve"
	"reeve/internal/trail"
)

// How pushes go out. A device's pushes go one after the other in one lane, so
// that its last status arrives last.
//
// Source of the pauses and of the limit on failures: "Webhook" of the manual.
const (
	pushBatch   = 64
	pushLanes   = 8
	maxFailures = 100 // in a row; then the webhook disables itself
)

var pauses = []time.Duration{4 * time.Second, time.Minute}

// A push is one device event on its way.
type push struct {
	event  int // index of the event that it belongs to
	id     string
	device string
	status string
	at     time.Time
}

func (u push) body() []byte {
	b, _ := json.Marshal(struct { // of plain values, which always can be written
		DeviceID  string `json:"device_id"`
		Status    string `json:"status"`
		Timestamp int64  `json:"timestamp"`
	}{u.device, u.status, u.at.UnixMilli()})
	return b
}

// deviceEvents are the rows that a webhook is about.
var deviceEvents = []string{"device_enrolled", "device_enrolled_duplicate_mac", reeve.JobPlaced, reeve.ThreatsFound}

func aboutDevices(row trail.Row) bool { return row.Event != reeve.JobPlaced || row.Action == "delete" }

// push serves a webhook.
func (p *pump) push(ctx context.Context, hook *hook) error {
	defer hook.client.CloseIdleConnections()
	for ctx.Err() == nil {
		if p.caughtUp() {
			if err := p.rest(ctx); err != nil {
				return err
			}
			continue
		}
		page, err := trail.Read(ctx, p.Store, p.outlet.Account, trail.Query{
			From: trail.Place(p.outlet.Place), Events: deviceEvents, Wanted: aboutDevices, Limit: pushBatch,
		})
		if err != nil {
			return err
		}
		pushes, err := p.pushes(ctx, page.Events)
		if err != nil {
			return err
		}
		if len(pushes) == 0 {
			p.moved(reeve.Place(page.Next))
			continue
		}
		if err := p.deliver(ctx, hook, page, pushes); err != nil || !p.outlet.Enabled {
			return err
		}
	}
	return ctx.Err()
}

// pushes says what to send of events.
func (p *pump) pushes(ctx context.Context, events []trail.Event) ([]push, error) {
	account, err := p.Store.Account(ctx, p.outlet.Account)
	if err != nil {
		return nil, err
	}
	var out []push
	for i, e := range events {
		for _, status := range statuses(e, account.Settings) {
			if slices.Contains(p.outlet.Events, status) {
				id := deliveryID(p.outlet.ID, e.Row.Seq, e.Leaf, status)
				out = append(out, push{i, id, e.Device, status, e.Row.At})
			}
		}
	}
	return out, nil
}

// statuses are what an event means to a receiver. Posture is not assessed, so
// the account's settings say how an enrolled device counts.
func statuses(e trail.Event, s reeve.Settings) []string {
	switch {
	case e.Row.Event == reeve.JobPlaced && e.Command.State == reeve.Succeeded:
		return []string{reeve.StatusDeleted}
	case e.Row.Event == reeve.JobPlaced:
		return nil
	case e.Row.Event == reeve.ThreatsFound:
		return []string{reeve.StatusThreatFound}
	case s.Unassessed == "compliant" && isManaged(e.Row):
		return []string{reeve.StatusInstalled, reeve.StatusCompliant}
	}
	return []string{reeve.StatusInstalled}
}

// isManaged reports whether the device of an enrolment got a seat.
func isManaged(row trail.Row) bool {
	var facts struct{ Standing string }
	json.Unmarshal([]byte(row.Detail), &facts) // a row of ours
	return facts.Standing == reeve.Managed.String()
}

// deliveryID names a push by what it is about, so that it has the same name
// whenever it is sent again.
func deliveryID(outlet string, seq, leaf int64, status string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %s", outlet, seq, leaf, status))
	return hex.EncodeToString(sum[:16])
}

// deliver sends a batch and notes what became of it.
func (p *pump) deliver(ctx context.Context, hook *hook, page trail.Page, pushes []push) error {
	b := batchOf(pushes, p.outlet.Failures)
	b.run(ctx, hook)
	next := reeve.Place(page.Next)
	if i := slices.Index(b.settled, false); i >= 0 {
		e := page.Events[pushes[i].event]
		next = reeve.Place{Seq: e.Row.Seq, Leaf: e.Leaf}
	}
	p.moved(next)
	p.outlet.Failures = b.inARow.Load()
	p.unsaved = true
	if b.received > 0 {
		p.outlet.LastSuccess = time.Now()
	}
	var entries []reeve.AuditEntry
	if b.failed > 0 {
		p.outlet.LastFailure, p.outlet.LastError = time.Now(), sentence(b.why)
		entries = append(entries, p.entry("webhook_failed", map[string]any{"failed": b.failed, "received": b.received, "why": sentence(b.why)}))
	}
	if p.outlet.Failures >= maxFailures {
		p.outlet.Enabled = false
		entries = append(entries, p.entry("webhook_disabled", map[string]any{"failures": p.outlet.Failures, "why": sentence(b.why)}))
		p.Log.Warn("a webhook disabled itself", "account", p.outlet.Account, "failures", p.outlet.Failures)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	return p.save(last, entries...)
}

func (p *pump) entry(event string, facts map[string]any) reeve.AuditEntry {
	detail, _ := json.Marshal(facts) // of plain values, which always can be written
	return reeve.AuditEntry{Account: p.outlet.Account, At: time.Now(), Event: event, Source: reeve.FromSystem, Actor: "system",
		Outcome: "failed", Detail: string(detail)}
}

// A batch is pushes under way.
type batch struct {
	pushes  []push
	settled []bool       // by push: received, or given up
	inARow  atomic.Int64 // failures

	mu               sync.Mutex
	received, failed int
	why              error // of the last failure
}

func batchOf(pushes []push, failures int64) *batch {
	b := &batch{pushes: pushes, settled: make([]bool, len(pushes))}
	b.inARow.Store(failures)
	return b
}

// run sends everything, and stops at too many failures in a row or when ctx ends.
func (b *batch) run(ctx context.Context, hook *hook) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var lanes [pushLanes][]int
	for i, u := range b.pushes {
		h := fnv.New32a()
		h.Write([]byte(u.device))
		lane := &lanes[h.Sum32()%pushLanes]
		*lane = append(*lane, i)
	}
	var wait sync.WaitGroup
	for _, lane := range lanes {
		wait.Go(func() {
			for _, i := range lane {
				err := hook.send(ctx, b.pushes[i])
				if err != nil && ctx.Err() != nil {
					return
				}
				if b.settle(i, err) {
					stop()
				}
			}
		})
	}
	wait.Wait()
}

// settle notes how a push ended, and reports whether it was a failure too many.
func (b *batch) settle(i int, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settled[i] = true
	if err == nil {
		b.received++
		b.inARow.Store(0)
		return false
	}
	b.failed++
	b.why = err
	return b.inARow.Add(1) >= maxFailures
}
