package manifest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"reeve"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A shelf is a store with one account, 7, that counts how often it is read.
type shelf struct {
	revision int64
	settings []reeve.GroupSettings
	groups   map[int64]int64 // of devices
	reads    int
}

func (s *shelf) AgentSettings(context.Context, int64) ([]reeve.GroupSettings, int64, error) {
	s.reads++
	return s.settings, s.revision, nil
}

func (s *shelf) Memberships(_ context.Context, devices []int64) (out []reeve.Membership, err error) {
	for _, d := range devices {
		if group, ok := s.groups[d]; ok {
			out = append(out, reeve.Membership{Device: d, Account: 7, GroupNo: group, Revision: s.revision})
		}
	}
	return out, nil
}

func open(t *testing.T, s *shelf) (*Book, *seal.Verifier) {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.NewKey(root, make([]byte, 32), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return New(s, func() seal.Key { return key }, time.Now), seal.NewVerifier(&root.PublicKey)
}

func set(version int64, digest string) reeve.SignatureSet {
	return reeve.SignatureSet{Name: "daily", Version: version, Files: []reeve.SetFile{{Name: "a.hsb", Size: 1, SHA256: digest}}}
}

func TestOneManifestForAll(t *testing.T) {
	s := &shelf{revision: 5, groups: map[int64]int64{1: 10, 2: 20, 3: 30}, settings: []reeve.GroupSettings{
		{InForce: set(1, "aa")}, {Group: "lab", GroupNo: 20, AgentSettings: reeve.AgentSettings{ReportNeighbours: true}, InForce: set(2, "bb")},
	}}
	book, verifier := open(t, s)
	told, err := book.Tell(t.Context(), []int64{1, 2, 3, 4})
	if err != nil || len(told) != 3 || told[0].Digest != told[2].Digest || told[0].Digest == told[1].Digest {
		t.Fatalf("told %+v, %v", told, err)
	}
	first, err := book.Of(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := book.Of(t.Context(), 3)
	if &first[0] != &again[0] || s.reads != 1 {
		t.Errorf("two devices were told apart after %d reads", s.reads)
	}
	var m link.Manifest
	if err := json.Unmarshal(first, &m); err != nil {
		t.Fatal(err)
	}
	if err := verifier.CheckSettings(7, 5, m.Issued, m.Content, m.Signature, m.SealKey); err != nil || m.Account != 7 || m.Revision != 5 || m.Digest() != told[0].Digest {
		t.Errorf("the manifest %+v: %v", m, err)
	}
	if want := `{"set":{"name":"daily","version":1,"files":[{"name":"a.hsb","size":1,"sha256":"aa"}]}}`; string(m.Content) != want {
		t.Errorf("the content is %s", m.Content)
	}

	// Another group's change leaves the digest as it is.
	s.revision, s.settings[1].InForce = 6, set(3, "cc")
	later, err := book.Tell(t.Context(), []int64{1, 2})
	if err != nil || later[0] != told[0] || later[1].Digest == told[1].Digest {
		t.Errorf("told %+v after %+v, %v", later, told, err)
	}
	for digest, want := range map[string]bool{"aa": true, "bb": false, "cc": true, "dd": false} {
		if named, err := book.Names(t.Context(), 7, digest); named != want || err != nil {
			t.Errorf("%s is named: %v, %v", digest, named, err)
		}
	}
	s.revision, s.settings[0].InForce = 7, set(4, "dd") // on another node
	if named, err := book.Names(t.Context(), 7, "dd"); !named || err != nil {
		t.Errorf("a new file is named: %v, %v", named, err)
	}
	if _, err := book.Of(t.Context(), 4); reeve.KindOf(err) != reeve.NotFound {
		t.Errorf("a device of an account without settings: %v", err)
	}
}
