package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// maxClamdAtOnce is how many files clamd is given at a time. It has ten
	// threads by default, and others wait for them too.
	maxClamdAtOnce = 2

	// maxClamdWait is how long clamd may take for one file: it gives up by
	// itself after two minutes, unless its owner allows it more.
	maxClamdWait = 10 * time.Minute

	maxClamdHello = 10 * time.Second // to say its version
	maxClamdReply = 64 << 10         // bytes that are read of what it says
)

// What ClamAV looks at where its owner says nothing else, by file and by stream
// (clamd.conf(5)): since version 1.0, and before. What is larger it calls clean
// without a look.
const (
	clamdLooksAt    = 100 << 20
	oldClamdLooksAt = 25 << 20
)

// A Daemon is the clamd of a machine.
type Daemon struct {
	// Dial connects to it. Over a unix socket files are handed on as open
	// descriptors, otherwise their content is sent.
	Dial func(context.Context) (net.Conn, error)

	MaxFile   int64 // bytes of the largest file that it looks at, zero if that is not known
	MaxStream int64 // bytes of the largest content that may be sent, likewise
}

// Clamd returns the engine in front of ClamAV's daemon, which find looks for
// when a pass begins; its error says why there is none.
func Clamd(find func() (Daemon, error)) Engine { return clamdEngine(find) }

type clamdEngine func() (Daemon, error)

func (clamdEngine) Name() string { return "clamav" }

func (find clamdEngine) Open(ctx context.Context) (Examination, error) {
	daemon, err := find()
	if err != nil {
		return nil, err
	}
	c := &clamd{ctx: ctx, daemon: daemon, jobs: make(chan clamdJob, maxHeld)}
	if c.description, err = c.hello(); err != nil {
		return nil, fmt.Errorf("clamd does not answer: %w", err)
	}
	looksAt := int64(clamdLooksAt)
	if strings.HasPrefix(c.description.Version, "0.") {
		looksAt = oldClamdLooksAt
	}
	c.daemon.MaxFile = cmp.Or(c.daemon.MaxFile, looksAt)
	c.daemon.MaxStream = cmp.Or(c.daemon.MaxStream, looksAt)
	for range maxClamdAtOnce {
		c.workers.Go(c.work)
	}
	return c, nil
}

// A clamd is one pass with ClamAV's daemon. Each file gets a connection of its
// own: that costs little beside the look at the file, no session times out
// while other engines are busy, and the end of the answers is their end.
type clamd struct {
	ctx         context.Context
	daemon      Daemon
	description Description
	jobs        chan clamdJob
	workers     sync.WaitGroup

	mu   sync.Mutex
	gone error // why it is not asked any more
}

type clamdJob struct {
	file *File
	done func(Verdict)
}

func (c *clamd) Describe() Description { return c.description }

func (c *clamd) Examine(f *File, done func(Verdict)) { c.jobs <- clamdJob{f, done} }

func (c *clamd) Close() {
	close(c.jobs)
	c.workers.Wait()
}

func (c *clamd) work() {
	for job := range c.jobs {
		job.done(c.judge(job.file))
	}
}

func (c *clamd) judge(f *File) Verdict {
	if f.Size > c.daemon.MaxFile {
		return tooLargeFor("ClamAV looks at files", c.daemon.MaxFile)
	}
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	if gone != nil {
		return Failed(gone)
	}
	answers, err := c.ask(f)
	if err == nil {
		return clamdVerdict(answers)
	}
	if errors.Is(err, errClamdStream) {
		return tooLargeFor("clamd takes streams", c.daemon.MaxStream)
	}
	if c.ctx.Err() != nil {
		return Failed(err)
	}
	// Did it fail on this file, or is it not there any more?
	if _, lost := c.hello(); lost != nil {
		err = fmt.Errorf("clamd went away during the scan: %w", lost)
		c.mu.Lock()
		c.gone = err
		c.mu.Unlock()
	}
	return Failed(err)
}

func tooLargeFor(what string, limit int64) Verdict {
	return Verdict{Missed: []Miss{{Reason: TooLarge, Err: fmt.Errorf("%s of up to %d bytes", what, limit)}}}
}

// hello asks who is there.
func (c *clamd) hello() (Description, error) {
	answers, err := c.exchange(maxClamdHello, func(conn net.Conn) error {
		_, err := io.WriteString(conn, "zVERSION\x00")
		return err
	})
	if err != nil {
		return Description{}, err
	}
	if len(answers) != 1 {
		return Description{}, fmt.Errorf("it gave %d answers to one question", len(answers))
	}
	return parseClamdVersion(answers[0])
}

// ask has clamd look at a file.
func (c *clamd) ask(f *File) ([]string, error) {
	return c.exchange(maxClamdWait, func(conn net.Conn) error {
		if local, ok := conn.(*net.UnixConn); ok && passesFiles {
			return passFile(local, f)
		}
		if f.Size > c.daemon.MaxStream {
			return errClamdStream
		}
		return streamFile(conn, f)
	})
}

// exchange says one thing to clamd and returns all that it answers.
func (c *clamd) exchange(within time.Duration, say func(net.Conn) error) ([]string, error) {
	ctx, cancel := context.WithTimeout(c.ctx, within)
	defer cancel()
	conn, err := c.daemon.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	interrupted := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer interrupted()

	said := say(conn)
	if errors.Is(said, errClamdStream) {
		return nil, said
	}
	// It may have answered before it had heard all.
	text, heard := io.ReadAll(io.LimitReader(conn, maxClamdReply))
	answers, whole := splitClamd(text)
	switch {
	case len(answers) > 0 && whole && heard == nil:
		return answers, nil
	case ctx.Err() != nil && c.ctx.Err() == nil:
		return nil, fmt.Errorf("clamd did not answer within %v", within)
	case ctx.Err() != nil:
		return nil, context.Cause(c.ctx)
	case said != nil:
		return nil, said
	case heard != nil:
		return nil, heard
	}
	return nil, errors.New("clamd closed the connection without an answer")
}
