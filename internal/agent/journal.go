package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"reeve/internal/link"
)

// work is what an order asks for, as the journal keeps it.
type work struct {
	Action    string          `json:"action"`
	Params    json.RawMessage `json:"params,omitempty"`
	Issued    time.Time       `json:"issued,omitzero"`
	DeliverBy time.Time       `json:"deliver_by"`
	FinishBy  time.Time       `json:"finish_by"`
}

// A stage is how far a command came.
type stage int8

// The stages, in order. A command only ever moves forward.
const (
	unheard  stage = iota // not in the journal
	received              // not begun
	started               // begun: an effect is possible from here on
	finished              // ended; its report is kept
	settled               // the server has the report
)

// keepSettled is how long past its deadline a command is remembered: for longer
// than the server could order it once more.
const keepSettled = 7 * 24 * time.Hour

// An entry is what is remembered of a command in memory. What is long stays on
// the disk.
type entry struct {
	stage    stage
	action   string
	finishBy time.Time
	began    time.Time // zero before started
	crashes  int       // of the agent in the middle of it
	left     bool      // the agent stopped in order in the middle of it
	order    span      // of the line with its work
	report   span      // of the line with its report
	sent     time.Time // when the report was last sent, by our clock
}

// A record is one line of the journal: a command's move to a stage.
type record struct {
	Command string       `json:"command"`
	Stage   stage        `json:"stage"`
	At      time.Time    `json:"at"` // server's time
	Work    *work        `json:"work,omitempty"`
	Began   time.Time    `json:"began,omitzero"`
	Report  *link.Report `json:"report,omitempty"`
	Crashes int          `json:"crashes,omitempty"` // so far; a line without it says nothing of them
	Left    bool         `json:"left,omitempty"`    // the agent stops in order
}

// A journal remembers commands through crashes, so that none has its effect
// twice. What a method that moves a command returned without error is on the
// disk. It is safe for concurrent use.
type journal struct {
	mu      sync.Mutex
	file    *appendFile
	latest  time.Time // the server's time as far as the journal saw it
	entries map[string]*entry
	order   []string // commands as they came
}

// openJournal opens or makes the journal at path and forgets what is settled
// and old. Damaged lines, which only a failing disk leaves, are counted.
func openJournal(path string) (j *journal, damaged int, err error) {
	j = &journal{entries: map[string]*entry{}}
	if j.file, err = openAppendFile(path); err != nil {
		return nil, 0, err
	}
	end, damaged, err := readLines(io.NewSectionReader(j.file.file, 0, j.file.size), j.learn)
	if err == nil {
		err = j.file.cut(end)
	}
	if err == nil {
		err = j.compact()
	}
	if err != nil {
		j.file.file.Close()
		return nil, 0, err
	}
	return j, damaged, nil
}

// countJournal counts, in the journal of an agent that may be running, the
// commands that have not ended and the reports that the server does not have.
func countJournal(path string) (open, unsettled int, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the journal: %w", err)
	}
	defer file.Close()
	j := &journal{entries: map[string]*entry{}}
	_, _, err = readLines(file, j.learn)
	return len(j.at(received)) + len(j.at(started)), len(j.at(finished)), err
}

// learn takes in a line that was written before.
func (j *journal) learn(line []byte, at span) error {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	j.note(r, at)
	return nil
}

// note brings the memory up to what a line says.
func (j *journal) note(r record, at span) {
	e := j.entries[r.Command]
	if e == nil {
		e = &entry{}
		j.entries[r.Command] = e
		j.order = append(j.order, r.Command)
	}
	if r.Stage > e.stage {
		e.stage = r.Stage
	}
	if r.Work != nil {
		e.order, e.action, e.finishBy = at, r.Work.Action, r.Work.FinishBy
	}
	if !r.Began.IsZero() {
		e.began = r.Began
	}
	if r.Stage == started {
		e.crashes, e.left = max(e.crashes, r.Crashes), r.Left
	}
	if r.Report != nil {
		e.report, e.sent = at, time.Now() // whoever writes it sends it at once
	}
	if r.At.After(j.latest) {
		j.latest = r.At
	}
}

// write appends the records together. With durable it returns when the disk
// has them.
func (j *journal) write(durable bool, records ...record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		at, err := j.file.append(line)
		if err != nil {
			return err
		}
		j.note(r, at)
	}
	if j.file.crowded() {
		if j.compact() == nil {
			return nil
		}
		j.file.base = j.file.size // it is good as it is; try again when it has grown
	}
	if durable {
		return j.file.sync()
	}
	return nil
}

// receive enters a new command.
func (j *journal) receive(command string, w work, now time.Time) error {
	return j.write(true, record{Command: command, Stage: received, At: now, Work: &w})
}

