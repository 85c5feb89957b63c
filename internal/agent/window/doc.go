// Package window asks a question on the desktop of the user that it runs as: in
// a process of its own, which the agent starts for as long as the question is
// open and which has nothing of the agent's. A notification says that something
// is asked, and a page on this machine, in the user's own browser, takes the
// answers. On macOS nothing of this is used: there the system's own dialogs ask.
//
// It may import the root, internal/agent/act for what goes over the pipes,
// internal/look, D-Bus and golang.org/x/sys/windows. It alone of the agent's rooms serves HTTP, to this machine.
package window

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

const (
	// maxQuestion is the longest question in bytes.
	maxQuestion = 1 << 20
	// shownFor is how long a question stays on a desktop before the person counts
	// as one who does not want to answer now.
	shownFor = time.Hour
)

// A desk is a desktop as this package needs it.
type desk interface {
	// Notify tells the person that something is asked. Address is where the
	// answers go if nothing can be clicked on.
	Notify(address string) error
	// Events has what the person did about it, and ends with the desktop.
	Events() <-chan event
	// Open shows an address in the person's browser.
	Open(address string) error
	Close()
}

// An event is what a person did with a notification.
type event int

const (
	clicked   event = iota // wants to answer
	putOff                 // not now
	dismissed              // it is gone, for whatever reason
	broken                 // it could not be shown
)

// Ask reads a question from in, asks it, and writes the reply to out. It ends
// without one when in does: then the question is settled elsewhere. On Windows
// args may name a pipe to use for both, where it also says what went wrong.
func Ask(ctx context.Context, in io.Reader, out io.Writer, args []string) error {
	if len(args) == 0 {
		return answer(ctx, in, out)
	}
	pipe, err := openPipe(args[0])
	if err != nil {
		return err
	}
	defer pipe.Close()
	if err = answer(ctx, pipe, pipe); err != nil {
		err = errors.Join(err, json.NewEncoder(pipe).Encode(act.Reply{Failed: err.Error()}))
	}
	return err
}

func answer(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(io.LimitReader(in, maxQuestion))
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the question: %w", err)
	}
	var question struct {
		Fields []reeve.IdentityField `json:"fields"`
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return fmt.Errorf("reading the question: %w", err)
	}
	settled := errors.New("the question was settled elsewhere")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		io.Copy(io.Discard, lines) // nothing more comes but the end
		cancel(settled)
	}()
	desk, err := openDesk()
	if err != nil {
		return err
	}
	defer desk.Close()
	reply, err := ask(ctx, desk, question.Fields)
	if err != nil {
		if context.Cause(ctx) == settled {
			return nil
		}
		return err
	}
	return json.NewEncoder(out).Encode(reply)
}

// ask shows the notification and serves the page until there is a reply.
func ask(ctx context.Context, d desk, fields []reeve.IdentityField) (act.Reply, error) {
	p, err := servePage(fields)
	if err != nil {
		return act.Reply{}, err
	}
	defer p.close()
	if err := d.Notify(p.launch()); err != nil {
		return act.Reply{}, err
	}
	late := time.NewTimer(shownFor)
	defer late.Stop()
	opened := false
	for {
		select {
		case <-ctx.Done():
			return act.Reply{}, context.Cause(ctx)
		case <-late.C:
			return act.Reply{Later: true}, nil
		case reply := <-p.replies:
			return reply, nil
		case <-p.reopen: // the address of the page was used up
			if err := d.Notify(p.launch()); err != nil {
				return act.Reply{}, err
			}
		case e, more := <-d.Events():
			switch {
			case !more:
				return act.Reply{}, errors.New("the desktop is gone")
			case e == broken:
				return act.Reply{}, errors.New("the desktop shows no message")
			case e == putOff, e == dismissed && !opened && !p.seen():
				return act.Reply{Later: true}, nil
			case e == clicked:
				if err := d.Open(p.launch()); err != nil {
					return act.Reply{}, fmt.Errorf("opening the browser: %w", err)
				}
				opened = true
			}
		}
	}
}
