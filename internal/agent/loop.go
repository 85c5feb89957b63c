package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// ErrRetired says that the server retired the agent: its state folder holds no
// enrolment any more.
var ErrRetired = errors.New("this device was retired by the server; enrol it again with a registration code if it is to come back")

// retire is the order to leave. It is the loop's own and no policy forbids it:
// the record is the server's.
const retire = "retire"

// scanThreats is the action that reads the signature sets.
const scanThreats = "scan_threats"

const (
	resendEvery = 30 * time.Second // reports that are not acknowledged
	maxCrashes  = 3                // of the agent in the middle of a command that may be resumed
	maxOpen     = 1000             // commands that have not ended; the server sends more later
)

// Options are what a loop runs with.
type Options struct {
	State    *State
	Identity Identity        // enrolled
	Kind     reeve.AgentKind // default Persistent
	Machine  Machine
	Policy   func() (*Policy, error) // what the machine's owner allows now
	Log      *slog.Logger
	// Directory is what a domain controller's agent reads; nil for all others.
	Directory interface {
		Computers(ctx context.Context) ([]reeve.Sighting, error)
	}

	look time.Duration // how often the machine is looked at; default lookEvery
}

// A loop is a running agent.
type loop struct {
	log     *slog.Logger
	state   *State
	policy  func() (*Policy, error)
	body    body
	key     line.Key
	door    *line.Server
	session *line.Session
	journal *journal
	// settings are what the server's administrators decided for this agent:
	// settings.InForce() at any time. Ask anew whenever it matters, for they change
	// while the agent runs.
	settings *settings

	stop context.CancelCauseFunc
	ctx  context.Context // of everything that runs; ended by stop
	kick chan struct{}   // asks for all reports to be sent again
	gone chan struct{}   // closed when the server has the report on retire
	once struct{ welcomed, gone sync.Once }

	inventory inventory

	work   sync.WaitGroup
	mu     sync.Mutex
	tasks  map[string]*task   // that have not ended, by command
	lanes  map[string][]*task // the same by action; the first of a lane is running
	pauses map[string]pause   // by job
}

// Run runs the agent until ctx ends, which is no error, or it is retired.
func Run(ctx context.Context, o Options) error {
	l, err := newLoop(o)
	if err != nil {
		return err
	}
	return l.run(ctx, o)
}

func (l *loop) run(ctx context.Context, o Options) error {
	defer l.journal.Close()
	l.ctx, l.stop = context.WithCancelCause(ctx)
	defer l.stop(nil)
	if err := l.recover(); err != nil {
		return err
	}
	l.log.Info("agent runs", "version", Version, "device", o.Identity.Place.Device, "server", o.Identity.Server)
	l.work.Go(l.resend)
	l.work.Go(func() { l.observe(cmp.Or(o.look, lookEvery)) })
	if o.Directory != nil {
		l.work.Go(func() { l.readDirectory(o.Directory.Computers, min(cmp.Or(o.look, firstLook), firstLook)) })
	}
	l.session.Run(l.ctx)
	l.work.Wait()
	if !errors.Is(context.Cause(l.ctx), ErrRetired) {
		if err := l.journal.leave(l.now()); err != nil {
			l.log.Warn("not noted that the agent stops in order", "err", err)
		}
		l.log.Info("agent stopped")
		return nil
	}
	l.journal.Close()
	if err := o.State.Forget(); err != nil {
		return err
	}
	l.log.Warn("agent retired by the server and its identity removed")
	return ErrRetired
}

func newLoop(o Options) (*loop, error) {
	settled := &settings{dir: filepath.Join(o.State.dir, setsDir), log: o.Log}
	b := body{Machine: o.Machine, kind: o.Kind, identity: o.Identity, since: time.Now().UTC().Truncate(time.Second), settings: settled}
	l := &loop{
		log: o.Log, state: o.State, policy: o.Policy, body: b, settings: settled,
		kick: make(chan struct{}, 1), gone: make(chan struct{}),
		tasks: map[string]*task{}, lanes: map[string][]*task{}, pauses: map[string]pause{},
	}
	l.inventory.body = b
	trust, err := line.NewTrust(o.Identity.Root, o.Identity.RootCert)
	if err == nil {
		l.key, err = line.KeyOf(o.Identity.Seed)
	}
	if err == nil {
		l.door, err = line.Open(o.Identity.Server, line.Pin(o.Identity.Root))
	}
	if err != nil {
		return nil, fmt.Errorf("the identity in the state folder is not usable: %w", err)
	}
	l.session = &line.Session{Key: l.key, Trust: trust, Place: o.Identity.Place, Hello: l.inventory.hello, Handler: l}
	settled.source = server{l.door, l.key, l.session}
	settled.load()
	var damaged int
	if l.journal, damaged, err = openJournal(filepath.Join(o.State.dir, journalFile)); err != nil {
		return nil, err
	}
	if damaged > 0 {
		l.log.Error("the journal is damaged; check the disk", "lines", damaged)
	}
	l.body.journal, l.session.Known = l.journal, l.journal.latest
	if err := l.tidy(); err != nil {
		return nil, errors.Join(fmt.Errorf("tidying the state folder: %w", err), l.journal.Close())
	}
	return l, nil
}

