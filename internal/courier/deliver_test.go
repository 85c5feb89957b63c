package courier

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
)

func expiry(t *testing.T, text string) time.Time {
	t.Helper()
	claims, err := jwt.DecodeUserClaims(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(claims.Expires, 0)
}

// Who reports follows from the connection; what the message says of it is
// nothing.
func TestIdentityComesFromTheConnection(t *testing.T) {
	b := lay(t, nil)
	liar, other := b.device(1).arrive(), b.device(2)
	job := b.place("scan_threats", liar, other)
	b.Placed(job)
	liar.order()
	theirs := reeve.CommandID{Job: job.Job.ID, Leaf: 1}
	message, _ := json.Marshal(map[string]any{
		"command": theirs.String(), "state": "succeeded", "device": 2, "address": "2", "Device": 2,
	})
	liar.conn.Publish(link.Subject("1", link.VerbReport), message)
	mine := reeve.CommandID{Job: job.Job.ID, Leaf: 0}
	liar.say(link.VerbReport, link.Report{Command: mine.String(), State: "succeeded"})
	var ack link.Ack
	liar.hear(link.VerbAck, &ack)
	if len(ack.Commands) != 1 || ack.Commands[0] != mine.String() {
		t.Errorf("acknowledged %v", ack.Commands)
	}
	if got := b.shelf.state(theirs); got != reeve.Queued {
		t.Errorf("the other device's command is %v", got)
	}
}

func TestDeletedDeviceIsToldToRetire(t *testing.T) {
	b := lay(t, nil)
	d := b.device(1)
	a := d.arrive()
	b.place("scan_threats", d) // not for the deleted
	b.shelf.locked(func() {
		record := b.shelf.devices[d.key]
		record.Class.Standing = reeve.Archived
		b.shelf.devices[d.key] = record
	})
	retire := b.place("retire", d)
	b.Placed(retire)
	b.Left([]int64{1})
	if o := a.order(); o.Header.Action != "retire" {
		t.Errorf("the connected agent was told to %s", o.Header.Action)
	}
	<-a.closed

	a = d.arrive()
	o := a.order()
	if o.Header.Action != "retire" {
		t.Errorf("the returned agent was told to %s", o.Header.Action)
	}
	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded"})
	a.hear(link.VerbAck, &link.Ack{})
	a.silent()
	b.shelf.locked(func() {
		if len(b.shelf.meetings) != 1 {
			t.Error("the record of a deleted device was written")
		}
	})
}

// A command that its agent does not answer is sent again, at growing intervals.
func TestSilentCommandIsSentAgain(t *testing.T) {
	b := lay(t, func(_ *Options, r *rhythm) { r.sweep = 20 * time.Millisecond })
	a, busy := b.device(1).arrive(), b.device(2).arrive()
	job := b.place("scan_threats", a, busy)
	b.Placed(job)
	first := a.order()
	busy.say(link.VerbReport, link.Report{Command: busy.order().Command(), State: "running"})
	eventually(t, "the other command runs", func() bool {
		return b.shelf.state(reeve.CommandID{Job: job.Job.ID, Leaf: 1}) == reeve.Running
	})
	for range 2 {
		if again := a.order(); again.Command() != first.Command() {
			t.Fatalf("sent %s", again.Command())
		}
	}
	busy.silent()
}

// What no Placed told of, as of another node or of a job too large for memory,
// is found in the store.
func TestOrderOfAnotherNodeIsFound(t *testing.T) {
	b := lay(t, func(_ *Options, r *rhythm) { r.sweep = 20 * time.Millisecond })
	a := b.device(1).arrive()
	job := b.place("scan_threats", b.device(2), a)
	if o := a.order(); o.Command() != (reeve.CommandID{Job: job.Job.ID, Leaf: 1}).String() {
		t.Errorf("sent %s", o.Command())
	}
	b.shelf.locked(func() {
		if b.shelf.loads != 1 {
			t.Errorf("the job was read %d times", b.shelf.loads)
		}
	})
}

func TestLargeJobGoesByTheStore(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1).arrive()
	job := b.place("scan_threats", a)
	large := control.Batch{Job: job.Job, Tree: job.Tree, Placed: make([]reeve.Placed, tasksWeight+1)}
	b.Placed(large)
	if o := a.order(); o.Command() != (reeve.CommandID{Job: job.Job.ID, Leaf: 0}).String() {
		t.Errorf("sent %s", o.Command())
	}
}

