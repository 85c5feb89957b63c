package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/seal"
)

// keptFor is how long an idempotency key is remembered.
const keptFor = 24 * time.Hour

// idTries is how often an id that is taken is replaced by another. That of a
// proposal stays as it is.
const idTries = 5

// errDryRun leaves the transaction of a dry run without a commit.
var errDryRun = errors.New("dry run")

// Place checks an order, decides for each device whether the action applies,
// and commits job, commands, changes of records and log in one transaction.
// Once it returns without an error, every outcome with status 1 is durable;
// after an error nothing happened.
func (c *Control) Place(ctx context.Context, caller reeve.Caller, o Order) (Placement, error) {
	writes, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Placement{}, err
	}
	def, macs, err := c.check(&o)
	if err != nil {
		return Placement{}, err
	}
	return c.place(ctx, placing{c: c, caller: caller, writes: writes, order: o, def: def, macs: macs, retire: true})
}

// place runs one placing, anew if its random job id was taken, and once more if
// its key was: then the first request with it has committed meanwhile, and its
// answer is there to be given again.
func (c *Control) place(ctx context.Context, p placing) (Placement, error) {
	for raced, tries := false, 0; ; tries++ {
		run := p
		run.begin(c.now())
		commit := c.store.Place
		if p.order.DryRun {
			commit = c.store.Try
		}
		err := commit(ctx, p.caller.Account, func(tx reeve.Placing) error { return run.commit(ctx, tx) })
		switch {
		case err == nil && run.out.Repeated:
			return run.out, c.repeated(ctx, p, &run.out)
		case err == nil:
			run.tell()
			return run.out, nil
		case errors.Is(err, errDryRun):
			run.out.Job = reeve.Job{}
			return run.out, run.exclude(ctx)
		case errors.Is(err, reeve.ErrJobIDTaken) && tries < idTries && p.approved() == 0:
		case reeve.KindOf(err) == reeve.Conflict && p.order.Key != "" && !raced:
			raced = true
		default:
			return Placement{}, err
		}
	}
}

// placing is one attempt at an order.
type placing struct {
	c      *Control
	caller reeve.Caller
	writes Reach // what of the account the caller may act on
	order  Order
	def    action.Definition
	macs   []reeve.MAC
	retire bool // whether agents of deleted devices are ordered to retire

	retryOf reeve.JobID // whose commands in these states name the devices, if not 0
	states  []reeve.State
	undone  *reeve.Job // whose effect is taken back where it still holds, if not nil

	decision *decision       // of a person on the proposal that is placed here
	proposal *reeve.Proposal // that was or is being approved
	settings reeve.Settings

	now       time.Time
	effect    action.Effect
	out       Placement
	targets   []reeve.Target
	placed    []reeve.Placed
	seeksAway bool                // whether the order is about files in quarantine that it does not name
	away      []int64             // then the devices that have such files
	disputed  map[string][]string // MACs in doubt, with the ids of the devices that claim them
	told      []Batch             // what to wake with after the commit
	left      []int64
	cancelled []reeve.Order // that devices came back from
}

func (p *placing) begin(now time.Time) {
	p.now = now
	p.out.Job = reeve.Job{
		ID: reeve.NewJobID(now), Account: p.caller.Account, Action: p.def.Name, Params: p.order.Params,
		Caller: p.caller, Comment: p.order.Comment, Issued: now, DeliverBy: now, FinishBy: now,
		Entries: len(p.order.IDs) + len(p.order.MACs), RetryOf: p.retryOf,
	}
	if p.undone != nil {
		p.out.Job.UndoOf = p.undone.ID
	}
	if id := p.approved(); id != 0 {
		p.out.Job.ID = id
	}
	if p.def.Effect != nil {
		p.effect = p.def.Effect(p.order.Params, now)
	}
}

