package outbound

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
)

// export adds an export of this kind.
func (m *memory) export(t *testing.T, o reeve.Outlet) {
	t.Helper()
	o.Name, o.Created = "siem", time.Now()
	if _, err := m.AddOutlet(t.Context(), o, reeve.AuditEntry{}); err != nil {
		t.Fatal(err)
	}
}

// read decodes lines as the test's senders write them.
func read(t *testing.T, text []byte) (rows []reeve.AuditEntry) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var row reeve.AuditEntry
		if err := json.Unmarshal(line, &row); err != nil || !bytes.HasSuffix(line, []byte("}\n")) {
			t.Fatalf("the line %q: %v", line, err)
		}
		rows = append(rows, row)
	}
	return rows
}

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFileHasEveryRowAndDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.enrol("before")
		m.export(t, reeve.Outlet{Kind: reeve.FileOutlet, Settings: reeve.OutletSettings{Devices: true}})
		s := m.sender(t, nil)
		stop := run(t, s)
		m.enrol("one")
		m.delete(2500)
		m.event(reeve.AuditEntry{Event: "group_created"})
		pass(5 * time.Second)
		stop()
		defer run(t, s)()
		m.enrol("two")
		pass(5 * time.Second)
		rows := read(t, readFile(t, s.Folder, "siem.jsonl"))
		if len(rows) != 4+2500 {
			t.Fatalf("%d lines", len(rows))
		}
		for i, row := range rows[2:2502] {
			detail := fmt.Sprintf(`{"command":"%016x%08x","action":"delete"}`, int64(row.Job), i)
			if row.Seq != 3 || row.Device != fmt.Sprintf("%032d", i) || row.Outcome != "succeeded" || row.Detail != detail {
				t.Fatalf("line %d: %+v", i, row)
			}
		}
		if rows[0].Device != "one" || rows[1].Seq != 3 || rows[1].Device != "" || rows[2502].Event != "group_created" || rows[2503].Device != "two" {
			t.Errorf("%+v", []reeve.AuditEntry{rows[0], rows[1], rows[2502], rows[2503]})
		}
		if o := m.outlet(); o.Behind() != 0 || o.LastSuccess.IsZero() {
			t.Errorf("%+v", o.Flow)
		}
	})
}

// An export that fails waits ever longer, skips nothing and says why.
func TestExportsTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.export(t, reeve.Outlet{Kind: reeve.FileOutlet, Events: []string{"device_enrolled"}})
		s := m.sender(t, nil)
		s.Folder = filepath.Join(s.Folder, "exports")
		if err := os.WriteFile(s.Folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		defer run(t, s)()
		m.enrol("one")
		m.event(reeve.AuditEntry{Event: "reports"})
		m.enrol("two")
		pass(time.Hour)
		if o := m.outlet(); o.Failures < 15 || o.Failures > 25 || !strings.Contains(o.LastError, "not a directory") || o.Behind() != 3 {
			t.Errorf("%+v", o.Flow)
		}
		if err := os.Remove(s.Folder); err != nil {
			t.Fatal(err)
		}
		pass(lastPause)
		if rows := read(t, readFile(t, s.Folder, "siem.jsonl")); len(rows) != 2 || rows[0].Device != "one" || rows[1].Device != "two" {
			t.Errorf("%+v", rows)
		}
		if o := m.outlet(); o.Failures != 0 || o.Behind() != 0 || o.LastError == "" {
			t.Errorf("%+v", o.Flow)
		}
	})
}

