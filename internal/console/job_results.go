package console

import (
	"fmt"
	"math"
	"strconv"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/door"
)

// A results is a page of a job's commands.
type results struct {
	progress
	State  string // only those in this state, as the address says it
	Rows   []reeve.Command
	Load   string // path of the rows, where they come later
	Given  bool   // whether agents send back more than a line
	Beside beside
}

// resultsShown is how many commands a page of a job has, and resultsMet how many
// it may look at itself to find them: a few that failed among very many take
// longer, and the page loads them when it is there.
const (
	resultsShown = 50
	resultsMet   = 10_000
)

// results reads the page of a job's commands that the address asks for, and looks
// at so many at most.
func (v *visit) results(job reeve.Job, within int) (results, error) {
	q := v.URL.Query()
	def, _ := action.Lookup(job.Action)
	r := results{progress: progress{job}, State: q.Get("state"), Given: def.Returns}
	states, err := statesOf(r.State)
	if err != nil {
		return r, err
	}
	at, err := v.turning("commands "+job.ID.String(), pathOf("jobs/"+job.ID.String(), "state", r.State))
	if err != nil {
		return r, err
	}
	if at.back != 0 {
		r.Rows, err = v.view.EarlierCommands(v.Context(), job.ID, states, int32(at.back), within, resultsShown+1)
	} else {
		r.Rows, err = v.view.CommandsWithin(v.Context(), job.ID, states, int32(at.on), within, resultsShown+1)
	}
	if err != nil {
		return r, err
	}
	var newer, older bool
	var first, next int64
	if r.Rows, newer, older = turn(r.Rows, resultsShown, at.on != 0, at.back != 0); len(r.Rows) > 0 {
		first, next = int64(r.Rows[0].ID.Leaf), int64(r.Rows[len(r.Rows)-1].ID.Leaf)+1
	}
	r.Beside = at.beside(newer, first, older, next)
	return r, nil
}

// jobResults answers with the rows of a page of a job, however many commands have
// to be looked at.
func (c *console) jobResults(v *visit) (*page, error) {
	job, err := v.findJob(v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	found, err := v.results(job, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	return v.part("job", "result_list", found)
}

// statesOf returns the states that a word of the filter stands for.
func statesOf(word string) ([]reeve.State, error) {
	switch word {
	case "":
		return nil, nil
	case "open":
		return []reeve.State{reeve.Queued, reeve.Sent, reeve.Running}, nil
	}
	state, ok := reeve.ParseState(word)
	if !ok {
		return nil, reeve.Errorf(reeve.Invalid, "there is no state %.40q; choose one of those offered", word)
	}
	return []reeve.State{state}, nil
}

// jobSheet sends what became of each device as a table. It never holds more than
// a page.
func (c *console) jobSheet(v *visit) (*page, error) {
	job, err := v.findJob(v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	states, err := statesOf(v.URL.Query().Get("state"))
	if err != nil {
		return nil, err
	}
	sheet := door.NewSheet(v.w, fmt.Sprintf("%s_%s.csv", job.Action, job.ID),
		"device", "hostname", "state", "reason", "why", "percent", "message", "changed", "late", "command")
	if sheet.Send() || v.Method == "HEAD" {
		return nil, nil
	}
	for from := int32(0); ; {
		part, err := v.view.Commands(v.Context(), job.ID, states, from, sheetPage)
		if err != nil {
			return nil, err
		}
		for _, c := range part {
			sheet.Row(c.DeviceID, c.Hostname, c.State.String(), c.Reason.String(), c.Reason.Sentence(), running(c), c.Message,
				at(c.Changed).ISO, c.Late, c.ID.String())
		}
		if sheet.Send() || len(part) < sheetPage {
			return nil, nil // the reader has gone, or has it all
		}
		from = part[len(part)-1].ID.Leaf + 1
	}
}

// sheetPage is how many commands are read and sent at a time.
const sheetPage = 1000

// running is how far a command is, where that is known.
func running(c reeve.Command) string {
	if c.State != reeve.Running || c.Percent < 0 {
		return ""
	}
	return strconv.Itoa(int(c.Percent))
}
