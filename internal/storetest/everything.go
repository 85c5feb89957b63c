package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"reeve"
)

// testEverything does random things in random order to a store and to a model
// of it. After each of them the two agree, the counts of each job add up, and in
// the end every command has ended.
func testEverything(t *testing.T, open func(testing.TB) Store) {
	w := begin(t, open)
	rounds := 0
	rapid.Check(t, func(r *rapid.T) {
		rounds++ // each in an account of its own, since opening a store takes long
		m := &model{store: w.Store, t: r, now: noon.AddDate(0, 0, rounds)}
		account, err := w.AddAccount(t.Context(), reeve.Account{Name: fmt.Sprint("round ", rounds)}, founders(fmt.Sprint(rounds)), reeve.AuditEntry{})
		m.check(err)
		m.account = account.No
		for i := range 4 {
			d := device(1000*rounds + i)
			m.check(w.Enrol(t.Context(), func(e reeve.Enrolling) error {
				d, err = e.Save(m.account, d)
				return err
			}))
			m.devices = append(m.devices, d.No)
		}
		m.left = map[int64]bool{}
		r.Repeat(map[string]func(*rapid.T){
			"":       m.agree,
			"place":  m.place,
			"delete": m.delete,
			"report": m.report,
			"sent":   m.sent,
			"cancel": m.cancel,
			"sweep":  m.sweep,
		})
		m.now = m.now.AddDate(1, 0, 0)
		m.sweep(r)
		for _, job := range m.jobs {
			for _, c := range job.commands {
				if !c.State.IsFinal() {
					r.Errorf("a command never ended: %+v", c)
				}
			}
		}
		m.agree(r)
		(&world{Store: w.Store, t: t, ctx: t.Context()}).chained(m.account)
	})
}

// model is what a store should know.
type model struct {
	store   Store
	t       *rapid.T
	now     time.Time
	account int64
	devices []int64
	left    map[int64]bool // deleted
	jobs    []*modelJob
}

type modelJob struct {
	id                  reeve.JobID
	action              string
	deliverBy, finishBy time.Time
	commands            []reeve.Placed
}

func (m *model) check(err error) {
	if err != nil {
		m.t.Fatalf("%v", err)
	}
}

// agree compares every job and command, and what is open.
func (m *model) agree(t *rapid.T) {
	open, err := m.store.OpenJobs(t.Context())
	m.check(err)
	var pending []reeve.Order
	for _, want := range m.jobs {
		job, err := m.store.Job(t.Context(), m.account, want.id)
		m.check(err)
		commands, err := m.store.Commands(t.Context(), m.account, want.id, nil, 0, 100)
		m.check(err)
		var counts reeve.Counts
		var got []reeve.Placed
		for leaf, c := range commands {
			got = append(got, reeve.Placed{Device: c.DeviceNo, State: c.State, Reason: c.Reason})
			deadline := want.deliverBy
			if c.State == reeve.Running {
				deadline = want.finishBy
			}
			switch {
			case c.State.IsFinal():
				counts[c.State]++
			case m.now.Before(deadline) && (!m.left[c.DeviceNo] || want.action == "retire"):
				pending = append(pending, reeve.Order{ID: reeve.CommandID{Job: want.id, Leaf: int32(leaf)}, Device: c.DeviceNo, State: c.State})
			}
		}
		if d := cmp.Diff(want.commands, got); d != "" {
			t.Fatalf("commands of job %v: %s", want.id, d)
		}
		if d := cmp.Diff(counts, job.Counts); d != "" || job.Targets != len(commands) {
			t.Fatalf("counts of job %v: %s", want.id, d)
		}
		if slices.Contains(open, want.id) != (job.Open() > 0) {
			t.Fatalf("job %v has %d open commands, and the open jobs are %v", want.id, job.Open(), open)
		}
	}
	got, err := m.store.Pending(t.Context(), m.now, m.devices)
	m.check(err)
	if d := cmp.Diff(pending, got); d != "" {
		t.Fatalf("pending: %s", d)
	}
}

func (m *model) entry() reeve.AuditEntry { return entryOf(m.account, "e") }

// commit places a job with its commands in the store and in the model.
func (m *model) commit(action string, commands []reeve.Placed, effect reeve.Effect) {
	m.now = m.now.Add(time.Second)
	job := &modelJob{reeve.FirstJobID(m.now), action, m.now.Add(time.Hour), m.now.Add(2 * time.Hour), commands}
	work := reeve.Work{Placed: commands, Effect: effect, Entry: m.entry(), Job: reeve.Job{ID: job.id, Account: m.account, Action: action,
		Params: []byte("{}"), Issued: m.now, DeliverBy: job.deliverBy, FinishBy: job.finishBy}}
	m.check(m.store.Place(m.t.Context(), m.account, func(p reeve.Placing) error { return p.Commit(work) }))
	work.Placed = nil
	job.commands = slices.Clone(commands)
	m.jobs = append(m.jobs, job)
}

