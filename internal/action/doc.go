// Package action is the catalogue of device actions: for each its name, the
// API versions that offer it, the devices it applies to in each of them, its
// parameters, what it does to the record or orders from the agent, and how long
// an order lives. One file an action; nothing else lists them. It imports the
// root words only.
//
// Sources of the rules: the pages "Device Action" v2.0, v3.0, v3.1, v3.2 and v3.3
// and "Delete Device" of the vendor's OAuth API manual, as collected in docs/api;
// where they are silent, docs/decisions.
package action

import (
	"encoding/json"
	"slices"
	"time"

	"reeve"
)

// A Version is a published version of Device Action, as its path segment.
type Version string

// The versions, oldest first. Reeve's own API follows the latest.
const (
	V3   Version = "v3"
	V3_1 Version = "v3.1"
	V3_2 Version = "v3.2"
	V3_3 Version = "v3.3"
	// Own is what Reeve's own API and the command line offer: all of V3_3, and
	// what no published version has.
	Own    Version = "own"
	Latest         = Own
)

var versions = []Version{V3, V3_1, V3_2, V3_3, Own}

// Since returns v and the versions after it.
func Since(v Version) []Version { return versions[slices.Index(versions, v):] }

// V2 stands for the endpoints of v2 that order what v3 put into one. It is no
// step before V3: it has actions that no later version offers, and each action
// that it offers has a rule for it. Where its pages are silent that is V3's.
const V2 Version = "v2"

// A Definition is one action.
type Definition struct {
	Name  string // as in the member types of a request
	Title string // for people

	// Since is the version from V3 on that introduced the action; empty for one
	// that V2 alone offers, or only the server itself orders.
	Since Version
	// Rules says for each version from which on it holds what the action
	// applies to. The rule of a version that is not listed is that of the
	// version before. V2 offers what it has a rule for.
	Rules map[Version]Rule

	// Agent is whether the work is done by the device's agent; otherwise the
	// action only changes the record.
	Agent bool
	// Returns is whether the answer names the command, because its agent sends
	// back something to fetch with Get Reports.
	Returns bool
	// Destructive is whether what it does is lost to a device's user or to the
	// inventory, if only for a time, so that nobody should order it by a slip.
	Destructive bool
	// Opposite is the action that takes it back; empty for none. Restore stands for
	// bringing deleted records back, which is no action.
	Opposite string
	// Pauses is whether a command can be held back in the middle.
	Pauses bool
	// Uploads is whether the agent sends a file.
	Uploads bool
	// Lives gives how long an order may wait for its agent, and how long after
	// that it may take. Only with Agent.
	Lives func(params json.RawMessage) (deliver, finish time.Duration)

	// Linked is whether the user of a device of class c answers on a page of the
	// server, and its agent hears nothing of the order. Only with Agent.
	Linked func(c reeve.Class, online bool) bool

	// Params are the members that the action knows of a params object.
	Params []Param
	// OwnParams says that only Reeve's own API takes them: the published pages
	// have none, so there they are passed by.
	OwnParams bool
	// Parse checks the params object of a request and returns it normalised:
	// only the members of this action, defaults filled in. Errors are Invalid.
	Parse func(params json.RawMessage) (json.RawMessage, error)
	// Fits looks for a reason in the parameters why a device cannot take them.
	Fits func(params json.RawMessage, system reeve.System) reeve.Reason
	// Away says which files in the quarantine of a device an order is about; false
	// if it names them. Devices that have none of these are passed by.
	Away func(params json.RawMessage) (reeve.Quarantined, bool)
	// Complete adds what the account has set to the parameters of an order. An
	// account that has set too little for it is a Conflict.
	Complete func(params json.RawMessage, a reeve.Account) (json.RawMessage, error)
	// Effect gives what the action does to the record.
	Effect func(params json.RawMessage, now time.Time) Effect

	// Example is a params object that Parse accepts, for the reference.
	Example string
}

