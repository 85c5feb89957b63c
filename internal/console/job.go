package console

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/watch"
)

// A jobPage is a job with how it stands and what became of each device.
type jobPage struct {
	progress
	Params   []param
	Selected selected
	Approval *reeve.Proposal // that it was placed by; nil for none
	Root     string
	Results  results
	May      jobMay
	Live     string // path of its news; empty if it has ended
}

// Tallied is what the part of the page shows that changes.
func (p jobPage) Tallied() progress { return p.progress }

// A param is a parameter of an order in words.
type param struct {
	Name, Value string
	Until       time.Time // when what lasts so many hours ends; zero if it does not, or nobody knows yet
}

// A jobMay is what the person can do with the job as it stands.
type jobMay struct {
	progress
	Cancel, Pause, Resume, Retry, Undo bool
}

func (c *console) job(v *visit) (*page, error) {
	job, err := v.findJob(v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	p := jobPage{progress: progress{job}, Root: hex.EncodeToString(job.Root[:]), May: mayDo(v.Caller, job)}
	p.Params = v.params(job.Action, job.Params, job.Issued)
	if p.Selected, err = v.selectedFor(job); err != nil {
		return nil, err
	}
	if p.Results, err = v.results(job, resultsMet); errors.Is(err, reeve.ErrFurther) {
		p.Results.Load, err = "jobs/"+job.ID.String()+"/results?"+v.URL.RawQuery, nil
	}
	if err != nil {
		return nil, err
	}
	switch approved, err := v.view.Proposal(v.Context(), job.ID); {
	case err == nil && approved.State == reeve.Used:
		p.Approval = &approved
	case err != nil && reeve.KindOf(err) != reeve.NotFound:
		return nil, err
	}
	if job.Open() > 0 {
		p.Live = "jobs/" + job.ID.String() + "/live"
		if v.URL.RawQuery != "" { // so that the rows of this very page come anew at the end
			p.Live += "?" + v.URL.Query().Encode()
		}
	}
	return &page{name: "job", title: "jobs.one", args: []any{v.words.action(job.Action)}, data: p}, nil
}

func mayDo(caller reeve.Caller, job reeve.Job) jobMay {
	p := progress{job}
	may := jobMay{progress: p}
	reach, err := control.AllowSome(caller, reeve.Write)
	if err != nil || !reach.All && job.Caller.Actor != caller.Actor {
		return may
	}
	def, _ := action.Lookup(job.Action)
	may.Cancel = job.Open() > 0
	may.Pause = job.Open() > 0 && def.Pauses && job.Paused.IsZero()
	may.Resume = job.Open() > 0 && !job.Paused.IsZero()
	may.Retry = p.Retryable() > 0 && def.OfferedIn(action.Own)
	may.Undo = job.Counts[reeve.Succeeded] > 0 && def.Opposite != ""
	return may
}

// looksShare keeps looking at the rows of a job to one part of so many of the time.
const looksShare = 20

// heardEvery is how often those who listen to a page are told how a job stands.
const heardEvery = 15 * time.Second

// jobLive tells of one job: its counts and what can be done with it as they
// change, and every second, or as often as finding them allows, and at its end the
// rows that the page shows. Those who listen are told now and then, and at its end.
func (c *console) jobLive(v *visit) (*page, error) {
	job, err := v.findJob(v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var shown *results
	var due time.Time
	heard, heardAt := job.Open(), time.Now()
	listen := func(s watch.Stream) bool {
		if job.Open() == heard || job.Open() > 0 && time.Since(heardAt) < heardEvery {
			return true
		}
		heard, heardAt = job.Open(), time.Now()
		return v.put(s, "heard", "job", "heard", progress{job})
	}
	look := func(s watch.Stream) bool {
		began := time.Now()
		if !listen(s) {
			return false
		}
		if began.Before(due) && job.Open() > 0 {
			return true
		}
		now, err := v.results(job, math.MaxInt32)
		if err != nil {
			return false
		}
		due = began.Add(looksShare * time.Since(began))
		was := shown
		shown = &now
		return v.putResults(s, was, now)
	}
	tell := func(s watch.Stream, jobs []reeve.Job) bool {
		job = jobs[0]
		alive := v.put(s, "progress", "job", "progress", progress{job}) && v.put(s, "actions", "job", "actions", mayDo(v.Caller, job))
		return alive && (shown != nil && job.Open() > 0 || look(s))
	}
	return c.tell(v, []reeve.Job{job}, tell, look)
}

// putResults sends what has changed of the rows that a page shows and of the
// tabs above them. Where there are as many rows as before they alone take their
// places, so that nothing else moves.
func (v *visit) putResults(s watch.Stream, was *results, now results) bool {
	if was == nil || len(was.Rows) != len(now.Rows) || was.Beside != now.Beside {
		return v.put(s, "results", "job", "results", now)
	}
	if was.Counts != now.Counts && !v.put(s, "result-tabs", "job", "result_tabs", now) {
		return false
	}
	return slices.Equal(was.Rows, now.Rows) || v.put(s, "result-rows", "job", "result_rows", now)
}

func (c *console) cancelJob(v *visit) (*page, error) {
	return c.changeJob(v, "jobs.cancelled", func(id reeve.JobID) (reeve.Job, error) {
		return c.Rules.Cancel(v.Context(), v.Caller, id)
	})
}

func (c *console) pauseJob(v *visit) (*page, error) {
	return c.changeJob(v, "jobs.paused", func(id reeve.JobID) (reeve.Job, error) {
		return c.Rules.Pause(v.Context(), v.Caller, id, true)
	})
}

func (c *console) resumeJob(v *visit) (*page, error) {
	return c.changeJob(v, "jobs.resumed", func(id reeve.JobID) (reeve.Job, error) {
		return c.Rules.Pause(v.Context(), v.Caller, id, false)
	})
}

// changeJob changes a job and goes back to its page.
func (c *console) changeJob(v *visit, said string, change func(reeve.JobID) (reeve.Job, error)) (*page, error) {
	job, err := v.findJob(v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if _, err := change(job.ID); err != nil {
		return nil, err
	}
	return v.done("jobs/"+job.ID.String(), said)
}
