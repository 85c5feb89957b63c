package gate

import (
	"context"
	"net/http"
	"time"

	"reeve"
	"reeve/internal/door"
)

// Fetching may be slow, and whole fleets do it at once.
const (
	fetchesAtOnce   = 256
	fetchesOfDevice = 2 // the one that it has lost may not have ended here
	fetchTime       = 30 * time.Minute
	fetchPause      = time.Minute // for one piece; then the agent is gone
)

// settings gives an agent the manifest of the settings in force for it.
func (g *gate) settings(w http.ResponseWriter, r *door.Request) error {
	device, _, err := g.asker(r)
	if err != nil {
		return err
	}
	manifest, err := g.Settings.Of(r.Context(), device)
	if err != nil {
		return err
	}
	return door.WriteBytes(w, http.StatusOK, manifest)
}

// asker returns who signed a request without a body.
func (g *gate) asker(r *door.Request) (device, account int64, err error) {
	s, err := readSignature(r.Request)
	if err != nil {
		return 0, 0, err
	}
	return g.device(r.Context(), s)
}

// setFile gives an agent a file of a signature set, or the range of it that it
// asks for. Any agent of the account may have any file that is in force.
func (g *gate) setFile(w http.ResponseWriter, r *door.Request) error {
	device, account, err := g.asker(r)
	if err != nil {
		return err
	}
	digest := r.PathValue("sha256")
	if err := g.named(r.Context(), account, digest); err != nil {
		return err
	}
	if err := g.begin(device); err != nil {
		return err
	}
	defer g.end(device)
	file, err := g.Sets.Open(r.Context(), reeve.ContentName(account, digest))
	if err != nil {
		return err
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(&pieces{w, http.NewResponseController(w), time.Now().Add(fetchTime)}, r.Request, "", time.Time{}, file)
	return nil
}

// begin takes a place among the fetches, of which no device has many.
func (g *gate) begin(device int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.fetches >= fetchesAtOnce:
		return reeve.Errorf(reeve.Unavailable, "too many agents are fetching signatures; try again later")
	case g.fetching[device] >= fetchesOfDevice:
		return reeve.Errorf(reeve.Unavailable, "this agent is fetching signatures already; try again later")
	}
	g.fetches++
	g.fetching[device]++
	return nil
}

func (g *gate) end(device int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fetches--
	if g.fetching[device]--; g.fetching[device] == 0 {
		delete(g.fetching, device)
	}
}

// pieces are a file on its way. It takes longer than the answers that the port's
// limits are for, but no piece of it may take long.
type pieces struct {
	http.ResponseWriter
	control *http.ResponseController
	until   time.Time // for all of them
}

func (p *pieces) Write(piece []byte) (int, error) {
	next := time.Now().Add(fetchPause)
	if next.After(p.until) {
		next = p.until
	}
	// Where the deadline cannot be moved, the port's own holds.
	_ = p.control.SetWriteDeadline(next)
	return p.ResponseWriter.Write(piece)
}

// named refuses files that no settings of the account name.
func (g *gate) named(ctx context.Context, account int64, digest string) error {
	named, err := g.Settings.Names(ctx, account, digest)
	if err == nil && !named {
		err = reeve.Errorf(reeve.NotFound, "no settings of this account name such a file")
	}
	return err
}

var settingsPage = &door.Page{
	Family: agentsDoor, About: "Gives the settings in force for the device, sealed by the server. All agents with the same settings get the same.",
	Inputs: signedInputs(),
	Answer: []door.Field{
		{Name: "account", Type: "int", About: "number of the account"},
		{Name: "revision", Type: "int", About: "of the account's settings; rises with every change, and agents take none that is lower than what they have"},
		{Name: "issued", Type: "string", About: "when it was sealed"},
		{Name: "content", Type: "string", About: "the settings in JSON as the bytes that are signed, in base64: set (name, version, and name, size and SHA-256 of each file), report_neighbours, quarantine, engines"},
		{Name: "sig, seal_key", Type: "string", About: "signature over account, revision, time and content, and the certificate of the key that signed, in base64"},
	},
	Codes: map[int]string{401: "the signature is not valid, or the clock is off (`wrong_time`)", 404: "nothing was ever set in the account"},
}

var setFilePage = &door.Page{
	Family: agentsDoor, About: "Gives a file of a signature set that settings of the account name. Ranges are served, so that an interrupted transfer goes on where it ended.",
	Inputs: signedInputs(
		door.Field{Name: "sha256", In: "path", Type: "string", About: "the file's SHA-256, 64 hex digits"},
		door.Field{Name: "Range", In: "header", Type: "string", About: "such as bytes=1048576-"}),
	Answer: []door.Field{{Name: "(the body)", Type: "bytes", About: "the file, or the range that was asked for"}},
	Codes: map[int]string{206: "the range that was asked for", 401: "the signature is not valid, or the clock is off (`wrong_time`)",
		404: "no settings of the account name the file", 416: "the range is outside of the file", 503: "too many agents are fetching"},
}