// An Effect is a change of the record before the group is looked up and the
// account's settings are known: to a time to erase at, the account's time for
// restoring is still to be added.
type Effect struct {
	reeve.Effect
	GroupID string // public id of the new group; DefaultGroup for the account's
	Move    bool   // whether GroupID counts
	Archive bool   // the record leaves the inventory and its agent is retired
}

// DefaultGroup is the literal that stands for the account's default group.
const DefaultGroup = "default"

// Restore is the Opposite of what deletes records.
const Restore = "restore"

// Rivals returns the actions that change the same of a record as the named one:
// where one of them succeeded later, what it did is not there to be taken back.
func Rivals(name string) []string {
	touches := func(d Definition) (exemption, standing, group bool) {
		if d.Effect == nil {
			return false, false, false
		}
		e := d.Effect(json.RawMessage("{}"), time.Time{})
		return e.Exempt != nil, e.Standing != nil, e.Move
	}
	exemption, standing, group := touches(catalogue[name])
	var rivals []string
	for _, other := range order {
		e, s, g := touches(catalogue[other])
		if e && exemption || s && standing || g && group {
			rivals = append(rivals, other)
		}
	}
	return rivals
}

// Lookup returns the definition of an action, offered or internal.
func Lookup(name string) (Definition, bool) {
	d, ok := catalogue[name]
	return d, ok
}

// Offered returns the actions of a version in the order of the pages.
func Offered(v Version) []Definition {
	var out []Definition
	for _, name := range order {
		if d := catalogue[name]; d.OfferedIn(v) {
			out = append(out, d)
		}
	}
	return out
}

// OfferedIn reports whether version v has the action.
func (d Definition) OfferedIn(v Version) bool {
	if v == V2 {
		_, ok := d.Rules[V2]
		return ok
	}
	return d.Since != "" && slices.Index(versions, v) >= slices.Index(versions, d.Since)
}

// Check returns params normalised, or an Invalid error that says what is wrong.
// No params at all are an empty object.
func (d Definition) Check(params json.RawMessage) (json.RawMessage, error) {
	if len(params) == 0 || string(params) == "null" {
		params = json.RawMessage("{}")
	}
	if params[0] != '{' {
		return nil, reeve.Errorf(reeve.Invalid, "params must be a JSON object")
	}
	if d.Parse == nil {
		return json.RawMessage("{}"), nil
	}
	return d.Parse(params)
}

// Decide returns why the action does not apply, in version v, to devices of
// class c, or NoReason if it does.
func (d Definition) Decide(v Version, c reeve.Class, params json.RawMessage) reeve.Reason {
	if r := d.RuleIn(v).decide(c); r != reeve.NoReason {
		return r
	}
	if d.Agent && !c.Abilities.Has(d.Name) && (d.Linked == nil || !d.Linked(c, false)) {
		return reeve.NotAble
	}
	if d.Fits != nil {
		return d.Fits(params, c.System)
	}
	return reeve.NoReason
}

// RuleIn returns what the action applies to in version v, which offers it.
func (d Definition) RuleIn(v Version) Rule {
	if v == V2 {
		return d.Rules[V2]
	}
	var last Rule
	for _, step := range versions {
		if r, ok := d.Rules[step]; ok {
			last = r
		}
		if step == v {
			break
		}
	}
	return last
}

// catalogue and order hold the definitions; order is that of the pages, then
// what v3 and later do not offer.
var (
	catalogue = map[string]Definition{}
	order     = []string{"exempt", "unexempt", "ignore", "unignore", "delete", "dhcprenew",
		"re-identify", "assign_to_group", "fetch_agent_log", "scan_threats", "unquarantine",
		"exempt_critical", "archive", "retire"}
)

func define(d Definition) {
	if _, twice := catalogue[d.Name]; twice {
		panic("action " + d.Name + " is defined twice")
	}
	catalogue[d.Name] = d
}

// must encodes what cannot fail.
func must(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
