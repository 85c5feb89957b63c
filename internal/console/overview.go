package console

import (
	"reeve"
	"reeve/internal/door"
)

func (c *console) overviewRoutes() []door.Route {
	return []door.Route{
		c.see("overview", reeve.Read, c.overview),
	}
}

// An overviewPage is the state of the whole account at a glance.
type overviewPage struct{}

func (c *console) overview(v *visit) (*page, error) {
	return &page{name: "overview", title: "overview.title", data: overviewPage{}}, nil
}
