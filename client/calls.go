package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// Place asks for an action. With a key that is not empty, a repetition of the
// same request is answered as the first one was and not done again.
func (c *Client) Place(ctx context.Context, o Order, key string) (p Placement, err error) {
	return p, c.do(ctx, call{method: "POST", path: "/jobs", body: o, key: key}, &p)
}

// Job returns one job.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.do(ctx, call{method: "GET", path: "/jobs/" + url.PathEscape(id)}, &j)
}

// Await returns the job when it has another number of open commands than the
// given one, or after about half a minute as it then is.
func (c *Client) Await(ctx context.Context, id string, open int64) (j Job, err error) {
	query := url.Values{"wait": {maxWait.String()}, "open": {strconv.FormatInt(open, 10)}}
	return j, c.do(ctx, call{method: "GET", path: "/jobs/" + url.PathEscape(id), query: query}, &j)
}

// A JobFilter selects jobs; empty fields select all.
type JobFilter struct {
	Actions []string
	Sources []string
	Open    bool // only those with commands that have not ended
}

// Jobs goes through the jobs, newest first.
func (c *Client) Jobs(ctx context.Context, f JobFilter) iter.Seq2[Job, error] {
	query := url.Values{"action": f.Actions, "source": f.Sources}
	if f.Open {
		query.Set("open", "true")
	}
	return pages[Job](ctx, c, "/jobs", query)
}

// Retry orders the action of a job again where it did not succeed. The key is
// that of Place.
func (c *Client) Retry(ctx context.Context, id string, spec Retry, key string) (p Placement, err error) {
	return p, c.do(ctx, call{method: "POST", path: "/jobs/" + url.PathEscape(id) + "/retry", body: spec, key: key}, &p)
}

// Undo orders the opposite of a job's action where its effect still holds, or
// restores what it deleted. The key is that of Place.
func (c *Client) Undo(ctx context.Context, id string, spec Undo, key string) (p Placement, err error) {
	return p, c.do(ctx, call{method: "POST", path: "/jobs/" + url.PathEscape(id) + "/undo", body: spec, key: key}, &p)
}

// Proposals goes through the proposed jobs in one of the states, or all if there
// are none, newest first.
func (c *Client) Proposals(ctx context.Context, states ...string) iter.Seq2[Proposal, error] {
	return pages[Proposal](ctx, c, "/proposals", url.Values{"state": states})
}

// Proposal returns one proposed job.
func (c *Client) Proposal(ctx context.Context, id string) (p Proposal, err error) {
	return p, c.do(ctx, call{method: "GET", path: "/proposals/" + url.PathEscape(id)}, &p)
}

// Approve agrees to a proposed job of somebody else. Only a token that an
// operator agreed to can.
func (c *Client) Approve(ctx context.Context, id string, d Decision) (p Proposal, err error) {
	return p, c.do(ctx, call{method: "POST", path: "/proposals/" + url.PathEscape(id) + "/approve", body: d}, &p)
}

// Reject ends a proposed job; who proposed it takes it back so.
func (c *Client) Reject(ctx context.Context, id string, d Decision) (p Proposal, err error) {
	return p, c.do(ctx, call{method: "POST", path: "/proposals/" + url.PathEscape(id) + "/reject", body: d}, &p)
}

// JobCommands goes through the commands of a job, those in one of the states or
// all if there are none.
func (c *Client) JobCommands(ctx context.Context, id string, states ...string) iter.Seq2[Command, error] {
	return pages[Command](ctx, c, "/jobs/"+url.PathEscape(id)+"/commands", url.Values{"state": states})
}

// Cancel ends the open commands of a job.
func (c *Client) Cancel(ctx context.Context, id string) (j Job, err error) {
	return j, c.do(ctx, call{method: "POST", path: "/jobs/" + url.PathEscape(id) + "/cancel"}, &j)
}