func TestTamperedJobIsNotSent(t *testing.T) {
	b := lay(t, nil)
	d, good := b.device(1), b.device(2)
	bad := b.place("scan_threats", d, good)
	b.shelf.locked(func() { b.shelf.jobs[bad.Job.ID].subjects[1].Key[0]++ })
	fine := b.place("fetch_agent_log", d)
	a := d.arrive()
	if o := a.order(); o.Header.Job != int64(fine.Job.ID) {
		t.Errorf("the order of job %d was sent", o.Header.Job)
	}
	a.silent()
	b.logHas("not those that were sealed")
	d.arrive().order()
	b.shelf.locked(func() {
		if b.shelf.loads != 2 {
			t.Errorf("two jobs were read %d times", b.shelf.loads)
		}
	})
}

func (b *table) logHas(text string) {
	b.t.Helper()
	eventually(b.t, "the log says "+text, func() bool {
		b.logMu.Lock()
		defer b.logMu.Unlock()
		return strings.Contains(b.log.String(), text)
	})
}

func TestGarbageIsCounted(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1).arrive()
	job := b.place("scan_threats", a)
	b.Placed(job)
	o := a.order()
	for _, verb := range []string{link.VerbHello, link.VerbReport} {
		for _, message := range []string{"", "{}", "[]", "null", "\x00\xff", `{"command":"` + o.Command() + `","state":"queued"}`, strings.Repeat("[", 10_000)} {
			if err := a.conn.Publish(link.Subject(a.address, verb), []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded"})
	a.hear(link.VerbAck, &link.Ack{})
	a.silent()
	b.logHas("messages of agents were not used")
	b.shelf.locked(func() {
		if len(b.shelf.reports) != 1 {
			t.Errorf("recorded %v", b.shelf.reports)
		}
	})
}

// An agent that says too much is not heard for a while, and the others are.
func TestFlood(t *testing.T) {
	b := lay(t, func(_ *Options, r *rhythm) { r.presence = time.Hour })
	flood, other := b.device(1).arrive(), b.device(2).arrive()
	job := b.place("scan_threats", other)
	b.Placed(job)
	o := other.order()
	message, _ := json.Marshal(link.Report{Command: o.Command(), State: "succeeded"})
	for range 5 * quotaMessages {
		if err := flood.conn.Publish(link.Subject(flood.address, link.VerbReport), message); err != nil {
			t.Fatal(err)
		}
	}
	if err := flood.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	other.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded"})
	other.hear(link.VerbAck, &link.Ack{})
	b.shelf.locked(func() {
		if n := len(b.shelf.reports); n > quotaMessages+1 {
			t.Errorf("%d reports were stored", n)
		}
	})
	if n := b.garbage.count.Load(); n < 4*quotaMessages {
		t.Errorf("only %d messages were counted as too much", n)
	}
}

// While the store is down nothing is acknowledged, and nothing is lost that was
// heard.
func TestStoreThatFailsForAWhile(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1).arrive()
	job := b.place("scan_threats", a)
	b.Placed(job)
	o := a.order()
	b.shelf.setDown(errors.New("the disk is full"))
	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "running"})
	b.logHas("the store did not take what agents said")
	a.silent()
	b.shelf.setDown(nil)
	// A lone report that failed is given up; the agent says it again.
	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded"})
	a.hear(link.VerbAck, &link.Ack{})
}

