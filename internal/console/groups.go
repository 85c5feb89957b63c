package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) groupRoutes() []door.Route {
	return []door.Route{
		c.see("groups", reeve.Read, c.groups),
		c.see("groups/counted", reeve.Read, c.countedGroups),
		c.see("groups/new", reeve.Write, ofAll(reeve.Write, c.newGroup)),
		c.change("groups", reeve.Write, "group_created", c.createGroup),
		c.see("groups/{id}", reeve.Read, c.group),
		c.see("groups/{id}/summary", reeve.Read, c.groupSummary),
		c.change("groups/{id}", reeve.Write, "group_changed", c.changeGroup),
		c.change("groups/{id}/default", reeve.Write, "group_changed", c.makeDefault),
		c.see("groups/{id}/remove", reeve.Write, ofAll(reeve.Write, c.askToRemoveGroup)),
		c.change("groups/{id}/remove", reeve.Write, "group_removed", c.removeGroup),
		c.change("groups/{id}/agents", reeve.Admin, "agent_settings_changed", c.changeGroupAgents),
		c.change("groups/{id}/agents/remove", reeve.Admin, "agent_settings_removed", c.removeGroupAgents),
	}
}

// groupsOnPage is how many groups one page of the list shows.
const groupsOnPage = 50

// A groupsPage is one page of the list of groups.
type groupsPage struct {
	Query   groupAddress
	Groups  []reeve.Group
	Counted time.Time // when their devices were; zero if they are being
	More    bool      // whether there is a page after this one
	MayMake bool
}

// Load is the path of the same groups with the numbers of their devices.
func (p groupsPage) Load() string {
	_, said, _ := strings.Cut(p.Query.String(), "?")
	return "groups/counted?" + said
}

// Beside returns the pages beside this one.
func (p groupsPage) Beside() (b beside) {
	if p.Query.Page > 1 {
		b.First, b.Newer = p.Query.On(1-p.Query.Page), p.Query.On(-1)
	}
	if p.More {
		b.Older = p.Query.On(1)
	}
	return b
}

// A groupAddress is what the address of the list says.
type groupAddress struct {
	Search, Sort string
	Page         int
}

// groupSorts are the orders of the list, which begin as people want them first.
var groupSorts = map[string]reeve.GroupQuery{
	"name":     {Sort: "name"},
	"devices":  {Sort: "devices", Desc: true},
	"modified": {Sort: "modified", Desc: true},
}

// On returns the address of another page, of the same groups in the same order.
func (a groupAddress) On(pages int) string {
	a.Page += pages
	return a.String()
}

// By returns the address of the list in another order.
func (a groupAddress) By(sort string) string {
	a.Sort, a.Page = sort, 1
	return a.String()
}

func (a groupAddress) String() string {
	said := url.Values{}
	if a.Search != "" {
		said.Set("q", a.Search)
	}
	if a.Sort != "name" {
		said.Set("sort", a.Sort)
	}
	if a.Page > 1 {
		said.Set("page", strconv.Itoa(a.Page))
	}
	if len(said) == 0 {
		return "groups"
	}
	return "groups?" + said.Encode()
}

// maxGroupPage keeps the places of pages within what databases count.
const maxGroupPage = 1_000_000

func (c *console) groups(v *visit) (*page, error) {
	shown, err := v.groupsPage(false)
	if err != nil {
		return nil, err
	}
	return &page{name: "groups", title: "groups.title", data: shown}, nil
}

// countedGroups answers with the page's list once the devices are counted.
func (c *console) countedGroups(v *visit) (*page, error) {
	shown, err := v.groupsPage(true)
	if err != nil {
		return nil, err
	}
	return v.part("groups", "list", shown)
}

// groupsPage reads the page that the address asks for.
func (v *visit) groupsPage(waits bool) (groupsPage, error) {
	said := v.URL.Query()
	at := groupAddress{Search: said.Get("q"), Sort: said.Get("sort"), Page: 1}
	if _, known := groupSorts[at.Sort]; !known {
		at.Sort = "name"
	}
	if n, err := strconv.Atoi(said.Get("page")); err == nil {
		at.Page = min(max(n, 1), maxGroupPage)
	}
	shown := groupsPage{Query: at, MayMake: control.Allow(v.Caller, reeve.Write) == nil}
	query := groupSorts[at.Sort]
	query.Search, query.Page, query.Limit = at.Search, at.Page, groupsOnPage
	var err error
	if shown.Groups, shown.Counted, err = v.view.CountedGroups(v.Context(), query, waits); err != nil || len(shown.Groups) < groupsOnPage {
		return shown, err
	}
	query.Page, query.Sort, query.Uncounted = query.Page+1, "name", true
	next, err := v.view.Groups(v.Context(), query)
	shown.More = len(next) > 0
	return shown, err
}

