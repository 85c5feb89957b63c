package console

import (
	"encoding/json"
	"net/http"
	"net/url"

	"reeve"
	"reeve/internal/watch"
)

// tell follows jobs for a browser, as long as the session lasts: tell hears of
// their counts, look is called every second; nil is never.
func (c *console) tell(v *visit, jobs []reeve.Job, tell func(watch.Stream, []reeve.Job) bool, look func(watch.Stream) bool) (*page, error) {
	if err := sameOrigin(v.Request.Request); err != nil {
		return nil, err
	}
	open := map[reeve.JobID]bool{}
	for _, job := range jobs {
		open[job.ID] = true
	}
	return nil, c.Jobs.Serve(v.w, v.Request.Request, v.Caller.Account, jobs, watch.Teller{
		Tell: func(s watch.Stream, jobs []reeve.Job) bool {
			alive := tell(s, jobs)
			for _, job := range jobs {
				if job.Open() == 0 {
					delete(open, job.ID)
				}
			}
			if alive && len(open) == 0 { // so that the browser does not come back for more
				alive = s.Send("end", "", []byte("{}"))
			}
			return alive
		},
		Look:  look,
		Admit: func() bool { return c.stillMay(v, jobs) },
	})
}

// stillMay reports whether the session is still good, and still for these jobs.
func (c *console) stillMay(v *visit, jobs []reeve.Job) bool {
	caller, _, err := c.signedIn(v.Request)
	if err != nil || caller.Account != v.Caller.Account {
		return false
	}
	view, err := c.Rules.View(caller)
	if err != nil {
		return false
	}
	for _, job := range jobs {
		if _, err := view.Job(v.Context(), job.ID); err != nil {
			return false
		}
	}
	return true
}

// sameOrigin refuses streams that a page of another site asks for. Browsers say
// who asks, but for those that reach the server over plain HTTP: there the cookie
// is sent to nobody else's pages all the same.
func sameOrigin(r *http.Request) error {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	u, err := url.Parse(origin)
	if site != "" && site != "same-origin" || origin != "" && (err != nil || u.Host != r.Host) {
		return reeve.Errorf(reeve.Forbidden, "news go to pages of this server only; open the console itself")
	}
	return nil
}

// put sends the new form of one element of the page.
func (v *visit) put(s watch.Stream, id, name, define string, data any) bool {
	html, err := v.render(name, define, data)
	if err != nil {
		return false
	}
	event, err := json.Marshal(map[string]string{"id": id, "html": string(html)})
	return err == nil && s.Send("put", "", event)
}
