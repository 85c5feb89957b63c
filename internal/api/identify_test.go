package api_test

import (
	"testing"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
)

// The link of a command is told while it is waited for, in lists as well; what
// came of it stays in the device's history, page by page.
func TestIdentifications(t *testing.T) {
	r := open(t)
	phone := r.Enrol("phone", reeve.Mobile, reeve.Android, "8.0.0.0", "00:0c:29:00:00:06")
	linux := r.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	answers := map[string]string{"full_name": "Ann", "email": "ann@example.org"}
	for range 2 {
		var placed client.Placement
		r.ask("POST", "/jobs", `{"action":"re-identify","ids":["`+phone.ID+`","`+linux.ID+`"]}`, 201, &placed)
		if placed.Outcomes[0].Reason != "link" || placed.Tally[client.Applies] != 2 {
			t.Errorf("%+v", placed)
		}
		var listed client.List[client.Command]
		r.ask("GET", "/jobs/"+placed.Job.ID+"/commands", "", 200, &listed)
		links := map[string]string{}
		for _, c := range listed.Items {
			links[c.Hostname] = c.Link
		}
		id, _ := reeve.ParseCommandID(placed.Outcomes[0].Command)
		if links["phone"] != r.Link(r.Account().LicenseKey, id) || links["linux"] != "" {
			t.Errorf("links %v", links)
		}
		if err := r.Rules.Identify(t.Context(), r.Account().LicenseKey, id, answers, control.From{Address: "192.0.2.5"}); err != nil {
			t.Fatal(err)
		}
		var one client.Command
		if r.ask("GET", "/commands/"+placed.Outcomes[0].Command, "", 200, &one); one.State != "succeeded" || one.Link != "" {
			t.Errorf("%+v", one)
		}
		r.Report(linux, placed.Outcomes[1].Command, reeve.Report{State: reeve.Succeeded, Identity: answers, Door: reeve.WindowDoor, User: "ann"})
	}
	var page client.List[client.Identification]
	r.ask("GET", "/devices/"+phone.ID+"/identifications?limit=1", "", 200, &page)
	if len(page.Items) != 1 || page.Next == "" || page.Items[0].Door != "link" || page.Items[0].Address != "192.0.2.5" {
		t.Errorf("%+v", page)
	}
	var rest client.List[client.Identification]
	r.ask("GET", "/devices/"+phone.ID+"/identifications?cursor="+page.Next, "", 200, &rest)
	if len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].Command == page.Items[0].Command {
		t.Errorf("%+v", rest)
	}
	var desk client.List[client.Identification]
	if r.ask("GET", "/devices/"+linux.ID+"/identifications", "", 200, &desk); len(desk.Items) != 2 || desk.Items[0].User != "ann" || desk.Items[0].Door != "window" || desk.Items[0].Answers["email"] != answers["email"] {
		t.Errorf("%+v", desk)
	}
}
