package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// A commandPage is what one device was ordered to do and what it said of it.
type commandPage struct {
	reeve.Command
	Job    reeve.Job
	Scan   *scanned
	Result string // what the agent sent otherwise, laid out for reading
	File   bool   // whether there is a file to fetch
	Whole  bool   // whether the person sees the job, too
}

// A scanned is what a scan found, as far as people read it here.
type scanned struct {
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Counts   struct {
		Files   int64 `json:"files"`
		Skipped int64 `json:"skipped"`
		Errors  int64 `json:"errors"`
		Threats int64 `json:"threats"`
	} `json:"counts"`
	Engines []struct {
		Name        string `json:"name"`
		Version     string `json:"version"`
		Unavailable string `json:"unavailable"`
		Judged      int64  `json:"judged"`
	} `json:"engines"`
	Threats []struct {
		Path       string `json:"path"`
		Within     string `json:"within"`
		Signature  string `json:"signature"`
		Engine     string `json:"engine"`
		Quarantine string `json:"quarantine"`
	} `json:"threats"`
	Truncated bool `json:"threats_truncated"`
	Areas     []struct {
		Type   int      `json:"type"`
		Name   string   `json:"name"`
		Roots  []string `json:"roots"`
		Status string   `json:"status"`
		Reason string   `json:"reason"`
	} `json:"areas"`
	Unread []struct {
		Path  string `json:"path"`
		Error string `json:"error"`
	} `json:"errors"`
}

func (c *console) command(v *visit) (*page, error) {
	p, result, err := v.findCommand()
	if err != nil {
		return nil, err
	}
	switch {
	case p.Job.Action == "scan_threats" && len(result) > 0:
		p.Scan = &scanned{}
		if err := json.Unmarshal(result, p.Scan); err != nil { // an agent that says something else
			p.Scan = nil
		}
	case len(result) > 0:
		var out bytes.Buffer
		if json.Indent(&out, result, "", "  ") == nil {
			p.Result = out.String()
		}
	}
	return &page{name: "command", title: "jobs.command.title", args: []any{v.words.action(p.Job.Action), p.Hostname}, data: p}, nil
}

// findCommand reads the command that the address names, with its job and result.
func (v *visit) findCommand() (commandPage, json.RawMessage, error) {
	id, ok := reeve.ParseCommandID(v.PathValue("id"))
	if !ok {
		return commandPage{}, nil, errNoCommand
	}
	command, result, err := v.view.Command(v.Context(), id)
	if err != nil {
		if reeve.KindOf(err) == reeve.NotFound {
			err = errNoCommand.Because(err)
		}
		return commandPage{}, nil, err
	}
	jobs, err := v.view.JobsOf(v.Context(), []reeve.Command{command})
	if err != nil {
		return commandPage{}, nil, err
	}
	job := jobs[id.Job]
	_, unseen := v.view.Job(v.Context(), id.Job)
	def, _ := action.Lookup(job.Action)
	return commandPage{Command: command, Job: job, Whole: unseen == nil, File: command.State == reeve.Succeeded && (def.Uploads || len(result) > 0)}, result, nil
}

var errNoCommand = reeve.Errorf(reeve.NotFound, "there is no such command; look for it among the results of its job")

// report sends what an agent uploaded, or what it reported, as a file.
func (c *console) report(v *visit) (*page, error) {
	p, result, err := v.findCommand()
	if err != nil {
		return nil, err
	}
	kept := time.Duration(control.Effective(v.Account.Settings).KeepReportsDays) * 24 * time.Hour
	if !p.File || time.Since(p.Changed) > kept {
		return nil, errNoReport
	}
	name := p.Job.Action + "_" + p.ID.String()
	if def, _ := action.Lookup(p.Job.Action); !def.Uploads {
		v.attach("application/json", name+".json")
		http.ServeContent(v.w, v.Request.Request, "", p.Changed, bytes.NewReader(result))
		return nil, nil
	}
	file, err := c.Files.Open(v.Context(), p.ID.String())
	if err != nil {
		if reeve.KindOf(err) == reeve.NotFound {
			err = errNoReport.Because(err)
		}
		return nil, err
	}
	defer file.Close()
	v.attach("application/zip", name+".zip")
	http.ServeContent(v.w, v.Request.Request, "", p.Changed, file)
	return nil, nil
}

var errNoReport = reeve.Errorf(reeve.NotFound, "there is no file of this command, or it is not kept any more")

// attach has the browser keep what follows as a file.
func (v *visit) attach(kind, name string) {
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
}