// Pause has the agents of a job hold back. Deadlines stay as they are.
func (c *Client) Pause(ctx context.Context, id string) (j Job, err error) {
	return j, c.do(ctx, call{method: "POST", path: "/jobs/" + url.PathEscape(id) + "/pause"}, &j)
}

// Resume has the agents of a paused job go on.
func (c *Client) Resume(ctx context.Context, id string) (j Job, err error) {
	return j, c.do(ctx, call{method: "POST", path: "/jobs/" + url.PathEscape(id) + "/resume"}, &j)
}

// Command returns one command with what its agent sent back.
func (c *Client) Command(ctx context.Context, id string) (one Command, err error) {
	return one, c.do(ctx, call{method: "GET", path: "/commands/" + url.PathEscape(id)}, &one)
}

// A DeviceFilter selects devices; empty fields select all but archived ones.
// Values of one field are alternatives, fields narrow one another.
type DeviceFilter struct {
	Search    string   `json:"search,omitempty"`     // part of one of the names in In
	In        []string `json:"in,omitempty"`         // hostname (the default), nickname, mac, address, user, id
	Standings []string `json:"standing,omitempty"`   // managed, unknown, ignored, out_of_license, archived
	Groups    []string `json:"group,omitempty"`      // ids
	Exempt    *bool    `json:"exempt,omitempty"`     // of the managed ones, those that are exempt from everything, or the others
	Kinds     []string `json:"agent_kind,omitempty"` // of agents: persistent, on_demand, mobile, domain_controller
	Systems   []string `json:"system,omitempty"`     // windows, mac, linux, ios, android, other
	Types     []string `json:"type,omitempty"`       // desktop, laptop, server, vm, phone, tablet
	Presence  []string `json:"presence,omitempty"`   // connected, disconnected, unseen
	Sort      string   `json:"-"`                    // record (the default), hostname, last_seen; with - before it the other way round
}

// Query writes the filter as the parameters of a request.
func (f DeviceFilter) Query() url.Values {
	query := url.Values{
		"in": f.In, "standing": f.Standings, "group": f.Groups, "agent_kind": f.Kinds, "system": f.Systems, "type": f.Types, "presence": f.Presence,
	}
	for name, value := range map[string]string{"search": f.Search, "sort": f.Sort} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Exempt != nil {
		query.Set("exempt", strconv.FormatBool(*f.Exempt))
	}
	return query
}

// Devices goes through the inventory.
func (c *Client) Devices(ctx context.Context, f DeviceFilter) iter.Seq2[Device, error] {
	return pages[Device](ctx, c, "/devices", f.Query())
}

// ExportDevices writes the selected devices, in the order of their records, as
// csv or jsonl.
func (c *Client) ExportDevices(ctx context.Context, f DeviceFilter, format string, to io.Writer) error {
	query := f.Query()
	query.Set("format", format)
	return c.do(ctx, call{method: "GET", path: "/devices/export", query: query}, to)
}

// Describe stores what is said of a device, named by id or MAC address.
func (c *Client) Describe(ctx context.Context, name string, d Description) (device Device, err error) {
	return device, c.do(ctx, call{method: "PATCH", path: "/devices/" + url.PathEscape(name), body: d}, &device)
}

// Restore brings deleted devices back and says which came, and why others did not.
func (c *Client) Restore(ctx context.Context, ids []string) (Restored, error) {
	var done Restored
	err := c.do(ctx, call{method: "POST", path: "/devices/restore", body: Restore{ids}}, &done)
	return done, err
}

// Device returns one device by id or MAC address.
func (c *Client) Device(ctx context.Context, name string) (d Device, err error) {
	return d, c.do(ctx, call{method: "GET", path: "/devices/" + url.PathEscape(name)}, &d)
}

// DeviceCommands goes through what was ordered of a device, newest first.
func (c *Client) DeviceCommands(ctx context.Context, name string) iter.Seq2[Command, error] {
	return pages[Command](ctx, c, "/devices/"+url.PathEscape(name)+"/commands", nil)
}

