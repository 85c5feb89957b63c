package courier

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A table is a courier with its store and its keys.
type table struct {
	*Courier
	t        testing.TB
	shelf    *shelf
	key      seal.Key
	verifier *seal.Verifier
	log      *bytes.Buffer
	logMu    *sync.Mutex
}

// quick makes the tests not wait.
var quick = rhythm{presence: 10 * time.Millisecond, ledger: 10 * time.Millisecond, progress: 10 * time.Millisecond, sweep: time.Hour}

func lay(t testing.TB, change func(*Options, *rhythm)) *table {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seed := make([]byte, 32)
	rand.Read(seed)
	b := &table{t: t, shelf: newShelf(), verifier: seal.NewVerifier(&root.PublicKey), log: &bytes.Buffer{}, logMu: &sync.Mutex{}}
	if b.key, err = seal.NewKey(root, seed, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Listen: "127.0.0.1:0", Orders: b.shelf, Presence: b.shelf, Recognise: b.shelf.Recognise,
		Key: func() seal.Key { return b.key },
		Log: slog.New(slog.NewTextHandler(guarded{b.logMu, b.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	r := quick
	if change != nil {
		change(&o, &r)
	}
	if b.Courier, err = open(t.Context(), o, r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error("closing:", err)
		}
	})
	return b
}

type guarded struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (g guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

// device adds a device to the store.
func (b *table) device(no int64) agent {
	b.t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		b.t.Fatal(err)
	}
	public, _ := pair.PublicKey()
	raw, _ := nkeys.Decode(nkeys.PrefixByteUser, []byte(public))
	a := agent{t: b.t, table: b, no: no, pair: pair, key: reeve.Key(raw), address: link.Address(no)}
	b.shelf.locked(func() {
		b.shelf.devices[a.key] = reeve.Device{No: no, Key: a.key, Class: reeve.Class{Standing: reeve.Managed}}
	})
	return a
}

// place stores a job for the devices, as control would.
func (b *table) place(action string, agents ...agent) control.Batch {
	return b.placeID(reeve.NewJobID(time.Now()), action, agents...)
}

func (b *table) placeID(id reeve.JobID, action string, agents ...agent) control.Batch {
	now := time.Now().UTC().Truncate(time.Microsecond)
	batch := control.Batch{Job: reeve.Job{
		ID: id, Account: 1, Action: action, Params: json.RawMessage(`{}`), Targets: len(agents),
		Issued: now, DeliverBy: now.Add(time.Hour), FinishBy: now.Add(2 * time.Hour),
	}}
	j := &shelved{states: make([]reeve.State, len(agents))}
	var leaves []seal.Hash
	for i, a := range agents {
		batch.Placed = append(batch.Placed, reeve.Placed{Device: a.no})
		batch.Targets = append(batch.Targets, reeve.Target{No: a.no, Key: a.key})
		j.subjects = append(j.subjects, reeve.Subject{Device: a.no, Key: a.key})
		leaves = append(leaves, seal.Leaf(uint32(i), a.key[:]))
	}
	batch.Tree = seal.NewTree(leaves)
	batch.Job.Root = batch.Tree.Root()
	batch.Job.Signature = b.key.SignJob(control.Header(batch.Job), uint32(len(agents)), batch.Job.Root)
	batch.Job.SealKey = b.key.Certificate()
	j.job = batch.Job
	b.shelf.locked(func() { b.shelf.jobs[id] = j })
	return batch
}
