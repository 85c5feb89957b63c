package reeve

import "encoding/json"

// The events of rows whose devices are not in the row's Device: those of a job,
// those of a batch of reports, and those of the reports in it that named threats.
const (
	JobPlaced    = "job_placed"
	Reports      = "reports"
	ThreatsFound = "threats_found"
)

// About is what the Detail of a row says of the devices that the row is about.
type About struct {
	Action        string   // of the job that was placed
	Targets       int64    // its commands
	NotApplicable int64    // those of them that were born so
	Commands      Runs     // commands that the row names
	Devices       []string // public ids that the row names
}

// About reads the row's Detail. What cannot be read counts as nothing said.
func (e AuditEntry) About() About {
	if e.Detail == "" {
		return About{}
	}
	var facts struct {
		Action        string   `json:"action"`
		Targets       int64    `json:"targets"`
		NotApplicable int64    `json:"not_applicable"`
		Commands      Runs     `json:"commands"`
		IDs           []string `json:"ids"`
	}
	json.Unmarshal([]byte(e.Detail), &facts)
	return About{facts.Action, facts.Targets, facts.NotApplicable, facts.Commands, facts.IDs}
}

// Events returns how many events the row stands for in internal/trail: one for
// each device, one for a row that is about one device or none.
func (e AuditEntry) Events() int64 {
	about := e.About()
	switch {
	case e.Event == JobPlaced:
		return max(about.Targets-about.NotApplicable, 0)
	case e.Event == Reports, len(about.Commands) > 0:
		return about.Commands.Len()
	case len(about.Devices) > 0:
		return int64(len(about.Devices))
	}
	return 1
}

// A LogKind is a sort of rows that are counted together.
type LogKind struct {
	No     int64 // internal key
	Event  string
	Source Source
	Action string // of jobs
}
