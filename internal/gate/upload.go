package gate

import (
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/link"
)

// Uploads are slow and large, so they have limits of their own.
const (
	uploadsAtOnce = 64
	uploadTime    = 30 * time.Minute // for one request
	uploadPause   = time.Minute      // between two pieces; then the agent is gone
	answerTime    = time.Minute      // to write the answer
	// What an agent sent before it gave up a connection may still lie with the
	// system, or come. It is worth to be read.
	drainTime  = 10 * time.Second
	drainPause = 250 * time.Millisecond
)

var errBroken = reeve.Errorf(reeve.Unavailable, "the file did not arrive as a whole; send the rest")

// uploading checks a request about the file of a command.
func (g *gate) uploading(r *door.Request) (s signature, id reeve.CommandID, err error) {
	if s, err = readSignature(r.Request); err != nil {
		return s, id, err
	}
	id, ok := reeve.ParseCommandID(r.PathValue("command"))
	if !ok {
		return s, id, reeve.Errorf(reeve.NotFound, "there is no such command")
	}
	device, account, err := g.device(r.Context(), s)
	if err != nil {
		return s, id, err
	}
	return s, id, g.Rules.MayUpload(r.Context(), device, account, id)
}

// received tells how much of a file has come.
func (g *gate) received(w http.ResponseWriter, r *door.Request) error {
	s, id, err := g.uploading(r)
	if err != nil {
		return err
	}
	// The agent has given up an upload that still waits for its bytes.
	g.release(g.seize(id, &body{}))
	n, err := g.Files.Received(r.Context(), id.String(), hex.EncodeToString(s.digest[:]))
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, link.Received{Bytes: n})
}

// upload stores the file of a command, or what is left of it. The same command
// may send again, until it has ended.
func (g *gate) upload(w http.ResponseWriter, r *door.Request) error {
	var offset int64
	if text := r.Header.Get(link.HeaderOffset); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > link.MaxUpload {
			return reeve.Errorf(reeve.Invalid, "%s must be a number of bytes from 0 to %d", link.HeaderOffset, link.MaxUpload)
		}
		offset = n
	}
	if offset+r.ContentLength > link.MaxUpload {
		return reeve.Errorf(reeve.TooLarge, "the file is larger than the %d MB that are taken", link.MaxUpload>>20)
	}
	s, id, err := g.uploading(r)
	if err != nil {
		return err
	}
	select {
	case g.uploads <- struct{}{}:
		defer func() { <-g.uploads }()
	default:
		return reeve.Errorf(reeve.Unavailable, "too many agents are uploading; try again later")
	}
	b := g.seize(id, newBody(w, r.Body))
	defer g.release(b)
	if err := g.Files.Resume(r.Context(), id.String(), hex.EncodeToString(s.digest[:]), offset, b, link.MaxUpload); err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, struct{}{})
}

// seize makes b the one body of its command that is read, and ends another: an
// agent that sends again has lost the connection of that one, which the server
// may not have noticed.
func (g *gate) seize(id reeve.CommandID, b *body) *body {
	b.command, b.done = id, make(chan struct{})
	for {
		g.mu.Lock()
		before := g.bodies[id]
		if before == nil {
			g.bodies[id] = b
			g.mu.Unlock()
			return b
		}
		g.mu.Unlock()
		before.end()
		<-before.done
	}
}

func (g *gate) release(b *body) {
	g.mu.Lock()
	delete(g.bodies, b.command)
	g.mu.Unlock()
	close(b.done)
}

// A body is the body of an upload. It takes longer than the requests that the
// port's limits are for, but no piece of it may take long.
type body struct {
	io.Reader
	command reeve.CommandID
	done    chan struct{} // closed when it is not read any more
	control *http.ResponseController

	mu    sync.Mutex
	pause time.Duration // between two pieces
	until time.Time     // for all of them
}

func newBody(w http.ResponseWriter, r io.Reader) *body {
	return &body{Reader: r, control: http.NewResponseController(w), pause: uploadPause, until: time.Now().Add(uploadTime)}
}

// Read reads on, for as long as something comes.
func (b *body) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = errBroken.Because(err)
	}
	return n, err
}

// extend gives the next piece its time. Where deadlines cannot be moved, the
// port's own holds.
func (b *body) extend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := time.Now().Add(b.pause)
	if next.After(b.until) {
		next = b.until
	}
	_ = b.control.SetReadDeadline(next)
	_ = b.control.SetWriteDeadline(next.Add(answerTime))
}

// end makes the reader of the body stop when nothing more comes.
func (b *body) end() {
	if b.control == nil { // it has no reader
		return
	}
	b.mu.Lock()
	b.pause, b.until = drainPause, time.Now().Add(drainTime)
	b.mu.Unlock()
	b.extend()
}
