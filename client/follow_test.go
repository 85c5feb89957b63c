package client_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"reeve"
	"reeve/client"
)

func TestFollow(t *testing.T) {
	h, c := house(t)
	one := h.Enrol("one", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	two := h.Enrol("two", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:05")
	placed, err := c.Place(t.Context(), client.Order{Action: "dhcprenew", All: true}, "")
	check(t, err)
	devices, told := []reeve.Device{one, two}, 0
	for job, err := range c.Follow(t.Context(), placed.Job.ID) {
		if check(t, err); job.Open != int64(2-told) {
			t.Errorf("event %d: %+v", told, job)
		}
		if told < len(devices) {
			h.Report(devices[told], fmt.Sprintf("%s%08x", placed.Job.ID, told), reeve.Report{State: reeve.Succeeded})
		}
		told++
	}
	if told != 3 {
		t.Errorf("%d events", told)
	}
	for range c.Follow(t.Context(), placed.Job.ID) {
		break // it may be left early
	}
	for _, err := range c.Follow(t.Context(), "0000000000000001") {
		if err == nil || err.Error() != "there is no such job in this account; list them to see which there are" {
			t.Errorf("of no job: %v", err)
		}
	}
}

// A stream that ends early is taken up again, and nothing is told twice.
func TestFollowGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams := []string{
			"event: progress\ndata: {\"open\":2}\n\n: still here\n\nevent: progress\ndata: {\"op",
			"", "event: progress\ndata: {\"open\":2}\n\nevent: progress\ndata: {\"open\":1}\n\n",
			"event: done\ndata: {\"open\":0}\n\nevent: progress\ndata: {\"open\":9}\n\n",
		}
		server := http.NewServeMux()
		server.HandleFunc("POST /o/oauth/token", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"access_token":"t"}`) })
		server.HandleFunc("GET /api/v1/jobs/{id}/events", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, streams[0])
			streams = streams[1:]
		})
		c := client.ForTest(t, through{server})
		var open []int64
		for job, err := range c.Follow(t.Context(), "some") {
			check(t, err)
			open = append(open, job.Open)
		}
		if fmt.Sprint(open) != "[2 1 0]" || len(streams) != 0 {
			t.Errorf("told of %v, %d streams left", open, len(streams))
		}
	})
}
