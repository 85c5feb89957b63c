package console

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/door"
	"reeve/internal/watch"
)

func (c *console) jobRoutes() []door.Route {
	return []door.Route{
		c.see("jobs", reeve.Read, c.jobs),
		c.see("jobs/live", reeve.Read, c.jobsLive),
		c.see("jobs/{id}", reeve.Read, c.job),
		c.see("jobs/{id}/results", reeve.Read, c.jobResults),
		c.see("jobs/{id}/live", reeve.Read, c.jobLive),
		c.see("jobs/{id}/results.csv", reeve.Read, c.jobSheet),
		c.change("jobs/{id}/cancel", reeve.Write, "job_cancelled", c.cancelJob),
		c.change("jobs/{id}/pause", reeve.Write, "job_paused", c.pauseJob),
		c.change("jobs/{id}/resume", reeve.Write, "job_resumed", c.resumeJob),
		c.see("commands/{id}", reeve.Read, c.command),
		c.see("commands/{id}/report", reeve.Read, c.report),
	}
}

// jobsShown is how many jobs a page of the list has.
const jobsShown = 40

// A jobsPage is a page of the list of jobs.
type jobsPage struct {
	Filter  jobFilter
	States  []choice
	Actions []choice
	Sources []choice
	Rows    []progress
	Live    string // path of the news about the rows that are not finished
	Beside  beside
}

// A jobFilter is what a list of jobs is narrowed to, as its address says it.
type jobFilter struct {
	State  string // "open", "ended" or "" for both
	Action string
	Source string
	By     string // name or actor of who asked
}

// A choice is one of several words, and whether it is chosen.
type choice struct {
	Word, Text string
	Chosen     bool
}

func readJobFilter(q url.Values) (jobFilter, reeve.JobQuery, error) {
	f := jobFilter{State: q.Get("state"), Action: q.Get("action"), Source: q.Get("source"), By: strings.TrimSpace(q.Get("by"))}
	query := reeve.JobQuery{By: f.By, Open: f.State == "open", Ended: f.State == "ended"}
	if f.Action != "" {
		if _, ok := action.Lookup(f.Action); !ok {
			return f, query, errJobFilter
		}
		query.Actions = []string{f.Action}
	}
	if f.Source != "" {
		source, ok := reeve.ParseSource(f.Source)
		if !ok {
			return f, query, errJobFilter
		}
		query.Sources = []reeve.Source{source}
	}
	if f.State != "" && !query.Open && !query.Ended {
		return f, query, errJobFilter
	}
	return f, query, nil
}

var errJobFilter = reeve.Errorf(reeve.Invalid, "the address asks for a state, an action or a source that there is not; choose from the filters")

// Path is the list with this filter.
func (f jobFilter) Path() string {
	return pathOf("jobs", "state", f.State, "action", f.Action, "source", f.Source, "by", f.By)
}

// IsSet reports whether anything is left out.
func (f jobFilter) IsSet() bool { return f != jobFilter{} }

// pathOf writes a path with a query of names and values in turn, empty ones left
// out.
func pathOf(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Add(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func (c *console) jobs(v *visit) (*page, error) {
	filter, query, err := readJobFilter(v.URL.Query())
	if err != nil {
		return nil, err
	}
	at, err := v.turning("jobs", filter.Path())
	if err != nil {
		return nil, err
	}
	query.Before, query.After, query.Limit = reeve.JobID(at.on), reeve.JobID(at.back), jobsShown+1
	found, err := v.view.Jobs(v.Context(), query)
	if err != nil {
		return nil, err
	}
	p := jobsPage{Filter: filter}
	found, p.Beside = pageOf(at, found, jobsShown, func(j reeve.Job) reeve.JobID { return j.ID })
	var open []string
	for _, job := range found {
		p.Rows = append(p.Rows, progress{Job: job})
		if job.Open() > 0 {
			open = append(open, "id", job.ID.String())
		}
	}
	if len(open) > 0 {
		p.Live = pathOf("jobs/live", open...)
	}
	for _, word := range []string{"", "open", "ended"} {
		p.States = append(p.States, choice{word, v.words.say("jobs.filter.states." + cmp.Or(word, "all")), word == filter.State})
	}
	p.Actions = append(p.Actions, choice{"", v.words.say("jobs.filter.all"), filter.Action == ""})
	for _, d := range action.Offered(action.Own) {
		p.Actions = append(p.Actions, choice{d.Name, v.words.action(d.Name), d.Name == filter.Action})
	}
	p.Sources = append(p.Sources, choice{"", v.words.say("jobs.filter.all"), filter.Source == ""})
	for _, s := range []reeve.Source{reeve.FromConsole, reeve.FromOAuthAPI, reeve.FromAPI, reeve.FromCLI, reeve.FromAgent, reeve.FromSystem} {
		p.Sources = append(p.Sources, choice{s.String(), v.words.say("sources." + s.String()), s.String() == filter.Source})
	}
	return &page{name: "jobs", title: "jobs.title", data: p}, nil
}

// with adds a name and a value to the query of a path.
func with(path, name, value string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + url.Values{name: {value}}.Encode()
}

// jobsLive tells of the jobs that a page of the list shows, as one stream.
func (c *console) jobsLive(v *visit) (*page, error) {
	ids := v.URL.Query()["id"]
	if len(ids) > jobsShown {
		return nil, reeve.Errorf(reeve.Invalid, "a page of the list follows at most %d jobs", jobsShown)
	}
	var jobs []reeve.Job
	for _, id := range ids {
		job, err := v.findJob(id)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return c.tell(v, jobs, func(s watch.Stream, jobs []reeve.Job) bool {
		alive := true
		for _, job := range jobs {
			alive = alive && v.put(s, "job-"+job.ID.String(), "jobs", "row", progress{Job: job})
		}
		return alive
	}, nil)
}

// findJob reads a job by its public id. What is not an id names no job.
func (v *visit) findJob(public string) (reeve.Job, error) {
	id, ok := reeve.ParseJobID(public)
	if !ok {
		return reeve.Job{}, errNoJob
	}
	job, err := v.view.Job(v.Context(), id)
	if reeve.KindOf(err) == reeve.NotFound && err != nil {
		err = errNoJob.Because(err)
	}
	return job, err
}

var errNoJob = reeve.Errorf(reeve.NotFound, "there is no such job; look for it in the list of jobs")

// percent is how much of a whole a part is, in whole percent.
func percent(part, of int64) string {
	if of == 0 {
		return "100"
	}
	return strconv.FormatInt(part*100/of, 10)
}