// start says that work on the command begins, or goes on after a crash.
func (j *journal) start(command string, now time.Time) error {
	return j.write(true, record{Command: command, Stage: started, At: now, Began: now})
}

// leave says that the agent stops in order, in the middle of commands.
func (j *journal) leave(now time.Time) error {
	var records []record
	for _, c := range j.at(started) {
		records = append(records, record{Command: c, Stage: started, At: now, Left: true})
	}
	return j.write(true, records...)
}

// resume says that the agent is there again, in the middle of a command, and
// returns how often it went without having left.
func (j *journal) resume(command string) (crashes int, err error) {
	e := j.entry(command)
	if crashes = e.crashes; !e.left {
		crashes++
	}
	return crashes, j.write(true, record{Command: command, Stage: started, At: j.latest, Crashes: crashes})
}

// finish keeps the last report on a command.
func (j *journal) finish(r link.Report, now time.Time) error {
	return j.write(true, record{Command: r.Command, Stage: finished, At: now, Report: &r})
}

// refuse enters a new command together with its end.
func (j *journal) refuse(w work, r link.Report, now time.Time) error {
	return j.write(true, record{Command: r.Command, Stage: received, At: now, Work: &w},
		record{Command: r.Command, Stage: finished, At: now, Report: &r})
}

// settle says that the server has the reports. If that is lost the server is
// told again, so it need not be durable.
func (j *journal) settle(commands []string, now time.Time) error {
	var records []record
	for _, c := range commands {
		if j.entry(c).stage == finished {
			records = append(records, record{Command: c, Stage: settled, At: now})
		}
	}
	return j.write(false, records...)
}

// entry returns what is remembered of a command.
func (j *journal) entry(command string) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.entries[command]; e != nil {
		return *e
	}
	return entry{}
}

// at returns the commands at a stage, as they came.
func (j *journal) at(s stage) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var commands []string
	for _, c := range j.order {
		if j.entries[c].stage == s {
			commands = append(commands, c)
		}
	}
	return commands
}

// unsent returns the finished commands whose report was not sent since t, and
// notes that they are being sent now.
func (j *journal) unsent(t, now time.Time) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var commands []string
	for _, c := range j.order {
		if e := j.entries[c]; e.stage == finished && !e.sent.After(t) {
			e.sent = now
			commands = append(commands, c)
		}
	}
	return commands
}

// work reads back what a command asks for.
func (j *journal) work(command string) (work, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, err := j.recall(j.entries[command].order)
	if err != nil {
		return work{}, err
	}
	return *r.Work, nil
}

// report reads back the last report on a finished command.
func (j *journal) report(command string) (link.Report, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, err := j.recall(j.entries[command].report)
	if err != nil {
		return link.Report{}, err
	}
	return *r.Report, nil
}

// recall reads a line again. The caller has the lock.
func (j *journal) recall(at span) (r record, err error) {
	line, err := j.file.read(at)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("reading the journal: %w", err)
	}
	return r, nil
}

// compact writes the journal anew, with at most two lines a command and without
// the commands that are settled and long past their deadline. The caller has
// the lock.
func (j *journal) compact() error {
	kept := map[string]*entry{}
	var order []string
	for _, c := range j.order {
		e := *j.entries[c]
		if e.stage < settled || !j.latest.After(e.finishBy.Add(keepSettled)) {
			kept[c], order = &e, append(order, c)
		}
	}
	err := j.file.rewrite(func(add func([]byte) (span, error)) error {
		for _, c := range order {
			if err := j.copy(kept[c], add); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.entries, j.order = kept, order
	return nil
}

// copy adds what is known of a command to another file and notes where it
// stands there. The order comes first, then the report.
func (j *journal) copy(e *entry, add func([]byte) (span, error)) error {
	for _, part := range []struct {
		at    *span
		stage stage
	}{{&e.order, min(e.stage, started)}, {&e.report, e.stage}} {
		if part.at.length == 0 {
			continue
		}
		r, err := j.recall(*part.at)
		if err != nil {
			return err
		}
		r.Stage, r.Began, r.At = part.stage, e.began, j.latest
		r.Crashes, r.Left = e.crashes, e.left
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		if *part.at, err = add(line); err != nil {
			return err
		}
	}
	return nil
}

// ofJob returns the commands of a job that have not ended, as they came.
func (j *journal) ofJob(prefix string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var commands []string
	for _, c := range j.order {
		if strings.HasPrefix(c, prefix) && j.entries[c].stage < finished {
			commands = append(commands, c)
		}
	}
	return commands
}

// Close closes the file.
func (j *journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.file.Close()
}
