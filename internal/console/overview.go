package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

func (c *console) overviewRoutes() []door.Route {
	return []door.Route{
		c.see("overview", reeve.Read, c.overview),
		c.see("overview/sum", reeve.Read, c.overviewSum),
	}
}

// An overviewPage is the whole account at a glance: every number leads to the
// list behind it.
type overviewPage struct {
	reeve.Overview
	Charts  []chart
	Jobs    []overviewJob
	Waiting int // proposals for a second person, at most one more than are told
}

// maxWaiting is how many proposals that wait the overview counts.
const maxWaiting = 20

// Counted is how many proposals are told to wait, and Uncounted whether there are
// more.
func (p overviewPage) Counted() int    { return min(p.Waiting, maxWaiting) }
func (p overviewPage) Uncounted() bool { return p.Waiting > maxWaiting }

// A chart is bars of one kind of numbers.
type chart struct {
	Title string // in the catalogue
	Of    int64  // what the longest bar stands for
	Rows  []chartRow
}

type chartRow struct {
	Path, Text, Tone string
	Count            int64
}

// An overviewJob is a job that goes on.
type overviewJob struct {
	ID, Action string
	Targets    int
	Done       int64
}

func (c *console) overview(v *visit) (*page, error) {
	sum, ready, err := v.view.OverviewSoon(v.Context())
	if err != nil {
		return nil, err
	}
	p := &page{name: "overview", title: "overview.title"}
	if ready { // else the page loads it when it is there
		if p.data, err = v.shownOverview(sum); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// overviewSum answers with the overview once it is made.
func (c *console) overviewSum(v *visit) (*page, error) {
	sum, err := v.view.Overview(v.Context())
	if err != nil {
		return nil, err
	}
	shown, err := v.shownOverview(sum)
	if err != nil {
		return nil, err
	}
	return v.part("overview", "sum", shown)
}

func (v *visit) shownOverview(sum reeve.Overview) (overviewPage, error) {
	shown := overviewPage{Overview: sum}
	shown.Charts = []chart{standingChart(v, sum), seenChart(v, sum), systemChart(v, sum), versionChart(v, sum), groupChart(v, sum)}
	for i := range shown.Charts {
		for _, row := range shown.Charts[i].Rows {
			shown.Charts[i].Of = max(shown.Charts[i].Of, row.Count)
		}
	}
	for _, job := range sum.OpenJobs {
		shown.Jobs = append(shown.Jobs, overviewJob{job.ID.String(), job.Action, job.Targets, int64(job.Targets) - job.Open()})
	}
	waiting, err := v.view.Proposals(v.Context(), reeve.ProposalQuery{Limit: maxWaiting + 1, Now: time.Now(), States: []reeve.ProposalState{reeve.Proposed}})
	shown.Waiting = len(waiting)
	return shown, err
}

// devicesPath is the address of the list of devices with one filter.
func devicesPath(name, value string) string { return "devices?" + url.Values{name: {value}}.Encode() }

var standingTones = map[reeve.Standing]string{reeve.Managed: "good", reeve.OutOfLicense: "warn", reeve.Unknown: "accent", reeve.Ignored: "calm"}

func standingChart(v *visit, sum reeve.Overview) chart {
	c := chart{Title: "overview.standing"}
	for _, s := range []reeve.Standing{reeve.Managed, reeve.Unknown, reeve.Ignored, reeve.OutOfLicense} {
		c.Rows = append(c.Rows, chartRow{devicesPath("standing", s.String()), v.words.say("standings." + s.String()), standingTones[s], sum.Standings[s]})
	}
	return c
}

func seenChart(v *visit, sum reeve.Overview) chart {
	c := chart{Title: "overview.seen"}
	for when, word := range seenWords {
		tone := "accent"
		if reeve.SeenWhen(when) == reeve.SeenNow {
			tone = "good"
		}
		c.Rows = append(c.Rows, chartRow{devicesPath("seen", word), v.words.say("overview.seens." + word), tone, sum.Seen[when]})
	}
	return c
}

// seenWords name the stretches of reeve.SeenWhen in addresses.
var seenWords = [reeve.NumSeen]string{"now", "hour", "day", "week", "month", "earlier", "never"}

func systemChart(v *visit, sum reeve.Overview) chart {
	c := chart{Title: "overview.system"}
	for system, n := range sum.Systems {
		c.Rows = append(c.Rows, chartRow{devicesPath("system", system.String()), v.words.say("overview.systems." + system.String()), "accent", n})
	}
	c.sort()
	return c
}

func versionChart(v *visit, sum reeve.Overview) chart {
	c := chart{Title: "overview.version"}
	for _, one := range sum.Versions {
		c.Rows = append(c.Rows, chartRow{devicesPath("version", one.Version.String()), one.Version.String(), "accent", one.Devices})
	}
	return c.rest(v, "devices", sum.OtherVersions)
}

func groupChart(v *visit, sum reeve.Overview) chart {
	c := chart{Title: "overview.group"}
	for _, one := range sum.Groups {
		c.Rows = append(c.Rows, chartRow{devicesPath("group", one.ID), one.Name, "accent", one.Devices})
	}
	return c.rest(v, "groups", sum.OtherGroups)
}

// rest adds what has no bar of its own.
func (c chart) rest(v *visit, path string, count int64) chart {
	if count > 0 {
		c.Rows = append(c.Rows, chartRow{path, v.words.say("overview.others"), "calm", count})
	}
	return c
}

// sort puts the longest bar first.
func (c chart) sort() {
	slices.SortFunc(c.Rows, func(a, b chartRow) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Text, b.Text)
	})
}
