package scan

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// How yara is shown files
//
// It reads the list of what to scan from a pipe, line by line, while it scans,
// and gets the files that the pass has opened: /proc/PID/fd/N. So no link that
// is made meanwhile leads it elsewhere, and what it says holds no names of
// files. It says nothing of a file without a match; so the rules have one more,
// in a namespace of its own and behind all others, that always matches: when
// that is heard, the file is done. What it says stays in its buffer until that
// is full; so its name is long, and if nothing has been heard for a while, as
// many empty files are added to the list as fill it.

const (
	fillerFile = "/dev/null"

	outputBuffer   = 4096 // bytes that yara's library gathers before it writes
	fillersAtOnce  = outputBuffer/len(doneRule) + 1
	nudgeAfter     = 20 * time.Millisecond
	slowestNudge   = time.Second
	maxYaraSilence = 30 * time.Minute // without an answer on any of the files that it has
	maxYaraDeaths  = 3                // of one pass, then it is not started again
)

// A lister shows files to a program that reads a list.
type lister struct {
	ctx context.Context
	run func(ctx context.Context, list *os.File, out, said io.Writer) error // until the list ends

	mu      sync.Mutex
	current *listing // nil if none is under way
	deaths  int
	gone    error // why it is not started again
}

// A listing is one run of the program. Its lister's lock guards it.
type listing struct {
	lister  *lister
	list    *os.File
	cancel  context.CancelCauseFunc
	ended   chan struct{}
	waiting map[string]*listed // by what the list calls them
	last    string             // thing that it complained of

	heard   time.Time // something of a file, or began to wait
	pause   time.Duration
	nudge   *time.Timer
	fillers int // in the list and not answered
}

type listed struct {
	verdict Verdict
	done    func(Verdict)
}

// add has the program look at a file.
func (l *lister) add(f *File, done func(Verdict)) {
	name := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
	l.mu.Lock()
	err := l.gone
	if err == nil && l.current == nil {
		err = l.begin()
	}
	if err != nil {
		l.mu.Unlock()
		done(Failed(err))
		return
	}
	c := l.current
	if len(c.waiting) == 0 {
		c.heard = time.Now()
	}
	c.waiting[name] = &listed{done: done}
	c.soon()
	l.mu.Unlock()
	io.WriteString(c.list, name+"\n") // in vain if it has died, which answers for the file
}

func (l *lister) begin() error {
	list, feed, err := os.Pipe()
	if err != nil {
		return err
	}
	c := &listing{lister: l, list: feed, ended: make(chan struct{}), waiting: map[string]*listed{}}
	var ctx context.Context
	ctx, c.cancel = context.WithCancelCause(l.ctx)
	c.nudge = time.AfterFunc(nudgeAfter, c.hurry)
	l.current = c
	go func() {
		defer close(c.ended)
		err := l.run(ctx, list, &lineWriter{each: c.answer}, &lineWriter{each: c.complain})
		list.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		l.end(c, err)
	}()
	return nil
}

// end answers for what a run left behind.
func (l *lister) end(c *listing, err error) {
	l.mu.Lock()
	lost := c.waiting
	c.waiting, l.current = nil, nil
	c.nudge.Stop()
	c.cancel(nil)
	c.list.Close()
	if err == nil {
		err = fmt.Errorf("it ended too early")
	}
	if c.last != "" {
		err = fmt.Errorf("%w: %s", err, c.last)
	}
	err = fmt.Errorf("yara failed while it had this file: %w", err)
	if l.deaths++; l.deaths >= maxYaraDeaths && len(lost) > 0 {
		l.gone = fmt.Errorf("yara failed %d times: %w", l.deaths, err)
	}
	l.mu.Unlock()
	for _, file := range lost {
		file.done(Failed(err))
	}
}

// close ends the list, and the program with it.
func (l *lister) close() {
	l.mu.Lock()
	c := l.current
	l.mu.Unlock()
	if c != nil {
		c.list.Close()
		<-c.ended
	}
}

// answer takes a line of the program: a rule and the file that it matches.
func (c *listing) answer(line string) {
	rule, name := parseMatch(line)
	c.lister.mu.Lock()
	if name == fillerFile {
		if rule == doneRule {
			c.fillers--
		}
		c.lister.mu.Unlock()
		return
	}
	file := c.waiting[name]
	switch {
	case file == nil:
	case rule != doneRule:
		file.verdict.find(rule)
		file = nil
	default:
		c.forget(name)
	}
	c.lister.mu.Unlock()
	if file != nil {
		file.done(file.verdict)
	}
}

// complain takes a line about what went wrong, with a file or altogether.
func (c *listing) complain(line string) {
	about, ok := strings.CutPrefix(line, "error scanning ")
	name, why, _ := strings.Cut(about, ": ")
	c.lister.mu.Lock()
	file := c.waiting[name]
	if !ok || file == nil {
		c.last = line
		c.lister.mu.Unlock()
		return
	}
	c.forget(name)
	c.lister.mu.Unlock()
	file.done(Failed(fmt.Errorf("yara could not scan it: %s", why)))
}

// forget takes a file off that is answered for.
func (c *listing) forget(name string) {
	delete(c.waiting, name)
	c.heard = time.Now()
	c.soon()
}

// soon has hurry called if nothing happens for a while.
func (c *listing) soon() {
	c.pause = nudgeAfter
	c.nudge.Reset(c.pause)
}

// hurry makes the program say what it has in its buffer, and ends it if it
// has said nothing for too long.
func (c *listing) hurry() {
	c.lister.mu.Lock()
	waits, nudges := len(c.waiting) > 0, 0
	if waits {
		c.pause = min(2*c.pause, slowestNudge)
		c.nudge.Reset(c.pause)
		if time.Since(c.heard) > maxYaraSilence {
			c.cancel(fmt.Errorf("it gave no answer for %v", maxYaraSilence))
		}
		if c.fillers <= fillersAtOnce {
			nudges = fillersAtOnce
			c.fillers += nudges
		}
	}
	c.lister.mu.Unlock()
	io.WriteString(c.list, strings.Repeat(fillerFile+"\n", nudges))
}
