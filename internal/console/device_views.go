package console

import (
	"net/url"

	"reeve"
	"reeve/internal/control"
)

// A viewLink is a saved view as the list of devices shows it.
type viewLink struct {
	reeve.SavedView
	Path   string
	Shown  bool // it is the list that is open
	Mine   bool
	MayEnd bool
}

// savedViews are those that the person can open.
func (v *visit) savedViews(l listing) ([]viewLink, error) {
	views, err := v.view.SavedViews(v.Context())
	links := make([]viewLink, 0, len(views))
	mayShare := control.Allow(v.Caller, reeve.Write) == nil
	for _, one := range views {
		link := viewLink{SavedView: one, Path: "devices?" + one.Query, Shown: one.Query == l.View(), Mine: one.Operator != ""}
		link.MayEnd = link.Mine || mayShare
		links = append(links, link)
	}
	return links, err
}

// saveView keeps the list that is open under a name.
func (c *console) saveView(v *visit) (*page, error) {
	l, err := v.listingSent()
	if err != nil {
		return nil, err
	}
	name := v.PostForm.Get("name")
	if err := c.Rules.SaveView(v.Context(), v.Caller, name, l.View(), v.PostForm.Get("shared") != ""); err != nil {
		return formAgain(err, func() (*page, error) { return v.showDevices(l, v.filled()) })
	}
	return v.done(l.Path(), "devices.views.saved", name)
}

func (c *console) removeView(v *visit) (*page, error) {
	l, err := v.listingSent()
	if err != nil {
		return nil, err
	}
	if err := c.Rules.RemoveView(v.Context(), v.Caller, v.PostForm.Get("view"), v.PostForm.Get("shared") != ""); err != nil {
		return nil, err
	}
	return v.done(l.Path(), "devices.views.removed")
}

// listingSent reads the list that a form belongs to.
func (v *visit) listingSent() (listing, error) {
	if err := v.form(); err != nil {
		return listing{}, err
	}
	address, err := url.ParseQuery(v.PostForm.Get("list"))
	if err != nil {
		return listing{}, reeve.Errorf(reeve.Invalid, "the list cannot be read; open it again").Because(err)
	}
	return readListing(address)
}
