package control

import (
	"context"
	"sync"
	"time"

	"reeve"
	"reeve/internal/action"
)

// maxQuestions is how many jobs' questions are kept in memory.
const maxQuestions = 1000

// questions are what jobs ask, which never changes; none for jobs of other
// actions than re-identify.
type questions struct {
	mu    sync.Mutex
	asked map[reeve.JobID]asking
}

type asking struct {
	identify bool
	fields   []reeve.IdentityField
}

// of returns what these jobs ask. Jobs that are gone are left out.
func (q *questions) of(ctx context.Context, store Store, ids map[reeve.JobID]bool) (map[reeve.JobID]asking, error) {
	q.mu.Lock()
	found := make(map[reeve.JobID]asking, len(ids))
	var missing []reeve.JobID
	for id := range ids {
		if a, ok := q.asked[id]; ok {
			found[id] = a
		} else {
			missing = append(missing, id)
		}
	}
	q.mu.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	jobs, err := store.JobsByID(ctx, missing)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		a := asking{identify: j.Action == "re-identify"}
		if a.identify {
			a.fields = action.IdentityFields(j.Params)
		}
		if q.asked == nil || len(q.asked) == maxQuestions {
			q.asked = map[reeve.JobID]asking{}
		}
		found[j.ID], q.asked[j.ID] = a, a
	}
	return found, nil
}

// CheckReports holds the answers in a batch against what their orders asked: an
// agent may be old, wrong or not what it says it is. A report whose answers are
// no answers becomes a failure that says what was wrong with them.
func (c *Control) CheckReports(ctx context.Context, batch []reeve.Report) error {
	jobs := map[reeve.JobID]bool{}
	for i := range batch {
		if batch[i].State == reeve.Succeeded || batch[i].Identity != nil {
			jobs[batch[i].ID.Job] = true
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	asked, err := c.questions.of(ctx, c.store, jobs)
	if err != nil {
		return err
	}
	for i := range batch {
		r := &batch[i]
		switch a := asked[r.ID.Job]; {
		case !jobs[r.ID.Job]:
		case !a.identify || r.State != reeve.Succeeded:
			r.Identity = nil // nobody asked, or it is not the end
		default:
			answers := reeve.TrimAnswers(r.Identity)
			if err := reeve.CheckAnswers(a.fields, answers); err != nil {
				r.State, r.Reason, r.Message, r.Identity = reeve.Failed, reeve.BadAnswer, reeve.Message(err), nil
			} else {
				r.Identity = answers
			}
		}
	}
	return nil
}

// A Questionnaire is what a link of re-identify asks.
type Questionnaire struct {
	Account  reeve.Account
	Hostname string
	Until    time.Time // the link is good
	Fields   []reeve.IdentityField

	command reeve.Command
}

var errLinkOver = reeve.Errorf(reeve.Conflict, "this link has been used, or its time is over; ask your administrator for a new one")

// Asked returns what the link of a command asks, of the account with the license
// key. The caller has checked that the link is one that this server made. What
// is not there any more is NotFound, and a link that is over is a Conflict.
func (c *Control) Asked(ctx context.Context, license string, id reeve.CommandID) (Questionnaire, error) {
	gone := reeve.Errorf(reeve.NotFound, "this link leads nowhere any more; ask your administrator for a new one")
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return Questionnaire{}, err
	}
	var q Questionnaire
	for _, a := range accounts {
		if a.LicenseKey == license {
			q.Account = a
		}
	}
	if q.Account.No == 0 {
		return Questionnaire{}, gone
	}
	job, err := c.store.Job(ctx, q.Account.No, id.Job)
	if err == nil {
		q.command, _, err = c.store.Command(ctx, q.Account.No, id)
	}
	if reeve.KindOf(err) == reeve.NotFound {
		return Questionnaire{}, gone
	}
	if err != nil {
		return Questionnaire{}, err
	}
	if q.command.State != reeve.Queued || q.command.Reason != reeve.AskedByLink || !c.now().Before(job.DeliverBy) {
		return Questionnaire{}, errLinkOver
	}
	q.Hostname, q.Until, q.Fields = q.command.Hostname, job.DeliverBy, action.IdentityFields(job.Params)
	return q, nil
}

// Identify takes the answers that a user gave behind the link of a command,
// which ends with it. Answers that do not fit are Invalid and change nothing.
func (c *Control) Identify(ctx context.Context, license string, id reeve.CommandID, answers map[string]string, from From) error {
	q, err := c.Asked(ctx, license, id)
	if err != nil {
		return err
	}
	answers = reeve.TrimAnswers(answers)
	if err := reeve.CheckAnswers(q.Fields, answers); err != nil {
		return err
	}
	by := reeve.Caller{Account: q.Account.No, Source: reeve.FromAgent, Actor: "device:" + q.command.DeviceID + "/user",
		Name: "user of " + q.Hostname, Address: from.Address, RequestID: from.RequestID}
	now := c.now()
	e := entry(by, now, "reports", "")
	e.Device = q.command.DeviceID
	r := reeve.Report{ID: id, Device: q.command.DeviceNo, State: reeve.Succeeded, Percent: -1,
		Message: "the user answered through the link", Identity: answers, Door: reeve.PageDoor, Address: from.Address}
	return orElse(c.store.Identify(ctx, q.Account.No, now, r, e), errLinkOver)
}
