package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
)

// noon is when things begin in these tests.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// A world is a store with one account, and short words for what tests do in it.
type world struct {
	Store
	t       testing.TB
	ctx     context.Context
	account reeve.Account
	code    string // hash of a code that enrols as many as come
	jobs    int64
}

func begin(t *testing.T, open func(testing.TB) Store) *world {
	t.Helper()
	w := &world{Store: open(t), t: t, ctx: t.Context()}
	w.account = w.addAccount("acme", 0)
	w.code = hash("code of acme")
	return w
}

// setAccount makes an account what a says.
func (w *world) setAccount(a reeve.Account, entry reeve.AuditEntry) error {
	return w.ChangeAccount(w.ctx, a.No, func(was *reeve.Account) (reeve.AuditEntry, error) {
		*was = a
		return entry, nil
	})
}

// imports adds devices without an agent.
func (w *world) imports(account int64, devices []reeve.Device, entry reeve.AuditEntry) error {
	return w.Import(w.ctx, account, func(tx reeve.Importing) error { return tx.Add(devices, entry) })
}

// hash stands for the hex SHA-256 that a caller would give.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// check ends the test at the first thing that should have worked.
func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

// wantKind says what kind of failure a call owed.
func (w *world) wantKind(err error, kind reeve.Kind) {
	w.t.Helper()
	if err == nil {
		w.t.Fatalf("no error, want one of kind %d", kind)
	}
	if got := reeve.KindOf(err); got != kind {
		w.t.Fatalf("error of kind %d, want %d: %v", got, kind, err)
	}
}

// entry is a log entry of the world's account.
func (w *world) entry(event string) reeve.AuditEntry { return entryOf(w.account.No, event) }

func entryOf(account int64, event string) reeve.AuditEntry {
	return reeve.AuditEntry{Account: account, At: noon, Event: event, Source: reeve.FromAPI, Actor: "app:TEST", Outcome: "ok"}
}

func (w *world) addAccount(name string, seats int64) reeve.Account {
	w.t.Helper()
	a, err := w.AddAccount(w.ctx, reeve.Account{Name: name, Seats: seats, IdentityFields: reeve.DefaultIdentityFields(), Created: noon},
		founders(name), reeve.AuditEntry{At: noon, Event: "account_created", Outcome: "ok"})
	w.check(err)
	return a
}

func founders(name string) reeve.Founders {
	return reeve.Founders{
		Operator: reeve.Operator{Name: "admin@" + name, PasswordHash: "x", Role: reeve.RoleAdministrator, Created: noon},
		App:      reeve.App{ClientID: "FIRST" + strings.ToUpper(name), SecretHash: "x", Name: "first", Scopes: reeve.Scopes{reeve.Read}, Created: noon},
		Code:     reeve.Code{Hash: hash("code of " + name), Hint: "AB", Created: noon},
	}
}

// device describes the nth device as its agent would when it enrols.
func device(n int) reeve.Device {
	key := sha256.Sum256(fmt.Appendf(nil, "key %d", n))
	return reeve.Device{
		ID:  fmt.Sprintf("%032x", sha256.Sum256(fmt.Appendf(nil, "id %d", n)))[:32],
		Key: key, Hostname: fmt.Sprintf("host-%d", n), MACs: []reeve.MAC{reeve.MAC(0x020000000000 + n)},
		Class: reeve.Class{Standing: reeve.Managed, Kind: reeve.Persistent, System: reeve.System(1 + n%3),
			Version: reeve.Version{26, 11}, Abilities: reeve.AbilitiesOf([]string{"scan_threats"})},
		AddedAt: noon.Add(time.Duration(n) * time.Second), EnrolledAt: noon.Add(time.Duration(n) * time.Second),
	}
}

// save stores a device as an enrolment does.
func (w *world) save(account int64, d reeve.Device) reeve.Device {
	w.t.Helper()
	w.check(w.Enrol(w.ctx, func(e reeve.Enrolling) (err error) {
		d, err = e.Save(account, d)
		return err
	}))
	return d
}