func (c *console) newGroup(v *visit) (*page, error) {
	return &page{name: "group_new", title: "groups.new", data: filled{}}, nil
}

func (c *console) createGroup(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	g, err := c.Rules.CreateGroup(v.Context(), v.Caller, f["name"], f["description"])
	if err != nil {
		return again(&page{name: "group_new", title: "groups.new", data: f}, err)
	}
	return v.done("groups/"+g.ID, "groups.made", g.Name)
}

// A groupPage is one group with its devices in numbers and what its agents are told.
type groupPage struct {
	Group     reeve.Group
	MayChange bool
	MayAct    bool   // order actions on its devices
	Filled    filled // of the form for name and description
	Agents    agentsForm
}

func (c *console) group(v *visit) (*page, error) { return c.showGroup(v, nil, nil) }

// showGroup shows a group, with what was typed into one of its forms if that had
// a fault.
func (c *console) showGroup(v *visit, group, agents filled) (*page, error) {
	g, err := v.view.Group(v.Context(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	shown := groupPage{Group: g, MayChange: control.Allow(v.Caller, reeve.Write) == nil, Filled: group}
	if writes, err := control.AllowSome(v.Caller, reeve.Write); err == nil {
		shown.MayAct = writes.Has(g.No)
	}
	if group == nil {
		shown.Filled = filled{"name": g.Name, "description": g.Description}
	}
	if shown.Agents, err = c.agentsForm(v, g.ID, agents); err != nil {
		return nil, err
	}
	return &page{name: "group", title: "groups.one", args: []any{g.Name}, data: shown}, nil
}

// A groupSummaryPage counts the devices of a group.
type groupSummaryPage struct {
	Group     string
	Devices   int64
	Standings []standingCount
}

type standingCount struct {
	Standing reeve.Standing
	Count    int64
}

func (c *console) groupSummary(v *visit) (*page, error) {
	g, err := v.view.Group(v.Context(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	shown := groupSummaryPage{Group: g.ID}
	for standing := reeve.Managed; standing <= reeve.OutOfLicense; standing++ {
		n, err := v.view.CountDevices(v.Context(), reeve.DeviceQuery{GroupNos: []int64{g.No}, Standings: []reeve.Standing{standing}})
		if err != nil {
			return nil, err
		}
		shown.Devices += n
		shown.Standings = append(shown.Standings, standingCount{standing, n})
	}
	return v.part("group", "summary", shown)
}

func (c *console) changeGroup(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	err := c.Rules.ChangeGroup(v.Context(), v.Caller, reeve.Group{ID: v.PathValue("id"), Name: f["name"], Description: f["description"]})
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.showGroup(v, f, nil) })
	}
	return v.done("groups/"+v.PathValue("id"), "groups.changed")
}

func (c *console) makeDefault(v *visit) (*page, error) {
	g, err := v.view.Group(v.Context(), v.PathValue("id"))
	if err == nil {
		g.Default = true
		err = c.Rules.ChangeGroup(v.Context(), v.Caller, g)
	}
	if err != nil {
		return nil, err
	}
	return v.done("groups/"+g.ID, "groups.isdefault", g.Name)
}

// A goingGroupPage says what becomes of a group's devices before it is removed.
type goingGroupPage struct {
	Group   reeve.Group
	Devices deviceCount
	Limit   int64     // more devices than one person may move; 0 if there is no such limit, or it is kept
	Move    *proposal // above the limit: the order to move them elsewhere that waits already
}

func (c *console) askToRemoveGroup(v *visit) (*page, error) {
	g, err := v.view.Group(v.Context(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	account, err := v.view.Account(v.Context())
	if err != nil {
		return nil, err
	}
	limit := control.Effective(account.Settings).ApproveAbove
	most := max(maxCounted, limit) + 1
	n, all, err := v.view.CountUpTo(v.Context(), reeve.DeviceQuery{GroupNos: []int64{g.No}}, most, patience)
	if err != nil {
		return nil, err
	}
	shown := goingGroupPage{Group: g, Devices: deviceCount{min(n, maxCounted), n > maxCounted, !all}}
	if limit > 0 && n > limit {
		shown.Limit = limit
		if shown.Move, err = v.moveOf(g.ID, n, all && n < most); err != nil {
			return nil, err
		}
	}
	return &page{name: "group_going", title: "groups.going", args: []any{g.Name}, data: shown}, nil
}

func (c *console) removeGroup(v *visit) (*page, error) {
	if err := c.Rules.RemoveGroup(v.Context(), v.Caller, v.PathValue("id")); err != nil {
		return formAgain(err, func() (*page, error) { return c.askToRemoveGroup(v) })
	}
	return v.done("groups", "groups.removed")
}