// commit is the inside of the transaction.
func (p *placing) commit(ctx context.Context, tx reeve.Placing) error {
	key := p.repeatKey()
	if key.Key != "" {
		kept, found, err := tx.Kept(key)
		if err != nil {
			return err
		}
		if found {
			return p.repeat(kept)
		}
	}
	account, err := tx.Account()
	if err != nil {
		return err
	}
	p.settings = Effective(account.Settings)
	p.narrow()
	if err := p.present(tx); err != nil {
		return err
	}
	if p.restores() {
		return p.restore(ctx, tx)
	}
	if p.def.Complete != nil {
		if p.out.Job.Params, err = p.def.Complete(p.order.Params, account); err != nil {
			return err
		}
	}
	if !p.effect.EraseAt.IsZero() {
		p.effect.EraseAt = p.effect.EraseAt.Add(restorable(account))
	}
	found, err := p.findGroup(tx, account)
	if err != nil {
		return err
	}
	if found {
		if err := p.resolve(ctx, tx); err != nil {
			return err
		}
		if err := p.allow(tx); err != nil {
			return err
		}
	} else { // unknown group on the published API: HTTP 200, status 0 for each
		p.out.Outcomes = missing(p.out.Job.Entries)
		p.out.Job.Unmatched = p.out.Job.Entries
	}
	if err := p.findAway(tx); err != nil {
		return err
	}
	p.decide(tx)
	if done, err := p.admit(tx, len(p.targets)); done || err != nil {
		return err
	}
	work := reeve.Work{Key: key, Effect: p.effect.Effect, Entry: p.entry("job_placed", found)}
	if key.Key != "" {
		work.Answer = packAnswer(p.out.Outcomes)
	}
	if err := p.write(tx, &p.out.Job, p.def, p.targets, p.placed, work); err != nil {
		return err
	}
	if p.effect.Archive {
		return p.retireAgents(tx)
	}
	return nil
}

var (
	errNoTarget    = reeve.Errorf(reeve.NotFound, "there is no such group in this account to put the devices into; nothing was done. Give the id of a group, or default")
	errNotYourGoal = reeve.Errorf(reeve.Forbidden, "your roles do not let you put devices into that group; choose one that you may act on")
)

// findGroup resolves the group that the devices move to, and reports whether
// there is one or none is needed. That there is none is an error, but on the
// published API, which answers it with status 0 for each device.
func (p *placing) findGroup(tx reeve.Placing, account reeve.Account) (bool, error) {
	if !p.effect.Move {
		return true, nil
	}
	group := account.DefaultGroup
	if p.effect.GroupID != action.DefaultGroup {
		var err error
		group, err = tx.Group(p.effect.GroupID)
		if reeve.KindOf(err) == reeve.NotFound {
			return false, p.noTarget()
		}
		if err != nil {
			return false, err
		}
	}
	switch {
	case p.writes.Has(group):
	case readable(p.caller).Has(group), p.effect.GroupID == action.DefaultGroup && ours(p.caller.Source):
		return false, errNotYourGoal
	default:
		return false, p.noTarget()
	}
	p.effect.Group = &group
	return true, nil
}

// noTarget answers an order to move devices to a group that is not there, or
// that the caller must not know of.
func (p *placing) noTarget() error {
	if ours(p.caller.Source) {
		return errNoTarget
	}
	return nil
}

// write seals a job and commits it with its commands.
func (p *placing) write(tx reeve.Placing, job *reeve.Job, def action.Definition, targets []reeve.Target, placed []reeve.Placed, work reeve.Work) error {
	leaves := make([]seal.Hash, len(placed))
	var number [8]byte
	orders := 0
	for i := range placed {
		job.Counts[placed[i].State]++
		if placed[i].State == reeve.Queued {
			orders++
			leaves[i] = seal.Leaf(uint32(i), targets[i].Key[:])
		} else {
			leaves[i] = seal.Leaf(uint32(i), seal.AppendNumber(number[:0], placed[i].Device))
		}
	}
	tree := seal.NewTree(leaves)
	job.Targets, job.Root = len(placed), tree.Root()
	job.Counts[reeve.Queued] = 0 // only final states are counted
	if orders > 0 {
		deliver, finish := def.Lives(job.Params)
		if within := p.order.DeliverWithin; within > 0 {
			deliver = min(deliver, within)
		}
		job.DeliverBy = p.now.Add(deliver)
		job.FinishBy = job.DeliverBy.Add(finish)
		key := p.c.key()
		job.Signature = key.SignJob(Header(*job), uint32(len(placed)), job.Root)
		job.SealKey = key.Certificate()
	}
	work.Job, work.Placed = *job, placed
	work.Entry.Job = job.ID
	work.Entry.Detail = detail(work.Entry.Detail, map[string]any{
		"action": job.Action, "params": job.Params, "comment": job.Comment, "entries": job.Entries,
		"unmatched": job.Unmatched, "targets": job.Targets, "orders": orders,
		"applied": job.Counts[reeve.Succeeded], "not_applicable": job.Counts[reeve.NotApplicable],
		"root": hex.EncodeToString(job.Root[:]),
	})
	if err := tx.Commit(work); err != nil {
		return err
	}
	if orders > 0 {
		p.told = append(p.told, Batch{*job, tree, placed, targets})
	}
	return nil
}

