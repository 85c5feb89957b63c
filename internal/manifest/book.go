// Package manifest writes what agents are told of their settings: for each
// account and content one manifest, sealed once and given to every agent, so
// that a fleet which asks at once costs no work for each device.
//
// It reads and changes nothing. It may import the root words, internal/link and
// internal/seal.
package manifest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"reeve"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A Store is what is read here of reeve.SetStore.
type Store interface {
	AgentSettings(ctx context.Context, account int64) ([]reeve.GroupSettings, int64, error)
	Memberships(ctx context.Context, devices []int64) ([]reeve.Membership, error)
}

// A Book keeps the manifests of all accounts. It is safe for concurrent use.
type Book struct {
	store Store
	key   func() seal.Key
	now   func() time.Time

	mu       sync.Mutex
	accounts map[int64]*account
}

// An account is read by one caller at a time; those of other accounts do not
// wait for it.
type account struct {
	mu   sync.Mutex
	last *edition // nil before the first
}

// New returns a book over a store. Key gives the seal key of the moment.
func New(store Store, key func() seal.Key, now func() time.Time) *Book {
	return &Book{store: store, key: key, now: now, accounts: map[int64]*account{}}
}

// An edition is what the agents of an account are told under one revision.
type edition struct {
	account, revision int64
	sheets            map[int64]*sheet // by group; 0 is all groups that are not here
	files             map[string]bool  // digests of the files that the sheets name
}

// A sheet is the settings of one or several groups.
type sheet struct {
	content []byte
	digest  string

	once   sync.Once
	sealed []byte
	err    error
}

func (e *edition) of(group int64) *sheet {
	if own := e.sheets[group]; own != nil {
		return own
	}
	return e.sheets[0]
}

// A Told is what one device is told.
type Told struct {
	Device, Account int64
	Digest          string // of the settings in force for it
}

// Tell returns what these devices are to be told. Devices of accounts where
// nothing was ever set are left out.
func (b *Book) Tell(ctx context.Context, devices []int64) ([]Told, error) {
	members, err := b.store.Memberships(ctx, devices)
	if err != nil {
		return nil, err
	}
	out := make([]Told, len(members))
	for i, m := range members {
		e, err := b.edition(ctx, m.Account, m.Revision)
		if err != nil {
			return nil, err
		}
		out[i] = Told{m.Device, m.Account, e.of(m.GroupNo).digest}
	}
	return out, nil
}

// Of returns the manifest in force for a device, a link.Manifest in JSON.
func (b *Book) Of(ctx context.Context, device int64) ([]byte, error) {
	members, err := b.store.Memberships(ctx, []int64{device})
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return nil, reeve.Errorf(reeve.NotFound, "there are no settings for this device")
	}
	e, err := b.edition(ctx, members[0].Account, members[0].Revision)
	if err != nil {
		return nil, err
	}
	s := e.of(members[0].GroupNo)
	s.once.Do(func() { s.sealed, s.err = b.seal(e, s.content) })
	return s.sealed, s.err
}

// Names reports whether the settings of any agent of the account name a file
// with this digest.
func (b *Book) Names(ctx context.Context, account int64, digest string) (bool, error) {
	e, err := b.edition(ctx, account, 0)
	if err == nil && !e.files[digest] {
		e, err = b.edition(ctx, account, e.revision+1) // it may be younger than what is known here
	}
	return err == nil && e.files[digest], err
}

// edition returns that of the revision or a later one, if there is one.
func (b *Book) edition(ctx context.Context, no, revision int64) (*edition, error) {
	a := b.account(no)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last != nil && a.last.revision >= revision {
		return a.last, nil
	}
	settings, revision, err := b.store.AgentSettings(ctx, no)
	if err != nil {
		return nil, err
	}
	if a.last != nil && a.last.revision == revision {
		return a.last, nil
	}
	e := &edition{account: no, revision: revision, sheets: map[int64]*sheet{}, files: map[string]bool{}}
	alike := map[string]*sheet{}
	for _, g := range settings {
		content, err := json.Marshal(shape(g))
		if err != nil {
			return nil, fmt.Errorf("writing the settings of agents: %w", err)
		}
		digest := link.Manifest{Content: content}.Digest()
		if alike[digest] == nil {
			alike[digest] = &sheet{content: content, digest: digest}
		}
		e.sheets[g.GroupNo] = alike[digest]
		for _, f := range g.InForce.Files {
			e.files[f.SHA256] = true
		}
	}
	a.last = e
	return e, nil
}

func (b *Book) account(no int64) *account {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.accounts[no] == nil {
		b.accounts[no] = &account{}
	}
	return b.accounts[no]
}

// shape is settings as agents read them.
func shape(g reeve.GroupSettings) link.Settings {
	out := link.Settings{ReportNeighbours: g.ReportNeighbours, Quarantine: g.Quarantine, Engines: g.Engines}
	if g.InForce.Name != "" {
		out.Set = &link.Set{Name: g.InForce.Name, Version: g.InForce.Version, Files: make([]link.SetFile, len(g.InForce.Files))}
		for i, f := range g.InForce.Files {
			out.Set.Files[i] = link.SetFile(f)
		}
	}
	return out
}

func (b *Book) seal(e *edition, content []byte) ([]byte, error) {
	key := b.key()
	m := link.Manifest{Account: e.account, Revision: e.revision, Issued: b.now().UTC().Truncate(time.Microsecond), Content: content}
	m.Signature, m.SealKey = key.SignSettings(m.Account, m.Revision, m.Issued, m.Content), key.Certificate()
	sealed, err := json.Marshal(m)
	if err == nil && len(sealed) > link.MaxManifest {
		err = fmt.Errorf("settings of %d bytes are larger than agents take", len(sealed))
	}
	return sealed, err
}
