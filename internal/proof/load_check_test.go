package proof

import (
	"archive/zip"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/client"
)

// check compares what was answered with what the server has and with what the
// agents did.
func (l *load) check(t *testing.T, c *crowd) {
	t.Helper()
	var jobs []client.Job
	isOpen := func(j client.Job) bool { return j.Open > 0 }
	for jobs = collect(t, l.own.Jobs(t.Context(), client.JobFilter{})); slices.ContainsFunc(jobs, isOpen); jobs = collect(t, l.own.Jobs(t.Context(), client.JobFilter{})) {
		if time.Since(l.back) > deliverWithin+time.Minute { // an upload is tried again after a while
			l.fatalOpen(t, jobs)
		}
		pass(100*time.Millisecond, nil)
	}
	byComment := map[string][]client.Job{}
	for _, j := range jobs {
		byComment[j.Comment] = append(byComment[j.Comment], j)
	}
	orders := map[string]string{} // states of the commands of agents, by id
	states := map[string]int{}
	unanswered, kept, again := 0, 0, 0
	for _, p := range l.placings {
		found := byComment[p.comment]
		delete(byComment, p.comment)
		switch {
		case len(found) > 1:
			t.Errorf("%s with key %q, sent %d times, made %d jobs", p.comment, p.key, p.tries, len(found))
		case p.status == http.StatusOK && len(found) == 0:
			t.Errorf("%s was answered and is not there", p.comment)
		}
		if p.status == 0 {
			unanswered++
			kept += len(found)
		}
		if p.tries > 1 {
			again++
		}
		for _, j := range found {
			commands := collect(t, l.own.JobCommands(t.Context(), j.ID))
			l.checkJob(t, p, j, commands)
			for _, command := range commands {
				states[command.State]++
				if p.action != "exempt" {
					orders[command.ID] = command.State
				}
			}
		}
	}
	for comment := range byComment {
		t.Errorf("a job %q is there that nobody asked for", comment)
	}
	l.checkEffects(t, c, orders)
	l.checkExempt(t)
	t.Logf("%d placings, %d of them sent again, %d never answered of which %d were kept; commands %v; %d effects, %+v",
		len(l.placings), again, unanswered, kept, states, len(c.lines(t)), c.Stats())
	if states["succeeded"] == 0 || states["expired"] == 0 || states["failed"] == 0 || unanswered+again == 0 {
		t.Error("this load proves little")
	}
}

// fatalOpen tells which commands have not ended.
func (l *load) fatalOpen(t *testing.T, jobs []client.Job) {
	t.Helper()
	for _, j := range jobs {
		for _, c := range collect(t, l.own.JobCommands(t.Context(), j.ID, "queued", "sent", "running")) {
			t.Logf("%s of job %s (%s, deliver by %s, finish by %s): %+v", j.Action, j.ID, j.Comment, j.DeliverBy, j.FinishBy, c)
		}
	}
	t.Fatal("these commands have not ended")
}

// checkJob compares one job with its request.
func (l *load) checkJob(t *testing.T, p *placing, j client.Job, commands []client.Command) {
	t.Helper()
	wanted := map[string]bool{}
	for _, id := range p.ids {
		if _, known := l.devices[id]; known {
			wanted[id] = true
		}
	}
	counts, of := map[string]int64{}, map[string]client.Command{}
	for _, c := range commands {
		counts[c.State]++
		of[c.Device] = c
		if !wanted[c.Device] || !isFinal(c.State) {
			t.Errorf("%s: command %s of device %s is %s", p.comment, c.ID, c.Device, c.State)
		}
		// Nothing expires while the server is down.
		due := j.DeliverBy
		if due.Before(l.back) {
			due = l.back
		}
		if c.State == "expired" && (c.Reason != "delivery" || c.Changed.Before(j.DeliverBy) || c.Changed.After(due.Add(10*time.Second))) {
			t.Errorf("%s, to be delivered by %s: command %s is %+v", p.comment, j.DeliverBy, c.ID, c)
		}
	}
	if j.Action != p.action || j.Entries != len(p.ids) || j.Unmatched != len(p.ids)-len(wanted) ||
		j.Targets != len(wanted) || len(commands) != len(wanted) || len(of) != len(wanted) || !maps.Equal(counts, j.Counts) {
		t.Errorf("%s: %d entries, %d of them known, became %+v with %d commands %v", p.comment, len(p.ids), len(wanted), j, len(commands), counts)
	}
	if p.status != http.StatusOK {
		return
	}
	if len(p.elements) != len(p.ids) {
		t.Errorf("%s: %d elements for %d ids", p.comment, len(p.elements), len(p.ids))
	}
	for i, e := range p.elements {
		c, there := of[e.ID]
		applies := there && c.State != "not_applicable"
		switch {
		case e.ID != p.ids[i] || there != wanted[e.ID] || applies != (e.Status == 1) || there != (e.Status != 0):
			t.Errorf("%s: element %d of %s is %+v, its command %+v", p.comment, i, p.ids[i], e, c)
		case e.CommandID != "" && e.CommandID != c.ID, e.Status == 1 && (p.action == "scan_threats" || p.action == "fetch_agent_log") && e.CommandID == "":
			t.Errorf("%s: element %+v has another command than %s", p.comment, e, c.ID)
		case e.CommandID != "" && c.State == "succeeded" && l.random.IntN(10) == 0:
			l.checkReport(t, p.action, e.CommandID)
		}
	}
}

// checkReport looks whether what an agent sent back can be fetched.
func (l *load) checkReport(t *testing.T, action, command string) {
	t.Helper()
	kind := map[string]string{"scan_threats": "scan_threats_log", "fetch_agent_log": "agent_log"}[action]
	status, body := l.get("/o/api/v3.1/get_reports?type=" + kind + "&command_id=" + command)
	if archive, err := zip.NewReader(strings.NewReader(body), int64(len(body))); status != http.StatusOK || err != nil || len(archive.File) < 2 {
		t.Errorf("the report of command %s is answered with %d %.100q: %v", command, status, body, err)
	}
}

// checkEffects compares the lines that the agents wrote with the commands.
func (l *load) checkEffects(t *testing.T, c *crowd, orders map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, command := range c.lines(t) {
		if seen[command] {
			t.Errorf("command %s took effect twice", command)
		}
		seen[command] = true
		if state, ordered := orders[command]; !ordered || state == "not_applicable" {
			t.Errorf("command %s took effect and is %q in the store", command, state)
		}
	}
	for command, state := range orders {
		if (state == "succeeded" || state == "failed") && !seen[command] {
			t.Errorf("command %s is %s and took no effect", command, state)
		}
	}
}

// checkExempt looks whether what was answered as exempt is.
func (l *load) checkExempt(t *testing.T) {
	t.Helper()
	exempt := map[string]bool{}
	for _, d := range l.server.devices() {
		exempt[d.ID] = d.ExemptUntil != nil
	}
	for _, p := range l.placings {
		for _, e := range p.elements {
			if p.action == "exempt" && e.Status == 1 && !exempt[e.ID] {
				t.Errorf("%s: device %s is not exempt", p.comment, e.ID)
			}
		}
	}
}
