package agent

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"time"

	"reeve/internal/link"
)

// What a log archive has beside the logs is bounded too.
const (
	maxNoted      = 200     // commands, and errors
	maxNotedError = 2 << 10 // bytes of one
)

// Notes are what the log archive holds beside the logs: the settings, what is
// known of the machine, the last commands and the last errors. Neither the
// private key nor anybody's answers are among them.
func (b body) Notes() map[string]any {
	put, _ := b.PutAwayBy("") // an archive without it is of use too
	return map[string]any{
		"settings.json": struct {
			Version string        `json:"version"`
			Server  string        `json:"server"`
			Pin     string        `json:"pin"`
			Place   link.Enrolled `json:"place"`
			Policy  *Policy       `json:"policy"`
			// Settings are those that the server decided.
			Settings link.Settings `json:"settings"`
		}{Version, b.identity.Server, b.identity.Pin, b.identity.Place, b.policy, b.settings.InForce()},
		"facts.json":      b.Facts(),
		"quarantine.json": put,
		"commands.json":   b.journal.recent(maxNoted),
		"errors.json": struct {
			Status contact  `json:"status"`
			Log    []string `json:"log"` // the newest last
		}{b.contact(), lastErrors(b.Logs(), maxNoted)},
	}
}

// contact is how the agent stands with its server, as far as it was noted.
func (b body) contact() (c contact) {
	s := State{dir: b.StateDir()}
	_ = s.read(statusFile, &c) // an archive without it is of use too
	return c
}

// A past is what the archive tells of a command.
type past struct {
	Command  string    `json:"command"`
	Action   string    `json:"action"`
	Stage    string    `json:"stage"`
	Began    time.Time `json:"began,omitzero"`
	FinishBy time.Time `json:"finish_by,omitzero"`
	State    string    `json:"state,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
}

var stageNames = map[stage]string{received: "received", started: "started", finished: "finished", settled: "settled"}

// recent describes the commands that came last, up to n, without their results.
func (j *journal) recent(n int) []past {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := []past{}
	for _, c := range j.order[max(0, len(j.order)-n):] {
		e := j.entries[c]
		p := past{Command: c, Action: e.action, Stage: stageNames[e.stage], Began: e.began, FinishBy: e.finishBy}
		if e.report.length > 0 {
			if r, err := j.recall(e.report); err == nil && r.Report != nil {
				p.State, p.Reason, p.Message = r.Report.State, r.Report.Reason, r.Report.Message
			}
		}
		all = append(all, p)
	}
	return all
}

// lastErrors returns the last n lines of the logs that tell of errors or
// warnings. The logs are named from the newest on.
func lastErrors(logs []string, n int) []string {
	lines := []string{}
	for _, path := range logs {
		lines = append(errorsIn(path, n-len(lines)), lines...)
		if len(lines) == n {
			break
		}
	}
	return lines
}

// errorsIn returns the last n such lines of a log, and none of one that cannot
// be read: it is in the archive or rotated away.
func errorsIn(path string, n int) (lines []string) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if line := scanner.Bytes(); bytes.Contains(line, []byte("level=ERROR")) || bytes.Contains(line, []byte("level=WARN")) {
			lines = append(lines, string(line[:min(len(line), maxNotedError)]))
		}
		if len(lines) >= 2*n {
			lines = slices.Delete(lines, 0, len(lines)-n)
		}
	}
	return lines[max(0, len(lines)-n):]
}