func TestOneBadReportDoesNotHoldUpOthers(t *testing.T) {
	b := lay(t, nil)
	var agents []agent
	for no := int64(1); no <= 8; no++ {
		agents = append(agents, b.device(no).arrive())
	}
	job := b.place("scan_threats", agents...)
	b.shelf.locked(func() { b.shelf.refuse = func(r reeve.Report) bool { return r.Device == 3 } })
	b.Placed(job)
	var wg sync.WaitGroup
	for _, a := range agents {
		wg.Go(func() {
			var o link.Order
			a.hear(link.VerbOrder, &o)
			a.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded"})
			if a.no != 3 {
				a.hear(link.VerbAck, &link.Ack{})
			}
		})
	}
	wg.Wait()
	agents[2].silent()
}

// Agents that return together cost a few calls of the store, not one each.
func TestCrowd(t *testing.T) {
	b := lay(t, nil)
	const crowd = 5000
	agents := make([]agent, crowd)
	for i := range agents {
		agents[i] = b.device(int64(i + 1))
	}
	job := b.place("scan_threats", agents...)
	for _, a := range agents {
		message, _ := json.Marshal(a.hello())
		b.onHello(&nats.Msg{Subject: link.Subject(a.address, link.VerbHello), Data: message})
	}
	eventually(t, "every order is sent", func() bool {
		b.shelf.mu.Lock()
		defer b.shelf.mu.Unlock()
		return !slices.Contains(b.shelf.jobs[job.Job.ID].states, reeve.Queued)
	})
	b.shelf.locked(func() {
		if b.shelf.meets > crowd/4 || len(b.shelf.meetings) != crowd {
			t.Errorf("%d calls for %d Hellos", b.shelf.meets, len(b.shelf.meetings))
		}
		if b.shelf.loads != 1 {
			t.Errorf("the job was read %d times", b.shelf.loads)
		}
	})
}

func TestClosingKeepsWhatWasSaid(t *testing.T) {
	b := lay(t, nil)
	const agents = 20
	var all []agent
	for no := int64(1); no <= agents; no++ {
		all = append(all, b.device(no).arrive())
	}
	job := b.place("scan_threats", all...)
	b.Placed(job)
	for _, a := range all {
		a.say(link.VerbReport, link.Report{Command: a.order().Command(), State: "succeeded"})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for leaf := range int32(agents) {
		if got := b.shelf.state(reeve.CommandID{Job: job.Job.ID, Leaf: leaf}); got != reeve.Succeeded {
			t.Errorf("command %d is %v", leaf, got)
		}
	}
	b.Placed(job) // too late, and harmless
	b.Cancelled(job.Job.ID, time.Now(), nil)
	b.Left([]int64{1})
}

func TestRestartOnTheSamePort(t *testing.T) {
	b := lay(t, nil)
	d, address := b.device(1), b.Addr().String()
	a := d.arrive()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-a.closed
	job := b.place("scan_threats", d)
	again := b.opts
	again.Listen = address
	second, err := open(t.Context(), again, quick)
	if err != nil {
		t.Fatal(err)
	}
	b.Courier = second // closed by the table's cleanup
	if b.shelf.online[1] {
		t.Error("the device is online although nobody has connected yet")
	}
	a = d.arrive()
	if o := a.order(); o.Header.Job != int64(job.Job.ID) {
		t.Errorf("got the order of job %d", o.Header.Job)
	}
}

func TestPortInUse(t *testing.T) {
	b := lay(t, nil)
	o := b.opts
	o.Listen = b.Addr().String()
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a second courier on the port: %v", err)
	}
}

func TestBeats(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1).arrive()
	b.shelf.locked(func() { b.shelf.online[1] = false })
	a.say(link.VerbBeat, nil)
	eventually(t, "a beat reaches the store", func() bool {
		b.shelf.mu.Lock()
		defer b.shelf.mu.Unlock()
		return b.shelf.online[1]
	})
}
