package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
	"reeve/internal/watch"
)

// jobEvents tells of a job's progress as it happens, as server-sent events: the
// job now and whenever another of its commands has ended, until none is open.
func (a *api) jobEvents(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	if err := p.done(); err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	job, err := a.Store.Job(r.Context(), r.Caller.Account, id)
	if err != nil {
		return named(err, "job")
	}
	told := job.Open() + 1
	return a.Jobs.Serve(w, r.Request, r.Caller.Account, []reeve.Job{job}, watch.Teller{Tell: func(s watch.Stream, jobs []reeve.Job) bool {
		if jobs[0].Open() == told { // it was paused, or goes on
			return true
		}
		told = jobs[0].Open()
		return tell(s, jobs[0])
	}})
}

// tell sends a job: as done if no command of it is open, else as its progress.
func tell(s watch.Stream, job reeve.Job) bool {
	event := client.EventProgress
	if job.Open() == 0 {
		event = client.EventDone
	}
	data, err := json.Marshal(shapeJob(job))
	return err == nil && s.Send(event, strconv.FormatInt(int64(job.Targets)-job.Open(), 10), data)
}
