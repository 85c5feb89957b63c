package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// A logRow is an entry with what it is about, and its facts in words.
type logRow struct {
	reeve.AuditEntry
	Jobs     []string // ids; a few of them
	MoreJobs int
	Mentions control.Mentions
	Selected *selected // of an order: which devices were meant
	Facts    []fact
}

// More is how many devices the row is about that it does not name.
func (r logRow) More() int64 { return max(r.Mentions.N-int64(len(r.Mentions.First)), 0) }

// Action is that of the order which the row is about; empty for none, and where the
// event is the action.
func (r logRow) Action() string {
	if r.Event == "retire_ordered" {
		return ""
	}
	return r.About().Action
}

// ByItself reports whether the device did it that the row is about.
func (r logRow) ByItself() bool { return r.Device != "" && r.Actor == "device:"+r.Device }

// Failures is how many of the commands of which the row tells did not end well.
func (r logRow) Failures() int64 {
	var facts struct {
		States map[string]int64 `json:"states"`
	}
	if r.Event != reeve.Reports || json.Unmarshal([]byte(r.Detail), &facts) != nil {
		return 0
	}
	return facts.States[reeve.Failed.String()] + facts.States[reeve.Refused.String()]
}

// JobPath is the path before the id of a job that the row names: proposed ones are
// no jobs yet.
func (r logRow) JobPath() string {
	switch r.Event {
	case "job_proposed", "job_approved", "job_rejected":
		return "approvals/"
	}
	return "jobs/"
}

// A fact is one of a row's facts in words.
type fact struct {
	Name, Value string
	Path        string // of the page about it; empty for none
}

// jobsNamed is how many jobs are named of a row.
const jobsNamed = 2

// logRows puts entries in words.
func (v *visit) logRows(entries []reeve.AuditEntry) ([]logRow, error) {
	mentions, err := v.view.Mentioned(v.Context(), entries)
	if err != nil {
		return nil, err
	}
	rows := make([]logRow, len(entries))
	for i, e := range entries {
		rows[i] = logRow{AuditEntry: e, Mentions: mentions[i], Facts: v.words.facts(e.Detail)}
		jobs := jobsOf(e)
		rows[i].Jobs = jobs[:min(len(jobs), jobsNamed)]
		rows[i].MoreJobs = len(jobs) - len(rows[i].Jobs)
		if rows[i].Selected, err = v.meant(e.Detail); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// meant puts in words which devices an order was for, of which a Detail tells;
// nil if it does not.
func (v *visit) meant(detail string) (*selected, error) {
	var facts struct {
		Selected *control.Selection `json:"selected"`
	}
	if json.Unmarshal([]byte(detail), &facts) != nil || facts.Selected == nil {
		return nil, nil
	}
	s, err := v.selected(*facts.Selected)
	return &s, err
}

// jobsOf returns the ids of the jobs that an entry is about.
func jobsOf(e reeve.AuditEntry) (ids []string) {
	if e.Job != 0 {
		return []string{e.Job.String()}
	}
	for _, run := range e.About().Commands {
		ids = append(ids, run.Job.String())
	}
	return slices.Compact(ids)
}

// factWords is where the catalogue has words for the values of facts, beside
// those for all of them.
var factWords = map[string]string{"action": "actions.", "states": "states.", "standing": "standings.", "role": "operators.roles.",
	"groups": "operators.roles.", "how": "me.hows.", "system": "devices.filters.system.", "unassessed": "settings.unassessed."}

// factPages is where pages are about the values of facts.
var factPages = map[string]string{"group_id": "groups/", "group": "groups/", "retry_of": "jobs/", "undo_of": "jobs/", "deleted_by": "jobs/"}

// facts puts the Detail of an entry in words, but for what meant says. A fact that the catalogue has no
// name for keeps its own.
func (w *words) facts(detail string) (all []fact) {
	var facts map[string]json.RawMessage
	var name string
	if json.Unmarshal([]byte(detail), &facts) != nil {
		return nil
	}
	json.Unmarshal(facts["action"], &name)
	var was map[string]json.RawMessage
	json.Unmarshal(facts["was"], &was)
	for key := range was {
		if _, still := facts[key]; !still {
			facts[key] = nil
		}
	}
	delete(facts, "was")
	delete(facts, "selected")
	var comment string
	json.Unmarshal(facts["comment"], &comment)
	if by := control.Deletion(reeve.Job{Action: name, Comment: comment}); by != 0 {
		delete(facts, "comment")
		facts["deleted_by"], _ = json.Marshal(by.String())
	}
	for key, raw := range facts {
		if key == "params" {
			for _, p := range w.params(name, raw) {
				all = append(all, fact{Name: p.Name, Value: p.Value})
			}
			continue
		}
		text := w.fact(key, raw)
		had, changed := was[key]
		if changed {
			text = w.say("facts.now", cmp.Or(text, w.say("facts.unset")), cmp.Or(w.fact(key, had), w.say("facts.unset")))
		}
		if text != "" {
			f := fact{Name: w.or(key, "facts."+key), Value: text}
			if to, ok := factPages[key]; ok && !changed {
				f.Path = to + text
			}
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b fact) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// fact puts the value of a fact in words: of a list each element, of an object
// each member with its name.
func (w *words) fact(name string, raw json.RawMessage) string {
	word := func(text string) string { return w.or(w.or(text, "facts.values."+text), factWords[name]+text) }
	var several []string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	var text string
	var number int64
	switch raw := bytes.TrimSpace(raw); {
	case string(raw) == "null":
	case json.Unmarshal(raw, &text) == nil && text != "":
		return word(text)
	case json.Unmarshal(raw, &number) == nil:
		return w.number(number)
	case json.Unmarshal(raw, &list) == nil:
		for _, one := range list {
			several = append(several, w.fact(name, one))
		}
	case json.Unmarshal(raw, &object) == nil:
		for key, one := range object {
			several = append(several, word(key)+": "+w.fact(name, one))
		}
		slices.Sort(several)
	case string(raw) != `""`:
		return word(string(raw))
	}
	return strings.Join(several, ", ")
}
