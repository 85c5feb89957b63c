package agent

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A shelf is a source of settings with the keys of a real server, that breaks
// off and lies where a test says so.
type shelf struct {
	t       *testing.T
	session line.Session
	key     seal.Key
	serves  link.Manifest
	refused error
	files   map[string]string // contents by digest
	asked   []string          // digest and place of each fetch
	breaks  int64             // bytes after which a fetch breaks off; 0 is never
	onFetch func()
}

func newShelf(t *testing.T) *shelf {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	cert, err := x509.CreateCertificate(rand.Reader, ca, ca, &root.PublicKey, root)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(&root.PublicKey)
	must(t, err)
	trust, err := line.NewTrust(public, cert)
	must(t, err)
	key, err := seal.NewKey(root, bytes.Repeat([]byte{7}, 32), from, until)
	must(t, err)
	return &shelf{t: t, key: key, files: map[string]string{}, session: line.Session{Trust: trust, Place: link.Enrolled{Account: 7}}}
}

func (s *shelf) manifest(context.Context) (link.Manifest, error) { return s.serves, s.refused }
func (s *shelf) check(m link.Manifest, held int64) error         { return s.session.CheckSettings(m, held) }

func (s *shelf) fetch(_ context.Context, digest string, from, most int64, w io.Writer) error {
	s.asked = append(s.asked, fmt.Sprint(digest[:2], " ", from))
	if s.onFetch != nil {
		s.onFetch()
	}
	content, ok := s.files[digest]
	if !ok {
		return &line.Refusal{Status: 404, Text: "no settings name such a file"}
	}
	content = content[from:]
	var broken error
	if s.breaks > 0 && int64(len(content)) > s.breaks {
		content, broken = content[:s.breaks], errors.New("the line broke")
	}
	if int64(len(content)) > most {
		return errors.New("more than was announced")
	}
	if _, err := io.WriteString(w, content); err != nil {
		return err
	}
	return broken
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// serve makes the shelf serve a set of files by name and content.
func (s *shelf) serve(revision int64, files ...string) {
	set := &link.Set{Name: "daily", Version: revision}
	for i := 0; i < len(files); i += 2 {
		digest := digestOf(files[i+1])
		s.files[digest] = files[i+1]
		set.Files = append(set.Files, link.SetFile{Name: files[i], Size: int64(len(files[i+1])), SHA256: digest})
	}
	s.seal(7, revision, link.Settings{Set: set})
}

func (s *shelf) seal(account, revision int64, content link.Settings) {
	text, err := json.Marshal(content)
	must(s.t, err)
	m := link.Manifest{Account: account, Revision: revision, Issued: time.Now().UTC().Truncate(time.Microsecond), Content: text}
	m.Signature, m.SealKey = s.key.SignSettings(m.Account, m.Revision, m.Issued, m.Content), s.key.Certificate()
	s.serves = m
}

func openSettings(t *testing.T, dir string, from source) *settings {
	s := &settings{dir: dir, log: slog.New(slog.DiscardHandler), source: from}
	s.load()
	return s
}

// inForce returns "name content" of the files that engines are shown.
func inForce(t *testing.T, s *settings) (out []string) {
	t.Helper()
	for _, dir := range append(s.folder("signatures"), s.folder("rules")...) {
		entries, err := os.ReadDir(dir)
		must(t, err)
		for _, e := range entries {
			content, err := os.ReadFile(filepath.Join(dir, e.Name()))
			must(t, err)
			out = append(out, e.Name()+" "+string(content))
		}
	}
	return out
}

func wantFiles(t *testing.T, when string, s *settings, want ...string) {
	t.Helper()
	if got := inForce(t, s); !slices.Equal(got, want) {
		t.Errorf("%s: in force are %q, want %q", when, got, want)
	}
}

func TestSettingsReplaceEachOther(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	s := openSettings(t, dir, from)
	wantFiles(t, "before anything", s)
	from.serve(1, "a.hsb", "one", "b.yar", "rule", "c.hdb", "one")
	changed, err := s.renew(t.Context())
	if !changed || err != nil || len(from.asked) != 2 {
		t.Fatalf("%v, %v after %v", changed, err, from.asked)
	}
	wantFiles(t, "at first", s, "a.hsb one", "c.hdb one", "b.yar rule")
	if again, err := s.renew(t.Context()); again || err != nil {
		t.Errorf("the same again: %v, %v", again, err)
	}

	from.serve(2, "a.hsb", "two", "b.yar", "rule")
	from.asked = nil
	if changed, err := s.renew(t.Context()); !changed || err != nil || len(from.asked) != 1 {
		t.Fatalf("%v, %v after %v: what is there need not come again", changed, err, from.asked)
	}
	s.tidy()
	wantFiles(t, "then", s, "a.hsb two", "b.yar rule")
	wantFiles(t, "after a restart", openSettings(t, dir, from), "a.hsb two", "b.yar rule")
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left are %v", entries)
	}
	h := s.report()
	if h == nil || h.Digest != from.serves.Digest() || h.Revision != 2 || h.Set != "daily" || h.Version != 2 || h.Problem != "" {
		t.Errorf("told is %+v", h)
	}

	from.seal(7, 3, link.Settings{ReportNeighbours: true})
	if changed, err := s.renew(t.Context()); !changed || err != nil || !s.InForce().ReportNeighbours {
		t.Errorf("%v, %v: %+v", changed, err, s.InForce())
	}
	wantFiles(t, "without a set", s)
}

