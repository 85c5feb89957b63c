package cmapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (a *api) reportRoutes() []door.Route {
	var routes []door.Route
	for _, v := range reports {
		routes = append(routes, door.Route{
			Method: v.method, Path: at(v.segment, "get_reports"), Scope: reeve.Read, Rate: "get_reports", Serve: a.report(v),
			Page: v.page(),
		})
	}
	return routes
}

// contents opens what an action's agents sent back, as a zip file.
var contents = map[string]struct {
	name string // the file's, before the command id
	open func(a *api, ctx context.Context, job reeve.Job, c reeve.Command, result json.RawMessage) (io.ReadSeekCloser, error)
}{
	"fetch_agent_log": {"agent_log", (*api).openUpload},
	"scan_threats":    {"scan_threats_log", (*api).openScan},
}

// report serves Get Reports: the file when it is there, otherwise how far its
// command has come. What a pending command answers is ours; the page's example
// could not be read.
func (a *api) report(v report) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		wanted, value, err := v.read(r.URL.Query())
		switch {
		case err != nil:
			return err
		case wanted.action == "":
			return a.patchReport(w, r, wanted, value)
		}
		job, command, result, err := a.findCommand(r.Context(), r.Caller.Account, value)
		if err != nil {
			return err
		}
		if job.Action != wanted.action {
			return v.wrongType(job.Action)
		}
		if command.State != reeve.Succeeded {
			return door.Write(w, http.StatusOK, progressOf(command))
		}
		kept := time.Duration(control.Effective(r.Account.Settings).KeepReportsDays) * 24 * time.Hour
		if a.Now().Sub(command.Changed) > kept {
			return errNoReport
		}
		content := contents[wanted.action]
		file, err := content.open(a, r.Context(), job, command, result)
		if err != nil {
			return err
		}
		defer file.Close()
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s_%s.zip"`, content.name, command.ID))
		http.ServeContent(w, r.Request, "", command.Changed, file)
		return nil
	}
}

// patchReport answers a report on patches as far as it can be.
func (a *api) patchReport(w http.ResponseWriter, r *door.Request, wanted reportType, value string) error {
	if wanted.need == "id" {
		if _, err := a.findOne(r.Context(), r.Caller.Account, byIDOrMAC, value); err != nil {
			return err
		}
	}
	return door.Write(w, http.StatusOK, progress{"unavailable", "there is nothing to report: no agent of this server reports patches"})
}

// wrongType says what to ask for instead of a type that is not the command's.
func (v report) wrongType(action string) error {
	right := contents[action].name
	if _, ok := v.types[right]; !ok {
		return reeve.Errorf(reeve.Invalid, "a command of %s has no report in this version", action)
	}
	return reeve.Errorf(reeve.Invalid, "this is a command of %s; ask for it with type=%s", action, right)
}

var errNoReport = reeve.Errorf(reeve.NotFound, "there is no such report, or it is not kept any more; check command_id")

// findCommand looks a command up by its public id. Unknown, malformed and
// foreign ids are all the same to the caller.
func (a *api) findCommand(ctx context.Context, account int64, public string) (reeve.Job, reeve.Command, json.RawMessage, error) {
	id, ok := reeve.ParseCommandID(public)
	if !ok {
		return reeve.Job{}, reeve.Command{}, nil, errNoReport
	}
	job, err := a.Jobs.Job(ctx, account, id.Job)
	if err != nil {
		return reeve.Job{}, reeve.Command{}, nil, missing(err, errNoReport)
	}
	command, result, err := a.Jobs.Command(ctx, account, id)
	return job, command, result, missing(err, errNoReport)
}

// missing puts our words for a NotFound error of a store.
func missing(err error, words *reeve.Error) error {
	if reeve.KindOf(err) == reeve.NotFound {
		return words.Because(err)
	}
	return err
}

// A progress is the answer of Get Reports while there is no file.
type progress struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func progressOf(c reeve.Command) progress {
	switch {
	case c.State == reeve.Running && c.Percent >= 0:
		return progress{"pending", fmt.Sprintf("the agent is at work, %d percent done", c.Percent)}
	case c.State == reeve.Running:
		return progress{"pending", "the agent is at work"}
	case !c.State.IsFinal():
		return progress{"pending", "the command waits for the agent"}
	}
	message := c.Reason.Sentence()
	if message == "" {
		message = c.Message
	}
	return progress{c.State.String(), message}
}

// openUpload opens the file that an agent uploaded for its command.
func (a *api) openUpload(ctx context.Context, _ reeve.Job, c reeve.Command, _ json.RawMessage) (io.ReadSeekCloser, error) {
	file, err := a.Files.Open(ctx, c.ID.String())
	return file, missing(err, errNoReport)
}

// openScan writes the report of a scan from its stored result.
func (a *api) openScan(_ context.Context, job reeve.Job, c reeve.Command, result json.RawMessage) (io.ReadSeekCloser, error) {
	if len(result) == 0 {
		return nil, errNoReport
	}
	var out bytes.Buffer
	if err := writeScanReport(&out, job, c, result); err != nil {
		return nil, fmt.Errorf("writing the scan report of command %s: %w", c.ID, err)
	}
	return memoryFile{bytes.NewReader(out.Bytes())}, nil
}

// A memoryFile is a file that was never on a disk.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }
