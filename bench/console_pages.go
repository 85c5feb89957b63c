package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/console"
	"reeve/internal/door"
)

// A pageOf is the path of a page, below the console's prefix, at a random place.
// What begins with POST is sent as a form with the fields behind the question mark.
type pageOf func(*past) string

func fixedPath(path string) pageOf { return func(*past) string { return path } }

// consolePages are all of them but for the lists of devices.
func consolePages() map[string]pageOf {
	pages := map[string]pageOf{
		"device":               func(p *past) string { return "devices/" + p.fleet.ids[10*rand.IntN(listed/10)] },
		"device with threats":  func(p *past) string { return "devices/" + p.fleet.ids[0] },
		"job, large":           func(p *past) string { return "jobs/" + p.great[rand.IntN(3)].String() },
		"job, large, deep":     func(p *past) string { return p.deepInJob("") },
		"job, failed of large": func(p *past) string { return "jobs/" + p.great[2].String() + "?state=failed" },
		"job, failed, deep":    func(p *past) string { return p.deepInJob("state=failed&") },
		"job, not applicable":  func(p *past) string { return p.deepInJob("state=not_applicable&") },
		"job, small":           func(p *past) string { return "jobs/" + p.small(rand.IntN(smallJobs)).String() },
		"command": func(p *past) string {
			return "commands/" + reeve.CommandID{Job: p.great[0], Leaf: rand.Int32N(listed)}.String()
		},
		"jobs, deep": func(p *past) string {
			return "jobs?cursor=" + door.Cursor("jobs", p.fleet.account.No, int64(p.small(rand.IntN(smallJobs))))
		},
		"log, device":        func(p *past) string { return "log?device=" + p.fleet.ids[rand.IntN(listed)] },
		"log, job":           func(p *past) string { return "log?job=" + p.great[0].String() },
		"log, job of agents": func(p *past) string { return "log?event=reports&job=" + p.great[2].String() },
		"log, device and job": func(p *past) string {
			return "log?device=" + p.fleet.ids[rand.IntN(listed)] + "&job=" + p.great[2].String()
		},
		"group":                  func(p *past) string { return "groups/" + p.fleet.group },
		"group, to remove":       func(p *past) string { return "groups/" + p.fleet.group + "/remove" },
		"group, to act on":       func(p *past) string { return "act?action=exempt&group=" + p.fleet.group },
		"group, order looked at": func(p *past) string { return "act/preview?action=exempt&param.exempt_time=24&group=" + p.fleet.group },
		"order, everything":      fixedPath("act?action=ignore&filter="),
		"order, to be checked":   fixedPath("act/preview?action=ignore&filter="),
		"app":                    func(p *past) string { return "apps/" + p.made.app },
		"account":                func(p *past) string { return "accounts/" + p.fleet.account.LicenseKey },
		"operator":               fixedPath("operators/" + visitorName),
		"export":                 func(p *past) string { return "webhooks/exports/" + p.made.export },
		"approval":               func(p *past) string { return "approvals/" + p.made.proposal.String() },
		"approval, of the past":  fixedPath("approvals?state=decided"),
	}
	for _, filter := range []string{"", "source=asked", "source=system", "source=agent", "source=console&event=webhook_failed", "source=cli&actor=agents",
		"actor=agents", "actor=nobody", "outcome=ok", "outcome=denied", "event=device_enrolled", "event=job_placed", "event=job_placed&source=console",
		"event=reports&source=console&outcome=ok", "event=device_enrolled&actor=agents&outcome=ok", "event=signed_in&actor=agents",
		"event=group_changed&source=agent&actor=agents&outcome=denied", "until=2020-01-01&event=group_changed"} {
		pages["log?"+filter] = fixedPath("log?" + filter)
		pages["log?"+filter+", deep"] = func(p *past) string { return fmt.Sprint("log?", filter, "&before=", 1+rand.Int64N(p.last)) }
		pages["log?"+filter+", back"] = func(p *past) string { return fmt.Sprint("log?", filter, "&after=", 1+rand.Int64N(p.last)) }
	}
	for _, path := range []string{"overview", "jobs", "jobs?state=open", "jobs?state=ended", "jobs?action=exempt", "jobs?source=console", "jobs?by=bench",
		"jobs?by=nobody", "groups", "groups?sort=devices", "groups?q=tenth", "groups/new", "approvals", "codes", "codes/new", "apps", "apps/new",
		"webhooks", "webhooks/edit", "webhooks/exports/new", "operators", "operators/new", "settings", "settings/fields", "settings/agents", "sets",
		"sets/new", "accounts", "accounts/new", "me", "enrol", "sign-in", "devices/deleted", "devices/import"} {
		pages[path] = fixedPath(path)
	}
	return pages
}

// deepInJob is a page behind a random command of a job on all devices.
func (p *past) deepInJob(filter string) string {
	job := p.great[rand.IntN(3)]
	return "jobs/" + job.String() + "?" + filter + "cursor=" + door.Cursor("commands "+job.String(), p.fleet.account.No, rand.Int64N(listed))
}

// deviceLists are those of devices, with each filter in each order, at the
// beginning and behind a random device.
func deviceLists() map[string]pageOf {
	pages := map[string]pageOf{}
	filters := map[string]func(*past) string{
		"group":          func(p *past) string { return "group=" + p.fleet.group },
		"group, system":  func(p *past) string { return "group=" + p.fleet.group + "&system=mac" },
		"search":         func(*past) string { return fmt.Sprint("q=", 1000+rand.IntN(9000)) },
		"search, system": func(*past) string { return fmt.Sprint("system=linux&q=", 1000+rand.IntN(9000)) },
	}
	for _, text := range []string{"", "standing=unknown", "standing=ignored", "presence=connected", "presence=disconnected", "presence=unseen", "presence=disconnected&type=laptop",
		"exempt=yes", "exempt=no", "system=mac", "kind=persistent", "type=server", "outdated=yes", "version=7.6.9.0", "threats=yes", "ends=day", "ends=week",
		"seen=now", "seen=month", "seen=never", "q=exam", "q=host", "q=nowhere"} {
		filters[text] = fixedPath(text)
	}
	for name, filter := range filters {
		for _, sort := range []string{"", "-name", "seen", "-seen", "added", "-added"} {
			pages["devices by "+sort+" of "+name] = func(p *past) string { return "devices?sort=" + sort + "&" + filter(p) }
			pages["devices by "+sort+" of "+name+", deep"] = func(p *past) string {
				return "devices?sort=" + sort + "&" + filter(p) + "&" + []string{"after", "before"}[rand.IntN(2)] + "=" + p.anywhere()
			}
		}
		pages["devices that go on of "+name] = func(p *past) string { return "devices/more?sort=seen&" + filter(p) + "&after=" + p.anywhere() }
		pages["count of "+name] = func(p *past) string { return "devices/count?" + filter(p) }
	}
	return pages
}

// anywhere is a place in the list of devices as its addresses write it.
func (p *past) anywhere() string {
	no := 1 + rand.Int64N(listed)
	seen := time.Now().Add(-time.Duration(rand.IntN(60*24)) * time.Hour).UnixMicro()
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"n":%d,"h":%q,"s":%d}`, no, hostname(no), seen))
}

// consoleStreams are what goes on and on: files and news. Of them the beginning
// counts.
func consoleStreams() map[string]pageOf {
	return map[string]pageOf{
		"devices as a file":     fixedPath("devices/export"),
		"log as a file":         fixedPath("log/export"),
		"denied as a file":      fixedPath("log/export?outcome=denied&actor=agents&event=device_enrolled"),
		"results as a file":     func(p *past) string { return "jobs/" + p.great[0].String() + "/results.csv" },
		"failed ones as a file": func(p *past) string { return "jobs/" + p.great[2].String() + "/results.csv?state=failed" },
		"news of a job":         func(p *past) string { return "jobs/" + p.great[2].String() + "/live" },
		"news of jobs":          func(p *past) string { return "jobs/live?id=" + p.great[0].String() },
		"news of a device":      func(p *past) string { return "devices/" + p.fleet.ids[0] + "/live" },
	}
}

// consoleParts are what pages load when they are there, since it takes longer.
func consoleParts() map[string]pageOf {
	return map[string]pageOf{
		"sum of the overview":   fixedPath("overview/sum"),
		"groups, counted":       fixedPath("groups/counted?sort=devices"),
		"devices of a group":    func(p *past) string { return "groups/" + p.fleet.group + "/summary" },
		"devices of most":       func(p *past) string { return "groups/" + p.made.most + "/summary" },
		"rows of the log":       fixedPath("log/rows?event=device_enrolled&actor=agents&outcome=denied"),
		"few that failed":       func(p *past) string { return "jobs/" + p.great[2].String() + "/results?state=failed" },
		"dry run of all":        fixedPath("POST act/check?action=ignore&filter="),
		"dry run of the online": fixedPath("POST act/check?action=dhcprenew&away=skip&filter="),
		"dry run of a group":    func(p *past) string { return "POST act/check?action=ignore&group=" + p.fleet.group },
		"dry run of a retry":    func(p *past) string { return "POST act/check?retry=" + p.great[2].String() },
		"dry run of an undoing": func(p *past) string { return "POST act/check?undo=" + p.great[1].String() },
		"dry run of a proposal": func(p *past) string { return "approvals/" + p.made.proposal.String() + "/check" },
	}
}

// notAsked are the addresses of the console that no figure asks for, and why.
var notAsked = map[string]string{
	"static/{hash}/{name}":                   "is a file in memory",
	"{rest...}":                              "leads nowhere",
	"log/verify":                             "reads the whole log, when somebody presses a button",
	"commands/{id}/report":                   "hands out what an agent sent",
	"first/{secret}":                         "is for the first operator",
	"sso/begin":                              "leads to a provider",
	"me/link":                                "leads to a provider",
	console.ReturnPath[len(console.Prefix):]: "comes from a provider",
}

// unasked returns the routes of the console's GET that none of these pages asks
// for and that are not known to be left out.
func unasked(p *past, some ...map[string]pageOf) (left []string) {
	mux, met := http.NewServeMux(), map[string]bool{}
	routes := console.Routes(console.Config{}).Routes
	for _, r := range routes {
		mux.HandleFunc(r.Method+" "+r.Path, func(http.ResponseWriter, *http.Request) {})
	}
	for _, pages := range some {
		for _, page := range pages {
			path, isForm := strings.CutPrefix(page(p), "POST ")
			if isForm {
				continue
			}
			request, err := http.NewRequest(http.MethodGet, console.Prefix+path, nil)
			if err == nil {
				_, pattern := mux.Handler(request)
				met[pattern] = true
			}
		}
	}
	for _, r := range routes {
		if path := strings.TrimPrefix(r.Path, console.Prefix); r.Method == http.MethodGet && !met["GET "+r.Path] && notAsked[path] == "" {
			left = append(left, path)
		}
	}
	slices.Sort(left)
	return left
}