// Identifications goes through the times that a device's user said who it is,
// newest first.
func (c *Client) Identifications(ctx context.Context, name string) iter.Seq2[Identification, error] {
	return pages[Identification](ctx, c, "/devices/"+url.PathEscape(name)+"/identifications", nil)
}

// DeviceThreats goes through what scans found on a device, last found first.
func (c *Client) DeviceThreats(ctx context.Context, name string) iter.Seq2[Threat, error] {
	return pages[Threat](ctx, c, "/devices/"+url.PathEscape(name)+"/threats", nil)
}

// Import adds devices that have no agent, all of them or none, but for those
// that are there already.
func (c *Client) Import(ctx context.Context, spec Import) (done Imported, err error) {
	return done, c.do(ctx, call{method: "POST", path: "/devices/import", body: spec}, &done)
}

// Groups goes through the groups by name; search is part of a name.
func (c *Client) Groups(ctx context.Context, search string) iter.Seq2[Group, error] {
	query := url.Values{}
	if search != "" {
		query.Set("search", search)
	}
	return pages[Group](ctx, c, "/groups", query)
}

// CreateGroup adds a group.
func (c *Client) CreateGroup(ctx context.Context, spec NewGroup) (g Group, err error) {
	return g, c.do(ctx, call{method: "POST", path: "/groups", body: spec}, &g)
}

// ChangeGroup changes a group.
func (c *Client) ChangeGroup(ctx context.Context, id string, change GroupChange) (g Group, err error) {
	return g, c.do(ctx, call{method: "PATCH", path: "/groups/" + url.PathEscape(id), body: change}, &g)
}

// RemoveGroup moves a group's devices to the default group and removes it.
func (c *Client) RemoveGroup(ctx context.Context, id string) error {
	return c.do(ctx, call{method: "DELETE", path: "/groups/" + url.PathEscape(id)}, nil)
}

// Codes goes through the registration codes of the account, oldest first.
func (c *Client) Codes(ctx context.Context) iter.Seq2[Code, error] {
	return pages[Code](ctx, c, "/codes", nil)
}

// CreateCode makes a registration code. The answer is the only one that has it.
func (c *Client) CreateCode(ctx context.Context, spec NewCode) (code Code, err error) {
	return code, c.do(ctx, call{method: "POST", path: "/codes", body: spec}, &code)
}

// codeLength is that of a registration code; its id is longer.
const codeLength = 8

// RevokeCode ends a registration code, given itself or its id. The code itself
// is not sent: proxies keep addresses in their logs.
func (c *Client) RevokeCode(ctx context.Context, code string) error {
	if len(code) == codeLength {
		sum := sha256.Sum256([]byte(code))
		code = hex.EncodeToString(sum[:])
	}
	return c.do(ctx, call{method: "DELETE", path: "/codes/" + url.PathEscape(code)}, nil)
}

// Accounts goes through all accounts of the server.
func (c *Client) Accounts(ctx context.Context) iter.Seq2[Account, error] {
	return pages[Account](ctx, c, "/accounts", nil)
}

// CreateAccount makes an account; its First are shown only now.
func (c *Client) CreateAccount(ctx context.Context, spec NewAccount) (a Account, err error) {
	return a, c.do(ctx, call{method: "POST", path: "/accounts", body: spec}, &a)
}

// Give changes what the account with this name is given.
func (c *Client) Give(ctx context.Context, name string, gift Gift) (a Account, err error) {
	return a, c.do(ctx, call{method: "PATCH", path: "/accounts/" + url.PathEscape(name), body: gift}, &a)
}

// Account returns the account of the client itself.
func (c *Client) Account(ctx context.Context) (a Account, err error) {
	return a, c.do(ctx, call{method: "GET", path: "/account"}, &a)
}