// What is not the server's, or older, or not to be taken, changes nothing.
func TestSettingsRefused(t *testing.T) {
	set := func(files ...link.SetFile) link.Settings {
		return link.Settings{Set: &link.Set{Name: "daily", Version: 9, Files: files}}
	}
	file := func(name string, size int64) link.SetFile {
		return link.SetFile{Name: name, Size: size, SHA256: digestOf("x")}
	}
	many := make([]link.SetFile, 101)
	for i := range many {
		many[i] = file(fmt.Sprintf("%d.hdb", i), 1)
	}
	for name, spoil := range map[string]func(s *shelf){
		"an older revision":     func(s *shelf) { s.serve(4, "a.hsb", "old") },
		"another account":       func(s *shelf) { s.seal(8, 9, link.Settings{}) },
		"another content":       func(s *shelf) { s.serves.Content = []byte("{}") },
		"another revision":      func(s *shelf) { s.serves.Revision++ },
		"another time":          func(s *shelf) { s.serves.Issued = s.serves.Issued.Add(time.Second) },
		"no signature":          func(s *shelf) { s.serves.Signature = nil },
		"another server's seal": func(s *shelf) { s.key = newShelf(s.t).key; s.serve(9, "a.hsb", "evil") },
		"a path":                func(s *shelf) { s.seal(7, 9, set(file("../../a.hsb", 1))) },
		"an unknown ending":     func(s *shelf) { s.seal(7, 9, set(file("a.sh", 1))) },
		"a name twice":          func(s *shelf) { s.seal(7, 9, set(file("a.hdb", 1), file("A.hdb", 1))) },
		"a digest of another form": func(s *shelf) {
			s.seal(7, 9, set(link.SetFile{Name: "a.hdb", Size: 1, SHA256: "../" + digestOf("x")[3:]}))
		},
		"a file below nothing": func(s *shelf) { s.seal(7, 9, set(file("a.hdb", -1))) },
		"a huge file":          func(s *shelf) { s.seal(7, 9, set(file("a.hdb", 1<<40))) },
		"too many files":       func(s *shelf) { s.seal(7, 9, set(many...)) },
		"no JSON":              func(s *shelf) { s.seal(7, 9, link.Settings{}); s.serves.Content = []byte("[") },
		"the server's no":      func(s *shelf) { s.refused = &line.Refusal{Status: 401, Text: "no"} },
	} {
		t.Run(name, func(t *testing.T) {
			from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
			s := openSettings(t, dir, from)
			from.serve(5, "a.hsb", "good")
			_, err := s.renew(t.Context())
			must(t, err)
			from.asked = nil
			from.serve(9, "a.hsb", "newer")
			spoil(from)
			changed, err := s.renew(t.Context())
			if _, hopeless := errors.AsType[final](err); changed || !hopeless || len(from.asked) > 0 {
				t.Errorf("%v, %v after %v", changed, err, from.asked)
			}
			wantFiles(t, "then", s, "a.hsb good")
			wantFiles(t, "after a restart", openSettings(t, dir, from), "a.hsb good")
			if !s.note(err, true) || s.report().Problem == "" || s.note(err, true) {
				t.Error("the server is not told once")
			}
		})
	}
}

// A file that is not what its digest says is refused, and asked for anew.
func TestSetFileTamperedWith(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	s := openSettings(t, dir, from)
	from.serve(1, "a.hsb", "good")
	from.files[digestOf("good")] = "evil"
	if changed, err := s.renew(t.Context()); changed || err == nil || !strings.Contains(err.Error(), "another SHA-256") {
		t.Errorf("%v, %v", changed, err)
	}
	from.files[digestOf("good")] = "go"
	if changed, err := s.renew(t.Context()); changed || err == nil {
		t.Errorf("a short file: %v, %v", changed, err)
	}
	wantFiles(t, "then", s)
	from.files[digestOf("good")] = "good"
	if changed, err := s.renew(t.Context()); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	// What somebody changed on the disk is not taken over.
	must(t, os.WriteFile(filepath.Join(s.folder("signatures")[0], "a.hsb"), []byte("EVIL"), 0o600))
	from.serve(2, "a.hsb", "good", "b.hsb", "more")
	if changed, err := s.renew(t.Context()); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	wantFiles(t, "mended", s, "a.hsb good", "b.hsb more")
}

