// Package gate is the agents' HTTPS door: who the server is, enrolment,
// uploads, settings and signature sets, and leave; and the community agent's
// protocol, which has doors of its own here. Every request of Reeve's agents,
// but for the question who the server is, is signed with the device's key;
// community agents have a key and a token that the server made. The gate checks
// signatures and shapes, and asks control to decide.
//
// It may import the root words, internal/control for the rules it calls,
// internal/door for the manners of HTTP, internal/said and internal/link.
package gate

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/link"
)

// Rules is what the gate asks of internal/control.
type Rules interface {
	Enrol(ctx context.Context, e control.Enrolment) (reeve.Device, reeve.Account, error)
	Leave(ctx context.Context, key reeve.Key, address string) error
	Recognise(ctx context.Context, key reeve.Key) (reeve.Device, int64, error)
	MayUpload(ctx context.Context, device, account int64, id reeve.CommandID) error
	Account(ctx context.Context, no int64) (reeve.Account, error)
}

// Settings knows what agents are told to be.
type Settings interface {
	// Of returns the manifest in force for a device, in JSON; NotFound where
	// nothing was ever set.
	Of(ctx context.Context, device int64) ([]byte, error)
	// Names reports whether the settings of any agent of the account name a file.
	Names(ctx context.Context, account int64, digest string) (bool, error)
}

// Sets holds the files of signature sets by reeve.ContentName.
type Sets interface {
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
}

// Files stores what agents upload, known by a command's id and the file's hex
// SHA-256. See blob.Folder.
type Files interface {
	Received(ctx context.Context, name, digest string) (int64, error)
	Resume(ctx context.Context, name, digest string, offset int64, r io.Reader, limit int64) error
}

// A Config says what the gate works with. All members are needed but those with
// a default.
type Config struct {
	Rules     Rules
	Files     Files
	Pulse     Pulse
	Settings  Settings
	Sets      Sets
	Identity  link.Identity    // see keys.Endorse for the endorsement
	Agents    string           // HOST:PORT of the message bus, as agents reach it
	AgentsTLS bool             // whether the bus speaks TLS
	Now       func() time.Time // default time.Now
}

type gate struct {
	Config
	uploads chan struct{} // a slot for each

	mu       sync.Mutex
	bodies   map[reeve.CommandID]*body // that are being read
	fetches  int                       // that go on
	fetching map[int64]int             // the same by device
}

// Routes returns the agents' routes. Credentials marks those whose Denied answers
// count as failed attempts of their address.
func Routes(c Config) door.API {
	if c.Now == nil {
		c.Now = time.Now
	}
	g := &gate{Config: c, uploads: make(chan struct{}, uploadsAtOnce), bodies: map[reeve.CommandID]*body{},
		fetching: map[int64]int{}}
	return door.API{Routes: append(g.communityRoutes(), []door.Route{
		{Method: http.MethodGet, Path: link.PathIdentity, Serve: g.identity, Page: identityPage},
		{Method: http.MethodPost, Path: link.PathEnrol, Verb: "device_enrolled", Credentials: true, Counter: "agent", Serve: g.enrol, Page: enrolPage},
		{Method: http.MethodGet, Path: link.PathUpload + "{command}", Credentials: true, Counter: "agent", Serve: g.received, Page: receivedPage},
		{Method: http.MethodPut, Path: link.PathUpload + "{command}", Credentials: true, Counter: "agent", Serve: g.upload, Page: uploadPage},
		{Method: http.MethodGet, Path: link.PathSettings, Credentials: true, Counter: "agent", Serve: g.settings, Page: settingsPage},
		{Method: http.MethodGet, Path: link.PathSetFile + "{sha256}", Credentials: true, Counter: "agent", Serve: g.setFile, Page: setFilePage},
		{Method: http.MethodPost, Path: link.PathRetire, Verb: "job_placed", Credentials: true, Counter: "agent", Serve: g.retire, Page: retirePage},
	}...)}
}
