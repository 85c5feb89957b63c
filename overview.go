package reeve

import (
	"context"
	"time"
)

// An OverviewStore sums up a fleet.
type OverviewStore interface {
	// Overview reads all of an account's devices, which takes long for many: ask
	// for it beside requests, not within them.
	Overview(ctx context.Context, account int64, q OverviewQuery) (Overview, error)
}

// An OverviewQuery says what to sum up.
type OverviewQuery struct {
	Now    time.Time
	Within []int64 // internal keys of the only groups that there are for whoever asks; nil is all
	Actor  string  // only jobs that he placed, as in Caller; empty is everybody's
	Top    int     // of what there are many, at most so many are named; at least 1
}

// An Overview is a fleet at one moment. But for Standings, everything is said of
// devices that are not archived, and all of it of the groups asked for.
type Overview struct {
	At        time.Time
	Devices   int64
	Standings map[Standing]int64 // archived ones too
	Systems   map[System]int64

	Versions      []VersionCount // of agents, those that most devices have first
	OtherVersions int64          // devices with an agent of another version

	Groups      []GroupCount    // those with most devices first
	OtherGroups int64           // devices in further groups
	InGroups    map[int64]int64 // devices of every group, by internal key

	Seen [NumSeen]int64 // when devices were last heard

	Exempt int64 // managed devices that are exempt from everything
	// Of these, how many are so no longer a day and a week from now, and the first
	// of them by the end of their exemption.
	EndInDay, EndInWeek int64
	Ending              []Device

	OpenJobs []Job // those placed last first
	Open     int64 // how many there are

	// Threats: the devices on which scans found some, how many they found there, and
	// on how many devices scans found some in the last day and the last week.
	Infested, Threats             int64
	InfestedInDay, InfestedInWeek int64

	Seats     int64 // of the account; 0 is as many as come
	SeatsUsed int64 // by all groups
}

// VersionCount is how many devices have an agent of a version.
type VersionCount struct {
	Version Version
	Devices int64
}

// GroupCount is how many devices are in a group.
type GroupCount struct {
	ID, Name string
	Devices  int64
}

// SeenWhen is when a device was last heard.
type SeenWhen int8

// The stretches of time, from the one before on.
const (
	SeenNow SeenWhen = iota // online
	SeenInHour
	SeenInDay
	SeenInWeek
	SeenInMonth // 30 days
	SeenEarlier
	SeenNever
	NumSeen
)

// seenAges are how long ago devices of each were heard at most.
var seenAges = [...]time.Duration{SeenInHour: time.Hour, SeenInDay: 24 * time.Hour, SeenInWeek: 7 * 24 * time.Hour, SeenInMonth: 30 * 24 * time.Hour}

// Select narrows a query to the devices that were last heard then, as of now.
func (w SeenWhen) Select(q *DeviceQuery, now time.Time) {
	online := w == SeenNow
	q.Online = &online
	switch {
	case w == SeenNever:
		q.NeverSeen = true
	case w == SeenEarlier:
		q.Seen.Until = now.Add(-seenAges[SeenInMonth])
	case w > SeenNow:
		q.Seen.Since = now.Add(-seenAges[w])
		if w > SeenInHour {
			q.Seen.Until = now.Add(-seenAges[w-1])
		}
	}
}
