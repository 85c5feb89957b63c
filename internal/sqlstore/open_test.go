package sqlstore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
)

// SQLite takes $1 for a name and numbers names by their first appearance; only
// this driver binds them by number, and every statement here relies on it.
func TestPlaceholdersAreNumbers(t *testing.T) {
	for name, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "reeve.db"), "postgres": freshSchema(t)} {
		t.Run(name, func(t *testing.T) {
			s := openIn(t, url)
			got, _, err := first(t.Context(), s.db, func(r rows) (v [4]string, err error) {
				return v, r.Scan(&v[0], &v[1], &v[2], &v[3])
			}, "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($10 AS TEXT), CAST($2 AS TEXT) || $3 || $4 || $5 || $6 || $7 || $8 || $9",
				"a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
			if err != nil {
				t.Fatal(err)
			}
			if want := [4]string{"b", "a", "j", "bcdefghi"}; got != want {
				t.Errorf("bound %v, want %v", got, want)
			}
		})
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reeve.db")
	first := openIn(t, file)
	_, err := Open(t.Context(), "sqlite:"+file, headKey)
	if reeve.KindOf(err) != reeve.Conflict || !strings.Contains(reeve.Message(err), "another reeve server is using this directory") {
		t.Fatalf("error %v", err)
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Errorf("the first server suffers: %v", err)
	}
}

func TestReopening(t *testing.T) {
	for name, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "a b%20?#.db"), "postgres": freshSchema(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), url, headKey)
			if err != nil {
				t.Fatal(err)
			}
			a := addAccount(t, s, "acme")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openIn(t, url)
			got, err := s.Account(t.Context(), a.No)
			if err != nil || got.Name != "acme" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func TestReadOnlyBesideAServer(t *testing.T) {
	for name, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "reeve.db"), "postgres": freshSchema(t)} {
		t.Run(name, func(t *testing.T) {
			s := openIn(t, url)
			a := addAccount(t, s, "acme")
			reader, err := OpenReadOnly(t.Context(), url, headKey)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if head, holds, err := reader.Head(t.Context(), a.No); err != nil || !holds || head.Seq != 1 {
				t.Errorf("head %+v %v %v", head, holds, err)
			}
			addAccount(t, s, "other")
			if accounts, err := reader.Accounts(t.Context()); err != nil || len(accounts) != 2 {
				t.Errorf("accounts %v %v", accounts, err)
			}
			if err := reader.Append(t.Context(), reeve.AuditEntry{Account: a.No}); err == nil {
				t.Error("it wrote")
			}
		})
	}
	if _, err := OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "missing.db"), headKey); err == nil {
		t.Error("a missing store was opened")
	}
}

func TestReadOnlyWithoutAServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reeve.db")
	s, err := Open(t.Context(), file, headKey)
	if err != nil {
		t.Fatal(err)
	}
	a := addAccount(t, s, "acme")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := OpenReadOnly(t.Context(), file, headKey)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, holds, err := reader.Head(t.Context(), a.No); err != nil || !holds {
		t.Errorf("head holds: %v %v", holds, err)
	}
}

func TestServersStartTogether(t *testing.T) {
	url := freshSchema(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			s, err := Open(t.Context(), url, headKey)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Belong(t.Context(), "pin"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

func TestBelong(t *testing.T) {
	for name, url := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "reeve.db"), "postgres": freshSchema(t)} {
		t.Run(name, func(t *testing.T) {
			s := openIn(t, url)
			for range 2 {
				if err := s.Belong(t.Context(), "mine"); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Belong(t.Context(), "other"); reeve.KindOf(err) != reeve.Conflict {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Servers on one database share classes, but not the memory of them.
func TestServersLearnClassesFromEachOther(t *testing.T) {
	url := freshSchema(t)
	one, other := openIn(t, url), openIn(t, url)
	a := addAccount(t, one, "acme")
	for i, s := range []*Store{one, other, one} {
		d := reeve.Device{ID: reeve.NewID(), Key: reeve.Key{byte(i + 1)}, Class: reeve.Class{Kind: reeve.Persistent, Version: reeve.Version{uint32(i % 2)}}}
		err := s.Enrol(t.Context(), func(e reeve.Enrolling) (err error) {
			d, err = e.Save(a.No, d)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Store{one, other} {
			if got, err := s.Device(t.Context(), a.No, d.ID); err != nil || got.Class != d.Class {
				t.Errorf("class %+v, want %+v (%v)", got.Class, d.Class, err)
			}
		}
	}
}

// A mark can only be made with the key that is kept outside of the database.
func TestHeadShowsTampering(t *testing.T) {
	s := openIn(t, filepath.Join(t.TempDir(), "reeve.db"))
	a := addAccount(t, s, "acme")
	if err := s.Append(t.Context(), reeve.AuditEntry{Account: a.No, At: time.Now(), Event: "e"}); err != nil {
		t.Fatal(err)
	}
	err := s.change(t.Context(), func(t *tx) error {
		if err := t.later("DELETE FROM audit WHERE seq = 2"); err != nil {
			return err
		}
		return t.later("UPDATE log_heads SET seq = 1, hash = (SELECT hash FROM audit WHERE seq = 1)")
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, holds, err := s.Head(t.Context(), a.No); err != nil || holds {
		t.Errorf("the head holds: %v %v", holds, err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	openIn(t, filepath.Join(dir, "reeve.db"))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name())
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), mode)
		}
	}
	if !slices.Contains(names, "reeve.db.lock") {
		t.Errorf("files %v", names)
	}
}

func addAccount(t testing.TB, s *Store, name string) reeve.Account {
	t.Helper()
	a, err := s.AddAccount(t.Context(), reeve.Account{Name: name, Created: time.Now()}, reeve.Founders{
		Operator: reeve.Operator{Name: "admin@" + name}, App: reeve.App{ClientID: name}, Code: reeve.Code{Hash: name},
	}, reeve.AuditEntry{At: time.Now(), Event: "account_created"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