func (m *model) place(t *rapid.T) {
	action := rapid.SampledFrom([]string{"scan_threats", "retire"}).Draw(t, "action")
	var commands []reeve.Placed
	for _, d := range m.devices {
		if m.left[d] && action != "retire" || rapid.Bool().Draw(t, "not this one") {
			continue
		}
		state := rapid.SampledFrom([]reeve.State{reeve.Queued, reeve.Queued, reeve.NotApplicable, reeve.Succeeded}).Draw(t, "state")
		commands = append(commands, reeve.Placed{Device: d, State: state})
	}
	m.commit(action, commands, reeve.Effect{})
}

func (m *model) delete(t *rapid.T) {
	d := rapid.SampledFrom(m.devices).Draw(t, "device")
	if m.left[d] {
		t.Skip("deleted before")
	}
	for _, job := range m.jobs {
		for i := range job.commands {
			if c := &job.commands[i]; c.Device == d && !c.State.IsFinal() && job.action != "retire" {
				c.State, c.Reason = reeve.Cancelled, reeve.DeviceDeleted
			}
		}
	}
	m.left[d] = true
	archived := reeve.Archived
	m.commit("delete", []reeve.Placed{{Device: d, State: reeve.Succeeded}}, reeve.Effect{Standing: &archived})
}

// any picks a command; its job is nil if there is none.
func (m *model) any(t *rapid.T) (*modelJob, int) {
	if len(m.jobs) == 0 {
		return nil, 0
	}
	job := rapid.SampledFrom(m.jobs).Draw(t, "job")
	if len(job.commands) == 0 {
		return nil, 0
	}
	return job, rapid.IntRange(0, len(job.commands)-1).Draw(t, "leaf")
}

func (m *model) report(t *rapid.T) {
	var batch []reeve.Report
	var moved []*reeve.Placed
	for range rapid.IntRange(1, 6).Draw(t, "reports") {
		job, leaf := m.any(t)
		if job == nil {
			continue
		}
		r := reeve.Report{ID: reeve.CommandID{Job: job.id, Leaf: int32(leaf)}, Device: job.commands[leaf].Device,
			State:  rapid.SampledFrom([]reeve.State{reeve.Running, reeve.Succeeded, reeve.Failed, reeve.Refused}).Draw(t, "state"),
			Reason: rapid.SampledFrom([]reeve.Reason{reeve.NoReason, reeve.Interrupted}).Draw(t, "reason")}
		if rapid.IntRange(0, 9).Draw(t, "whose") == 0 {
			r.Device++
		}
		batch, moved = append(batch, r), append(moved, &job.commands[leaf])
	}
	for i, r := range batch {
		if c := moved[i]; c.Device == r.Device && (c.State.May(r.State) || c.State == reeve.Running && r.State == reeve.Running) {
			c.State, c.Reason = r.State, r.Reason
		}
	}
	m.now = m.now.Add(time.Second)
	_, err := m.store.Report(t.Context(), m.now, batch)
	m.check(err)
}

func (m *model) sent(t *rapid.T) {
	job, leaf := m.any(t)
	if job == nil {
		t.Skip("no commands")
	}
	if c := &job.commands[leaf]; c.State == reeve.Queued {
		c.State = reeve.Sent
	}
	m.check(m.store.Sent(t.Context(), m.now, []reeve.CommandID{{Job: job.id, Leaf: int32(leaf)}}))
}

func (m *model) cancel(t *rapid.T) {
	job, _ := m.any(t)
	if job == nil {
		t.Skip("no commands")
	}
	for i := range job.commands {
		if c := &job.commands[i]; !c.State.IsFinal() {
			c.State, c.Reason = reeve.Cancelled, reeve.JobCancelled
		}
	}
	_, err := m.store.Cancel(t.Context(), m.account, job.id, m.now, m.entry())
	m.check(err)
}

func (m *model) sweep(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
	for _, job := range m.jobs {
		for i := range job.commands {
			c := &job.commands[i]
			switch {
			case c.State.IsFinal():
			case c.State == reeve.Running && !m.now.Before(job.finishBy):
				c.State, c.Reason = reeve.Expired, reeve.ExecutionRanOut
			case c.State != reeve.Running && !m.now.Before(job.deliverBy):
				c.State, c.Reason = reeve.Expired, reeve.DeliveryRanOut
			}
		}
	}
	_, err := m.store.Expire(t.Context(), m.now)
	m.check(err)
}