// ChangeAccount changes settings of the client's own account.
func (c *Client) ChangeAccount(ctx context.Context, change AccountChange) (a Account, err error) {
	return a, c.do(ctx, call{method: "PATCH", path: "/account", body: change}, &a)
}

// A LogFilter selects rows of the log; empty fields select all.
type LogFilter struct {
	Events []string // any of these
	Device string   // id
	Job    string   // id
	Since  time.Time
}

func (f LogFilter) query() url.Values {
	query := url.Values{"event": f.Events}
	for name, value := range map[string]string{"device": f.Device, "job": f.Job} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	return query
}

// LogAfter returns rows that follow row seq, oldest first. Where there are none
// it waits for up to wait, at most half a minute.
func (c *Client) LogAfter(ctx context.Context, f LogFilter, seq int64, wait time.Duration) ([]Entry, error) {
	query := f.query()
	query.Set("after", strconv.FormatInt(seq, 10))
	if wait > 0 {
		query.Set("wait", min(wait, maxWait).String())
	}
	var page List[Entry]
	err := c.do(ctx, call{method: "GET", path: "/log", query: query}, &page)
	return page.Items, err
}

// LogNewest returns the newest rows that come before row seq (0: all), newest
// first, at most limit.
func (c *Client) LogNewest(ctx context.Context, f LogFilter, seq int64, limit int) ([]Entry, error) {
	query := f.query()
	query.Set("newest", "true")
	query.Set("before", strconv.FormatInt(seq, 10))
	query.Set("limit", strconv.Itoa(limit))
	var page List[Entry]
	err := c.do(ctx, call{method: "GET", path: "/log", query: query}, &page)
	return page.Items, err
}

// ExportLog writes the selected rows as JSON lines, oldest first, and a LogEnd as
// the last one; with devices also a line for each device that a row is about.
// An error says that the export was cut off, whatever was written before.
func (c *Client) ExportLog(ctx context.Context, f LogFilter, devices bool, to io.Writer) error {
	query := f.query()
	if devices {
		query.Set("devices", "true")
	}
	end := lastLine{to: to}
	if err := c.do(ctx, call{method: "GET", path: "/log/export", query: query}, &end); err != nil {
		return err
	}
	var last LogEnd
	if err := json.Unmarshal(end.line, &last); err != nil || !last.End {
		return errors.New("the server's answer was cut off: its last line is missing; export again")
	}
	return nil
}

// A lastLine passes lines on and keeps the last.
type lastLine struct {
	to    io.Writer
	line  []byte
	ended bool // whether line is whole, so that the next byte begins another
}

func (l *lastLine) Write(b []byte) (int, error) {
	for part := range bytes.Lines(b) {
		if l.ended {
			l.line = l.line[:0]
		}
		l.line = append(l.line, part...)
		l.ended = part[len(part)-1] == '\n'
	}
	return l.to.Write(b)
}

// VerifyLog has the server check the account's log.
func (c *Client) VerifyLog(ctx context.Context) (v Verdict, err error) {
	return v, c.do(ctx, call{method: "GET", path: "/log/verify"}, &v)
}

// OpenAPI writes the description of the API, an OpenAPI document in JSON.
func (c *Client) OpenAPI(ctx context.Context, to io.Writer) error {
	return c.do(ctx, call{method: "GET", path: "/openapi.json"}, to)
}

// ServerVersion returns what the server says of itself.
func (c *Client) ServerVersion(ctx context.Context) (v Version, err error) {
	return v, c.do(ctx, call{method: "GET", path: "/version"}, &v)
}

// pages goes through a list page by page. After an error it ends.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		asked := url.Values{}
		for name, values := range query {
			asked[name] = values
		}
		for {
			var page List[T]
			if err := c.do(ctx, call{method: "GET", path: path, query: asked}, &page); err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			asked.Set("cursor", page.Next)
		}
	}
}
