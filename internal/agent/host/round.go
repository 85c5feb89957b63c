package host

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

const (
	// lookForDesktops is how often, while a question is open, desktops are looked
	// for where it was not asked yet.
	lookForDesktops = 5 * time.Second
	// askAgain is after how long somebody who said "not now" is asked again.
	askAgain = 30 * time.Minute
	// tryAgain is the same for a desktop that could not show the question; it
	// doubles up to askAgain.
	tryAgain = time.Minute
)

// errLater says that the person does not want to answer now.
var errLater = errors.New("not now")

// A desktop is a session of somebody who sits at a screen.
type desktop struct {
	id   string // tells it from others, for as long as it lasts
	user string // who is logged in
	// ask shows the question there until it is answered or ctx ends.
	ask func(ctx context.Context, q Question) (map[string]string, error)
}

// A round asks one question on every desktop of the machine. The first answer
// counts, and the others are closed.
type round struct {
	state    string // the agent's folder
	desktops func() []desktop
	question Question
	news     chan struct{} // has something when a desktop has answered

	ctx    context.Context
	cancel context.CancelFunc
	asking sync.WaitGroup
	looked time.Time

	mu  sync.Mutex
	met map[string]*meeting // by desktop
}

// A meeting is what is known of a desktop.
type meeting struct {
	asking bool
	next   time.Time // it may be asked again
	pause  time.Duration
}

func (m *Machine) openRound(ctx context.Context, q Question) *round {
	w := &round{state: m.state, desktops: m.desktops, question: q, news: make(chan struct{}, 1), met: map[string]*meeting{}}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

// look asks on desktops that were not asked yet, or may be asked again.
func (w *round) look(now time.Time) {
	if now.Sub(w.looked) < lookForDesktops {
		return
	}
	w.looked = now
	for _, d := range w.desktops() {
		w.mu.Lock()
		m := w.met[d.id]
		if m == nil {
			m = &meeting{pause: tryAgain}
			w.met[d.id] = m
		}
		due := !m.asking && !now.Before(m.next)
		m.asking = m.asking || due
		w.mu.Unlock()
		if due {
			w.asking.Go(func() { w.ask(d, m) })
		}
	}
}

func (w *round) ask(d desktop, m *meeting) {
	log := slog.With("command", w.question.Command, "desktop", d.id)
	log.Info("asking on a desktop")
	identity, err := d.ask(w.ctx, w.question)
	if err == nil {
		err = Answer(w.state, w.question.Command, act.Answers{Identity: identity, Door: reeve.WindowDoor, User: d.user})
	}
	if err == nil {
		log.Info("answered on a desktop")
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
	if err == nil || w.ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m.asking = false
	if errors.Is(err, errLater) {
		log.Info("not answered now; it is asked again", "after", askAgain)
		m.next = time.Now().Add(askAgain)
		return
	}
	log.Warn("the desktop could not be asked; it is tried again", "after", m.pause, "err", err)
	m.next = time.Now().Add(m.pause)
	m.pause = min(2*m.pause, askAgain)
}

// close closes what is still shown.
func (w *round) close() {
	w.cancel()
	w.asking.Wait()
}
