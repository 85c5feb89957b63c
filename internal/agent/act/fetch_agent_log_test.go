package act

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}

func TestFetchLog(t *testing.T) {
	state := t.TempDir()
	newest, oldest := filepath.Join(state, "agent.log"), filepath.Join(state, "agent.1.log")
	for path, text := range map[string]string{newest: "new\n", oldest: "old\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := &fakeHost{
		state: state,
		logs:  []string{newest, oldest, filepath.Join(state, "rotated away")},
		notes: map[string]any{"settings.json": map[string]string{"server": "x"}, "facts.json": []int{1}},
	}
	var report logReport
	o := run(t, h, "fetch_agent_log", "", &report)
	if !o.OK {
		t.Fatalf("failed: %s", o.Message)
	}
	want := map[string]string{
		"settings.json": "{\n  \"server\": \"x\"\n}\n", "facts.json": "[\n  1\n]\n",
		"logs/agent.log": "new\n", "logs/agent.1.log": "old\n",
	}
	if got := unpack(t, o.Upload); !reflect.DeepEqual(got, want) {
		t.Errorf("archive holds %q, want %q", got, want)
	}
	archive, err := os.ReadFile(o.Upload)
	if err != nil {
		t.Fatal(err)
	}
	wantReport := logReport{"agent_log.zip", int64(len(archive)), fmt.Sprintf("%x", sha256.Sum256(archive)),
		[]entry{{"facts.json", 8, false}, {"settings.json", 20, false}, {"logs/agent.log", 4, false}, {"logs/agent.1.log", 4, false}}}
	if !reflect.DeepEqual(report, wantReport) {
		t.Errorf("report %+v, want %+v", report, wantReport)
	}
	if info, err := os.Stat(o.Upload); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the archive has mode %v, %v", info.Mode(), err)
	}
	// Again, as after a crash: the same file, of which a part may have arrived.
	h.notes["facts.json"] = []int{2}
	if again := run(t, h, "fetch_agent_log", "", nil); !reflect.DeepEqual(again, o) || unpack(t, o.Upload)["facts.json"] != "[\n  1\n]\n" {
		t.Errorf("run again it ended as %+v, before as %+v", again, o)
	}
	// One that was not complete, or was damaged, is made anew.
	if err := os.Truncate(o.Upload, 100); err != nil {
		t.Fatal(err)
	}
	if again := run(t, h, "fetch_agent_log", "", nil); !again.OK || unpack(t, o.Upload)["facts.json"] != "[\n  2\n]\n" {
		t.Errorf("of a damaged archive came %+v", again)
	}
}

// The oldest logs go first, and of the one that does not fit the end is kept.
func TestFetchLogIsBounded(t *testing.T) {
	state := t.TempDir()
	var logs []string
	for i, text := range []string{strings.Repeat("n", 97), "o, cut: end", "never"} {
		path := filepath.Join(state, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, path)
	}
	path := filepath.Join(state, "archive")
	report, err := pack(t.Context(), path, nil, logs, 100)
	want := []entry{{"logs/0", 97, false}, {"logs/1", 3, true}}
	if err != nil || !reflect.DeepEqual(report.Files, want) {
		t.Errorf("packed %+v, %v, want %+v", report.Files, err, want)
	}
	if got := unpack(t, path)["logs/1"]; got != "end" {
		t.Errorf("of the last log %q was kept, want its end", got)
	}
}

func TestFetchLogLeavesNothingBehind(t *testing.T) {
	state := t.TempDir()
	refused(t, &fakeHost{state: state}, "fetch_agent_log", "", "keeps no log")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the agent stops"))
	h := &fakeHost{state: state, logs: []string{"/dev/null"}}
	o := Run(ctx, h, Task{Command: "c2", Action: "fetch_agent_log"}, nil)
	if o.OK || o.Message != "stopped before the end: the agent stops" {
		t.Errorf("ended with %+v", o)
	}
	if left, _ := filepath.Glob(filepath.Join(state, "uploads", "*")); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

// Whatever the logs hold, an archive is hardly larger than what went into it.
func TestFetchLogOfNoise(t *testing.T) {
	const most = 1 << 20
	noise := make([]byte, most+1<<10)
	rand.Read(noise)
	dir := t.TempDir()
	path := filepath.Join(dir, "agent.log")
	if err := os.WriteFile(path, noise, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := pack(t.Context(), filepath.Join(dir, "archive"), nil, []string{path}, most)
	if err != nil || report.Size > most+most/32 || !report.Files[0].Cut {
		t.Errorf("packed %+v, %v", report, err)
	}
}

func TestFetchLogIsCutAtTheLimit(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, "agent.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, MaxLogs+1); err != nil { // zeros, which are quickly packed
		t.Fatal(err)
	}
	var report logReport
	o := run(t, &fakeHost{state: state, logs: []string{path}}, "fetch_agent_log", "", &report)
	if want := []entry{{"logs/agent.log", MaxLogs, true}}; !o.OK || !reflect.DeepEqual(report.Files, want) {
		t.Errorf("ended as %q with %+v, want %+v", o.Message, report.Files, want)
	}
}