// A transfer that breaks off goes on where it was, also after a restart.
func TestSetFileGoesOn(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	from.serve(1, "a.hsb", "0123456789")
	from.breaks = 4
	for range 2 {
		if _, err := openSettings(t, dir, from).renew(t.Context()); err == nil {
			t.Fatal("a line that breaks is no error")
		}
	}
	s := openSettings(t, dir, from)
	if changed, err := s.renew(t.Context()); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	d := digestOf("0123456789")[:2]
	if want := []string{d + " 0", d + " 4", d + " 8"}; !slices.Equal(from.asked, want) {
		t.Errorf("asked for %v, want %v", from.asked, want)
	}
	wantFiles(t, "then", s, "a.hsb 0123456789")
}

// Whenever the agent is killed, what was in force is in force when it is back:
// each moment is kept as a copy of the folder, and looked at afterwards.
func TestKilledWhileFetching(t *testing.T) {
	from, top := newShelf(t), t.TempDir()
	dir := filepath.Join(top, "sets")
	s := openSettings(t, dir, from)
	from.serve(1, "a.hsb", "one")
	_, err := s.renew(t.Context())
	must(t, err)
	var moments []string
	from.onFetch = func() {
		moments = append(moments, filepath.Join(top, fmt.Sprint("moment", len(moments))))
		must(t, os.CopyFS(moments[len(moments)-1], os.DirFS(dir)))
	}
	from.serve(2, "a.hsb", "two", "b.yar", "rule", "c.ndb", "body")
	_, err = s.renew(t.Context())
	must(t, err)
	// All files are there and their folder has its name, but it is not in force.
	last := filepath.Join(top, "last")
	must(t, os.CopyFS(last, os.DirFS(dir)))
	must(t, os.WriteFile(filepath.Join(last, currentFile), []byte(manifestOf(t, dir, 1)+"\n"), 0o600))
	moments = append(moments, last)
	from.onFetch = nil
	for _, moment := range moments {
		back := openSettings(t, moment, from)
		wantFiles(t, moment, back, "a.hsb one")
		if changed, err := back.renew(t.Context()); !changed || err != nil {
			t.Errorf("%s: %v, %v", moment, changed, err)
		}
		back.tidy()
		wantFiles(t, moment, back, "a.hsb two", "c.ndb body", "b.yar rule")
	}
}

// manifestOf returns the digest of the settings with this revision in a folder.
func manifestOf(t *testing.T, dir string, revision int64) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*", manifestFile))
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		var m link.Manifest
		must(t, json.Unmarshal(text, &m))
		if m.Revision == revision {
			return m.Digest()
		}
	}
	t.Fatalf("there are no settings of revision %d", revision)
	return ""
}

// Damage is noticed at the start and mended; older settings stay refused.
func TestSettingsDamaged(t *testing.T) {
	for name, damage := range map[string]func(dir, digest string) error{
		"a file is gone": func(dir, digest string) error { return os.Remove(filepath.Join(dir, digest, "signatures", "a.hsb")) },
		"a file is cut": func(dir, digest string) error {
			return os.Truncate(filepath.Join(dir, digest, "signatures", "a.hsb"), 1)
		},
		"the manifest is cut": func(dir, digest string) error { return os.Truncate(filepath.Join(dir, digest, manifestFile), 9) },
		"the folder is gone":  func(dir, digest string) error { return os.RemoveAll(filepath.Join(dir, digest)) },
		"the name is nonsense": func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, currentFile), []byte("../../etc"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
			from.serve(5, "a.hsb", "good")
			_, err := openSettings(t, dir, from).renew(t.Context())
			must(t, err)
			must(t, damage(dir, from.serves.Digest()))
			s := openSettings(t, dir, from)
			wantFiles(t, "damaged", s)
			if !s.wants(link.Notice{Digest: from.serves.Digest()}) {
				t.Error("damaged settings are not fetched again")
			}
			if changed, err := s.renew(t.Context()); !changed || err != nil {
				t.Errorf("%v, %v", changed, err)
			}
			wantFiles(t, "mended", s, "a.hsb good")
		})
	}
}