// fleet enrols devices first, first+1 and so on.
func (w *world) fleet(first, n int) []reeve.Device {
	w.t.Helper()
	devices := make([]reeve.Device, n)
	for i := range devices {
		devices[i] = w.save(w.account.No, device(first+i))
	}
	return devices
}

// job makes the next job, placed so many seconds after noon. It may be
// delivered for an hour and then worked on for another.
func (w *world) job(action string) reeve.Job {
	w.jobs++
	issued := noon.Add(time.Duration(w.jobs) * time.Second)
	return reeve.Job{
		ID: reeve.FirstJobID(issued), Account: w.account.No, Action: action, Params: []byte("{}"),
		Caller: reeve.Caller{Account: w.account.No, Source: reeve.FromAPI, Actor: "app:TEST", Name: "test", Address: "192.0.2.1", RequestID: "r1"},
		Issued: issued, DeliverBy: issued.Add(time.Hour), FinishBy: issued.Add(2 * time.Hour),
		Signature: []byte("signature"), SealKey: []byte("seal key"),
	}
}

// placed is one command for each device, born in the same state.
func placed(devices []reeve.Device, state reeve.State, reason reeve.Reason) []reeve.Placed {
	out := make([]reeve.Placed, len(devices))
	for i, d := range devices {
		out[i] = reeve.Placed{Device: d.No, State: state, Reason: reason}
	}
	return out
}

// commit places a job as it is.
func (w *world) commit(work reeve.Work) error {
	if work.Entry.Event == "" {
		work.Entry = entryOf(work.Job.Account, "job_placed")
		work.Entry.Job = work.Job.ID
	}
	return w.Place(w.ctx, work.Job.Account, func(p reeve.Placing) error { return p.Commit(work) })
}

// order places a job with a queued command for each device.
func (w *world) order(action string, devices []reeve.Device) reeve.Job {
	w.t.Helper()
	return w.place(w.job(action), placed(devices, reeve.Queued, reeve.NoReason), reeve.Effect{})
}

// place places a job and returns it as it is stored.
func (w *world) place(job reeve.Job, placed []reeve.Placed, effect reeve.Effect) reeve.Job {
	w.t.Helper()
	w.check(w.commit(reeve.Work{Job: job, Placed: placed, Effect: effect}))
	return w.stored(job.ID)
}

func (w *world) stored(id reeve.JobID) reeve.Job {
	w.t.Helper()
	job, err := w.Job(w.ctx, w.account.No, id)
	w.check(err)
	return job
}

// command reads one command of a job.
func (w *world) command(job reeve.Job, leaf int) reeve.Command {
	w.t.Helper()
	c, _, err := w.Command(w.ctx, w.account.No, reeve.CommandID{Job: job.ID, Leaf: int32(leaf)})
	w.check(err)
	return c
}

// report reports one state of the command with this leaf, an hour at most after noon.
func (w *world) report(job reeve.Job, d reeve.Device, leaf int, state reeve.State) bool {
	w.t.Helper()
	settled, err := w.Report(w.ctx, noon.Add(10*time.Minute), []reeve.Report{
		{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: d.No, State: state, Percent: -1}})
	w.check(err)
	return settled[0]
}

// read returns a device as it is stored now.
func (w *world) read(d reeve.Device) reeve.Device {
	w.t.Helper()
	found, err := w.Device(w.ctx, w.account.No, d.ID)
	w.check(err)
	return found
}

// logged returns the events of the account's log after its first row.
func (w *world) logged() []string {
	w.t.Helper()
	rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{After: 1, Limit: 1000})
	w.check(err)
	events := []string{}
	for _, row := range rows {
		events = append(events, row.Event)
	}
	return events
}

// concurrently calls do n times at once and returns the errors.
func concurrently(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { errs[i] = do(i) })
	}
	wait.Wait()
	return errs
}

func ids(devices []reeve.Device) []string {
	out := make([]string, len(devices))
	for i, d := range devices {
		out[i] = d.ID
	}
	return out
}

func numbers(devices []reeve.Device) []int64 {
	out := make([]int64, len(devices))
	for i, d := range devices {
		out[i] = d.No
	}
	return out
}
