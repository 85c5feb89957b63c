package reeve

import "time"

// A DeviceQuery selects and orders devices. Zero fields select everything but
// archived. Values of one field are alternatives, fields narrow one another.
type DeviceQuery struct {
	After int64 // internal key; a page by rising internal key begins behind it
	Limit int   // at least 1
	Page  int   // from 2 on: skip that many pages less one; not together with After
	Sort  DeviceSort
	Desc  bool

	// A page of any order begins behind the one row, or ends before the other. Not
	// together with After or Page.
	AfterRow, BeforeRow *DeviceRow

	GroupIDs  []string
	GroupNos  []int64 // internal keys of further groups
	Within    []int64 // internal keys of the only groups that there are for whoever asks; nil is all
	Standings []Standing
	Exempt    *bool // of the managed ones, only those that are exempt at Now from everything, or only the others
	// ExemptBefore selects managed devices that are exempt at Now from everything,
	// and no longer so at this time.
	ExemptBefore time.Time
	Kinds        []AgentKind
	Systems      []System
	Versions     []Version // of the agent
	Types        []string  // Facts.Type
	Presence     []Presence
	Online       *bool // whatever runs on them
	Seen         Span  // when they were last heard; none that never were
	NeverSeen    bool  // only those that never were
	Added        Span
	Enrolled     Span
	Infested     bool // only those on which scans found threats
	Outdated     bool // only those whose agent is older than the newest of its kind and system in the account

	Search string   // part of one of the names in In, in any case
	And    []string // further such parts, only together with Search, that must be in one of the names as well
	In     []DeviceName

	Now         time.Time     // what Exempt and Presence are judged by
	UnseenAfter time.Duration // see Unseen
}

// A Span is a stretch of time. The zero Span is all of it.
type Span struct{ Since, Until time.Time } // Until is exclusive; zero is no bound

// IsZero reports whether the span has no bounds.
func (s Span) IsZero() bool { return s.Since.IsZero() && s.Until.IsZero() }

// Has reports whether t is in the span.
func (s Span) Has(t time.Time) bool {
	return !t.Before(s.Since) && (s.Until.IsZero() || t.Before(s.Until))
}

// A DeviceRow is a place in any order of devices: that of a device as it was
// when it was read.
type DeviceRow struct {
	No       int64
	Hostname string
	LastSeen time.Time
}

// Row returns the place of a device.
func (d Device) Row() DeviceRow { return DeviceRow{d.No, d.Hostname, d.LastSeen} }

// DeviceSort is an order of devices.
type DeviceSort int8

// The orders.
const (
	ByRecord   DeviceSort = iota // in which records were made, which is that of Device.No
	ByHostname                   // by hostname in any case, then by record
	ByLastSeen                   // then by record
)

// Presence is how a device with an agent stands to the server.
type Presence int8

// The kinds of presence.
const (
	Connected    Presence = iota // online
	Disconnected                 // not online, heard within UnseenAfter
	Unseen                       // not online, and not heard for longer than that
)

// A DeviceName is something that a device can be searched by.
type DeviceName int8

// The names. An empty DeviceQuery.In means the hostname alone.
const (
	InHostname DeviceName = iota
	InNickname
	InMAC     // a whole address or the beginning of one, in any spelling
	InAddress // the public address or one of its own
	InUser    // who is logged in, or who was linked
	InID      // the beginning of the device id, the whole custom id
	NumDeviceNames
)