// ofDeletion begins the comment of an order to retire; the job that deleted the
// devices follows.
const ofDeletion = "agents of the devices deleted by job "

// Deletion returns the job that deleted the devices whose agents another one
// orders to retire; 0 for any other order.
func Deletion(job reeve.Job) reeve.JobID {
	public, ok := strings.CutPrefix(job.Comment, ofDeletion)
	if !ok || job.Action != "retire" {
		return 0
	}
	id, _ := reeve.ParseJobID(public)
	return id
}

// retireAgents orders the agents of the deleted devices to retire, those that
// can, as a job of its own: the deletion is done at once, the order may wait for
// months.
func (p *placing) retireAgents(tx reeve.Placing) error {
	retire, _ := action.Lookup("retire")
	var targets []reeve.Target
	var placed []reeve.Placed
	for i, one := range p.placed {
		if one.State != reeve.Succeeded || p.targets[i].Key == (reeve.Key{}) || tx.Class(p.targets[i].Class).Kind == reeve.NoAgent {
			continue
		}
		p.left = append(p.left, one.Device)
		if p.retire && tx.Class(p.targets[i].Class).Abilities.Has(retire.Name) {
			targets = append(targets, p.targets[i])
			placed = append(placed, reeve.Placed{Device: one.Device, State: reeve.Queued})
		}
	}
	if len(placed) == 0 {
		return nil
	}
	id := p.out.Job.ID + 1
	if p.approved() != 0 { // the ids of that moment were given out long ago
		id = reeve.NewJobID(p.now)
	}
	job := reeve.Job{
		ID: id, Account: p.caller.Account, Action: retire.Name, Params: json.RawMessage("{}"),
		Caller: p.caller, Comment: ofDeletion + p.out.Job.ID.String(),
		Issued: p.now, Entries: len(placed),
	}
	return p.write(tx, &job, retire, targets, placed, reeve.Work{Entry: p.entry("retire_ordered", true)})
}

func (p *placing) entry(event string, found bool) reeve.AuditEntry {
	e := entry(p.caller, p.now, event, "")
	if !found {
		e.Outcome = "unknown_group"
	}
	if p.retryOf != 0 {
		e.Detail = detail(e.Detail, map[string]any{"retry_of": p.retryOf.String()})
	}
	if (event == "job_placed" || event == "job_proposed") && p.retryOf == 0 && p.undone == nil {
		e.Detail = detail(e.Detail, map[string]any{"selected": p.order.selection()})
	}
	if p.undone != nil {
		e.Detail = detail(e.Detail, map[string]any{"undo_of": p.undone.ID.String()})
	}
	if by := p.proposal; by != nil {
		e.Detail = detail(e.Detail, map[string]any{"proposed_by": by.Caller.Actor, "approved_by": by.DecidedBy.Person()})
	}
	if len(p.disputed) > 0 {
		e.Detail = detail(e.Detail, map[string]any{"disputed_macs": p.disputed})
	}
	return e
}

// Header returns the part of a job that its seal covers.
func Header(j reeve.Job) seal.Header {
	return seal.Header{
		Account: j.Account, Job: int64(j.ID), Action: j.Action, Params: j.Params,
		Issued: j.Issued, DeliverBy: j.DeliverBy, FinishBy: j.FinishBy,
	}
}

// detail encodes the facts of a log row, together with those already there.
func detail(had string, facts map[string]any) string {
	if had != "" {
		var more map[string]any
		json.Unmarshal([]byte(had), &more)
		for k, v := range more {
			facts[k] = v
		}
	}
	b, err := json.Marshal(facts)
	if err != nil {
		panic(err) // only plain values are given
	}
	return string(b)
}