// recover takes up what a stop or crash left open.
func (l *loop) recover() error {
	for _, command := range l.journal.at(started) {
		e := l.journal.entry(command)
		why := "the agent was stopped in the middle of " + e.action + ", which may not be repeated"
		if act.Resumable(e.action) || e.action == retire {
			crashes, err := l.journal.resume(command)
			if err != nil {
				return err
			}
			if crashes < maxCrashes || e.action == retire {
				l.log.Info("command resumes", "command", command, "action", e.action, "crashes", crashes)
				continue
			}
			why = fmt.Sprintf("the agent ended %d times in the middle of %s", crashes, e.action)
		}
		r := link.Report{Command: command, State: failed, Reason: "interrupted", Message: why}
		if err := l.journal.finish(r, l.journal.latest); err != nil {
			return err
		}
		l.log.Warn("command was interrupted", "command", command, "action", e.action)
	}
	for _, command := range append(l.journal.at(finished), l.journal.at(settled)...) {
		if l.journal.entry(command).action == retire {
			l.work.Go(l.leave)
			if l.journal.entry(command).stage == settled {
				l.once.gone.Do(func() { close(l.gone) })
			}
			break
		}
	}
	return nil
}

// Welcomed begins with what is open, and sends what is not acknowledged.
func (l *loop) Welcomed() {
	l.log.Info("connected")
	l.note(contact{Connected: true, Since: time.Now().UTC()})
	l.goOn()
	l.once.welcomed.Do(func() {
		for _, command := range append(l.journal.at(started), l.journal.at(received)...) {
			l.enqueue(command, l.journal.entry(command).action)
		}
	})
	select {
	case l.kick <- struct{}{}:
	default: // it was asked for already
	}
}

// Lost notes that there is no connection.
func (l *loop) Lost(err error, wait time.Duration) {
	l.log.Warn("not connected", "err", err, "next_try", wait.Round(time.Millisecond))
	l.note(contact{Since: time.Now().UTC(), LastError: err.Error()})
}

// Settled fetches settings that are not those which the agent has.
func (l *loop) Settled(n link.Notice) {
	if l.settings.wants(n) {
		l.work.Go(func() { l.settle(min(time.Duration(n.Within)*time.Second, longestSpread)) })
	}
}

// Dropped notes a message that could not be used.
func (l *loop) Dropped(verb string, err error) {
	l.log.Warn("message dropped", "verb", verb, "err", err)
}

func (l *loop) note(c contact) {
	if err := l.state.write(statusFile, c); err != nil {
		l.log.Warn("status not noted", "err", err)
	}
}

// Ordered takes an order: once.
func (l *loop) Ordered(o line.Order) {
	e := l.journal.entry(o.Command)
	log := l.log.With("command", o.Command, "action", o.Action)
	w := work{Action: o.Action, Params: o.Params, Issued: o.Issued, DeliverBy: o.DeliverBy, FinishBy: o.FinishBy}
	veto := ""
	if e.stage == unheard && o.Fault == line.NoFault && o.Action != retire {
		_, _, veto = l.judge(w)
	}
	switch {
	case o.Fault == line.Forged:
		log.Warn("order refused: its seal is not that of the pinned server for this device")
		if e.stage == unheard {
			l.send(link.Report{Command: o.Command, State: refused, Reason: string(o.Fault),
				Message: "the order's seal is not that of the pinned server for this device"})
		}
	case e.stage >= finished:
		log.Info("order came again; its result is sent again")
		l.sendKept(o.Command)
	case l.task(o.Command) != nil:
		log.Info("order came again while it is carried out")
		l.task(o.Command).tell(l)
	case o.Fault == line.TooLate:
		log.Warn("order refused: it came too late", "deliver_by", o.DeliverBy)
		l.send(link.Report{Command: o.Command, State: refused, Reason: string(o.Fault),
			Message: "the order came after " + o.DeliverBy.UTC().Format(time.RFC3339)})
	case veto != "":
		log.Warn("order refused by the local policy", "why", veto)
		r := link.Report{Command: o.Command, State: refused, Reason: "policy", Message: veto}
		if err := l.journal.refuse(w, r, l.now()); err != nil {
			log.Error("order not taken", "err", err)
			return
		}
		l.send(r)
	case l.open() >= maxOpen:
		log.Warn("order not taken: too many are open")
	default:
		if e.stage == unheard {
			if err := l.journal.receive(o.Command, w, l.now()); err != nil {
				log.Error("order not taken", "err", err)
				return
			}
		}
		log.Info("order received")
		l.enqueue(o.Command, o.Action)
	}
}

// Acked lets go of reports that the server has.
func (l *loop) Acked(commands []string) {
	if err := l.journal.settle(commands, l.now()); err != nil {
		l.log.Warn("acknowledgement not noted", "err", err)
	}
	for _, c := range commands {
		if e := l.journal.entry(c); e.action == retire && e.stage == settled {
			l.once.gone.Do(func() { close(l.gone) })
		}
	}
}

// Cancelled stops every open command of a job.
func (l *loop) Cancelled(job int64) {
	for _, command := range l.journal.ofJob(line.JobOf(job)) {
		l.log.Info("command cancelled", "command", command)
		if t := l.task(command); t != nil {
			t.cancel(errCancelled)
		}
	}
}

// now is the server's time; before the server told it, the last time that the
// journal knows.
func (l *loop) now() time.Time {
	if now, ok := l.session.Now(); ok {
		return now.UTC()
	}
	return l.journal.latest
}