func TestFilesAreHealedAndPutAside(t *testing.T) {
	sink := fileSink{filepath.Join(t.TempDir(), "exports"), "siem"}
	write := func(text string) {
		t.Helper()
		if err := sink.write(t.Context(), lines{rows: []line{{text: []byte(text)}}}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(sink.folder, "siem.jsonl")
	write("first\n")
	for _, torn := range []string{"tor", strings.Repeat("t", 200_000)} {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		file.WriteString(torn)
		file.Close()
		write("next\n")
	}
	if got := string(readFile(t, path)); got != "first\nnext\nnext\n" {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for i := range maxFiles + 2 {
		if err := os.WriteFile(path, []byte(fmt.Sprintln("file", i)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, maxFileSize); err != nil { // a hole, which takes no room
			t.Fatal(err)
		}
		write("fresh\n")
	}
	files, err := filepath.Glob(filepath.Join(sink.folder, "*"))
	if err != nil || len(files) != maxFiles {
		t.Fatalf("%v, %v", files, err)
	}
	oldest, err := os.Open(filepath.Join(sink.folder, fmt.Sprintf("siem.%d.jsonl", maxFiles-1)))
	if err != nil {
		t.Fatal(err)
	}
	defer oldest.Close()
	head := make([]byte, 7)
	if _, err := io.ReadFull(oldest, head); err != nil || string(head) != "file 3\n" {
		t.Errorf("the oldest begins with %q, %v", head, err)
	}
	if got := string(readFile(t, path)); got != "fresh\n" {
		t.Errorf("%.20q", got)
	}
}

// storage remembers objects and their keys.
type storage struct {
	sync.Mutex
	fail bool
	keys []string
	text map[string][]byte
	auth []string
}

func (s *storage) RoundTrip(q *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	s.Lock()
	defer s.Unlock()
	status, said := 200, ""
	if s.fail {
		status, said = 403, "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>"
	} else {
		s.keys = append(s.keys, q.Host+q.URL.EscapedPath())
		s.text[q.URL.Path] = text
		s.auth = append(s.auth, q.Header.Get("Authorization"))
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(said)), Request: q}, nil
}

func TestObjectsAreWrittenByTimeAndNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s3 := newMemory(), &storage{text: map[string][]byte{}}
		m.export(t, reeve.Outlet{Kind: reeve.S3Outlet, Sealed: []byte("secret"), Settings: reeve.OutletSettings{URL: "https://s3.example.org",
			Bucket: "logs", Prefix: "a b/", Region: "eu", AccessKey: "AK", Gzip: true, Every: 300, Devices: true}})
		defer run(t, m.sender(t, s3))()
		m.enrol("one")
		elapse := func(d time.Duration) { // what the test reads and writes is under the lock
			s3.Unlock()
			pass(d)
			s3.Lock()
		}
		s3.Lock()
		defer s3.Unlock()
		elapse(299 * time.Second)
		if len(s3.keys) != 0 {
			t.Fatalf("early: %v", s3.keys)
		}
		m.enrol("two")
		s3.fail = true
		elapse(2 * time.Second)
		if o := m.outlet(); o.LastError != "the storage answered 403 SignatureDoesNotMatch no" {
			t.Errorf("%+v", o.Flow)
		}
		s3.fail = false
		elapse(2 * time.Minute)
		if len(s3.keys) != 1 {
			t.Fatalf("%v", s3.keys)
		}
		m.delete(12_000)
		elapse(6 * time.Minute)
		if len(s3.keys) != 3 || !slices.IsSorted(s3.keys) {
			t.Fatalf("%v", s3.keys)
		}
		form := regexp.MustCompile(`^logs\.s3\.example\.org/a%20b/2000/01/01/20000101T\d{6}\.\d{6}Z-\d{12}-\d{6}\.jsonl\.gz$`)
		total := 0
		for path, packed := range s3.text {
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(path, err)
			}
			total += len(read(t, text))
		}
		if !form.MatchString(s3.keys[0]) || total != 2+1+12_000 {
			t.Errorf("%d lines in %v", total, s3.keys)
		}
		if want := "AWS4-HMAC-SHA256 Credential=AK/20000101/eu/s3/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="; !strings.HasPrefix(s3.auth[0], want) {
			t.Error(s3.auth[0])
		}
	})
}
