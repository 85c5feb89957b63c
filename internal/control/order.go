package control

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"reeve"
	"reeve/internal/action"
)

// An Order is a request for one action on many devices. Exactly one of IDs,
// MACs, Group, All and Filter says which. What a proposal keeps of it is what
// its JSON has.
type Order struct {
	Action  string
	Version action.Version // whose rules hold; "" is the latest
	Params  json.RawMessage
	IDs     []string
	MACs    []string
	Group   string             // public id; every device in it
	All     bool               // every device of the account
	Filter  *reeve.DeviceQuery // every device that it selects, whatever its page, order and times

	FilterWords string // Filter as its door puts it in words, for people; nothing is judged by it

	Comment       string
	DeliverWithin time.Duration // 0 is the action's own; never longer than that
	SkipAway      bool          // devices that are not connected are not ordered

	DryRun bool `json:"-"`
	Expect int  `json:"-"` // how many devices the caller confirmed, 0 for no matter: with another number nothing is ordered
	// ExpectApplies is to how many of them the caller saw it apply, 0 for no matter:
	// if it applies to another number nothing is ordered. See Preview.Applies.
	ExpectApplies int         `json:"-"`
	Approved      reeve.JobID `json:"-"` // the proposal that a second person approved, 0 for none
	Propose       bool        `json:"-"` // only store the order, for a second person to approve
	Hold          bool        `json:"-"` // with Propose: once approved it waits for a request with Approved

	named bool // a dry run names devices whatever its outcomes say, some that would be ordered as well

	Key   string   `json:"-"` // Idempotency-Key; "" for none
	Route string   `json:"-"` // method and pattern that the key belongs to
	Body  [32]byte `json:"-"`
}

// A Placement is what became of an Order.
type Placement struct {
	Job           reeve.Job            // zero for a dry run, a proposal and where devices were restored
	Proposal      *reeve.Proposal      // of an order that was proposed
	Restored      []string             // ids of the devices that an undone deletion brought back
	Found         int                  // devices, whether it applies to them or not; 0 if repeated
	NeedsApproval bool                 // a dry run found more devices than may be ordered without a second person
	Outcomes      []Outcome            // one per id or MAC, in order; none for all other ways to name devices
	Tally         map[reeve.Reason]int // commands by reason; NoReason are those that apply
	// Excluded are, in a dry run without outcomes, the first devices that would
	// not be ordered, at most MaxExcluded, and ExcludedMore how many follow.
	Excluded     []Exclusion
	ExcludedMore int
	sample       []Named
	Repeated     bool // answered from an earlier request with the same key
}

// An Outcome is what became of one id or MAC.
type Outcome struct {
	Status int8 // 1 applied or queued, 0 no such device or not done, -1 does not apply
	Reason reeve.Reason
	Leaf   int32 // the command's place in the job; -1 for none
}

// An Exclusion is a device that an order would pass by.
type Exclusion struct {
	ID       string
	Hostname string
	Reason   reeve.Reason
}

// A Named is a device by its id and its name for people.
type Named struct{ ID, Hostname string }

// MaxExcluded is how many devices a dry run names that would not be ordered.
const MaxExcluded = 500

// MaxComment is the longest comment of a job, and the longest of other texts that
// people write about a thing, in characters.
const MaxComment = 1024

// tooLong reports whether a text has more characters than a comment may have. The
// end of a line counts once, however it is written: forms send two characters.
func tooLong(text string) bool {
	return utf8.RuneCountInString(text)-strings.Count(text, "\r\n") > MaxComment
}

// check validates everything that needs no store, and normalises o.Params.
func (c *Control) check(o *Order) (action.Definition, []reeve.MAC, error) {
	published := o.Version != ""
	if !published {
		o.Version = action.Latest
	}
	def, ok := action.Lookup(o.Action)
	if !ok || !def.OfferedIn(o.Version) {
		return def, nil, reeve.Errorf(reeve.Invalid, "there is no action with this name in this version; see the reference of Device Action")
	}
	if def.OwnParams && published {
		o.Params = nil
	}
	var err error
	if o.Params, err = def.Check(o.Params); err != nil {
		return def, nil, err
	}
	selectors := 0
	for _, given := range []bool{o.IDs != nil, o.MACs != nil, o.Group != "", o.All, o.Filter != nil} {
		if given {
			selectors++
		}
	}
	entries := len(o.IDs) + len(o.MACs)
	switch {
	case selectors != 1:
		return def, nil, reeve.Errorf(reeve.Invalid, "name the devices in exactly one way: ids or macs (or, on Reeve's own API, group, all or filter)")
	case o.Filter != nil && slices.Contains(o.Filter.Standings, reeve.Archived):
		return def, nil, reeve.Errorf(reeve.Invalid, "deleted devices take no orders; restore them first")
	case entries == 0 && o.Group == "" && !o.All && o.Filter == nil:
		return def, nil, reeve.Errorf(reeve.Invalid, "the list of devices is empty; name at least one")
	case entries > c.opts.MaxEntries:
		return def, nil, reeve.Errorf(reeve.TooLarge, "at most %d devices fit one request; split the list", c.opts.MaxEntries)
	case tooLong(o.Comment):
		return def, nil, reeve.Errorf(reeve.Invalid, "the comment is longer than %d characters; shorten it", MaxComment)
	case o.Expect < 0:
		return def, nil, reeve.Errorf(reeve.Invalid, "expect must be a positive number of devices")
	case o.Hold && !o.Propose:
		return def, nil, reeve.Errorf(reeve.Invalid, "hold says what becomes of a proposal; send propose with it")
	case o.Propose && o.Approved != 0:
		return def, nil, reeve.Errorf(reeve.Invalid, "an order is either proposed or brings the id of an approved job; leave one of them out")
	case o.DeliverWithin < 0:
		return def, nil, reeve.Errorf(reeve.Invalid, "deliver_within must be a positive number of seconds")
	}
	macs := make([]reeve.MAC, len(o.MACs))
	for i, s := range o.MACs {
		macs[i], _ = reeve.ParseMAC(s) // zero, which no device has, if malformed
	}
	return def, macs, nil
}
