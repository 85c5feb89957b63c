package scan

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A yaraRig is Debian's yara with rules of ours.
type yaraRig struct {
	Yara
	runs atomic.Int32 // of either program

	mu   sync.Mutex
	last *exec.Cmd
}

func newYaraRig(t *testing.T, rules map[string]string) *yaraRig {
	r := &yaraRig{}
	r.Yara = Yara{Run: r.run, Rules: []string{tree(t, rules), filepath.Join(t.TempDir(), "absent")},
		Cache: filepath.Join(t.TempDir(), "cache"), Threads: 2}
	return r
}

func (r *yaraRig) run(ctx context.Context, program string, args []string, in *os.File, out, said io.Writer) error {
	r.runs.Add(1)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = out, said
	if in != nil {
		cmd.Stdin = in
	}
	r.mu.Lock()
	r.last = cmd
	err := cmd.Start()
	r.mu.Unlock()
	if err != nil {
		return err
	}
	return cmd.Wait()
}

// kill ends the program that was started last.
func (r *yaraRig) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last.Process.Kill()
}

func (r *yaraRig) scan(t *testing.T, o Options, paths ...string) Result {
	t.Helper()
	var roots []Root
	for _, path := range paths {
		roots = append(roots, Root{Path: path})
	}
	return Scan(t.Context(), []Engine{r.Engine()}, roots, o, nil)
}

const eicarRule = `rule Test_EICAR : test { strings: $a = "$EICAR-STANDARD-ANTIVIRUS" condition: $a at 27 }`

func TestYara(t *testing.T) {
	rig := newYaraRig(t, map[string]string{
		"eicar.yar":  eicarRule,
		"same.yara":  `rule Test_EICAR { strings: $a = "marker of ours" condition: $a }`, // a name twice
		"mute.yar":   `global rule never { condition: false } rule Muted { condition: true }`,
		"sly.yar":    `rule ` + doneName + ` { condition: false }`,
		"notes.txt":  "no rules",
		"broken.yar": "rule Fine { condition: true }\nrule Broken { condition: nobody }",
	})
	files := map[string]string{"eicar": eicar, "marked": "a marker of ours", "empty": "", "a \nr0:x b": eicar}
	for i := range 3 * maxHeld {
		files[fmt.Sprintf("many/%d", i)] = fmt.Sprint("clean ", i)
	}
	dir := tree(t, files)
	r := rig.scan(t, Options{}, dir)
	want := []string{"a \nr0:x b Test_EICAR", "eicar Test_EICAR", "marked Test_EICAR"}
	if got := threats(r); !reflect.DeepEqual(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	engine := r.Engines[0]
	if engine.Unavailable != nil || engine.Name != "yara" || engine.Version != "4.2.3" || engine.Judged != int64(len(files)) || len(engine.Missed) > 0 {
		t.Errorf("the engine says %+v, errors %+v", engine, r.Errors)
	}
	s := engine.Signatures
	if s.Count != 5 || len(s.Digest) != 64 || time.Since(s.Date) > time.Hour ||
		!reflect.DeepEqual(s.Sample, []Fault{{"broken.yar", 2, `undefined identifier "nobody"`}}) {
		t.Errorf("the rules are %+v", s)
	}

	t.Run("compiled once", func(t *testing.T) {
		before := rig.runs.Load()
		if again := rig.scan(t, Options{}, dir); !reflect.DeepEqual(again.Engines[0].Signatures, s) || len(again.Threats) != 3 {
			t.Errorf("the second pass says %+v", again.Engines[0])
		}
		if runs := rig.runs.Load() - before; runs != 2 { // for the version, and to scan
			t.Errorf("the second pass started %d programs", runs)
		}
	})
	t.Run("anew when they change", func(t *testing.T) {
		if err := os.Remove(filepath.Join(rig.Rules[0], "broken.yar")); err != nil {
			t.Fatal(err)
		}
		if s := rig.scan(t, Options{}, dir).Engines[0].Signatures; s.Count != 5 || s.Faults != 0 {
			t.Errorf("the rules are %+v", s)
		}
		if kept, err := os.ReadDir(rig.Cache); err != nil || len(kept) != 3 {
			t.Errorf("kept are %v, %v", kept, err)
		}
	})
}

func TestYaraIsAbsent(t *testing.T) {
	fine := map[string]string{"a.yar": eicarRule}
	noProgram := func(context.Context, string, []string, *os.File, io.Writer, io.Writer) error {
		return fmt.Errorf("yara is not installed: %w", os.ErrNotExist)
	}
	for name, tt := range map[string]struct {
		rules map[string]string
		run   func(context.Context, string, []string, *os.File, io.Writer, io.Writer) error
		want  string
	}{
		"no rules":   {map[string]string{"notes.txt": ""}, noProgram, "not set up here: there are no YARA rules"},
		"no program": {fine, noProgram, "yara cannot be used: yara is not installed"},
		"nothing but mistakes": {map[string]string{"a.yar": "rule", "b.yar": "\n\nrule b { condition: a }"}, nil,
			"the YARA rules cannot be used: a.yar"},
	} {
		t.Run(name, func(t *testing.T) {
			rig := newYaraRig(t, tt.rules)
			if tt.run != nil {
				rig.Run = tt.run
			}
			r := rig.scan(t, Options{}, tree(t, map[string]string{"file": eicar}))
			if err := r.Engines[0].Unavailable; err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A file that yara had when it died was not judged; the next ones are.
func TestYaraDies(t *testing.T) {
	rig := newYaraRig(t, map[string]string{"a.yar": eicarRule})
	x, err := rig.Engine().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	examine := func(content string) chan Verdict {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		if err := os.Remove(path); err != nil { // it is judged all the same
			t.Fatal(err)
		}
		answer := make(chan Verdict, 1)
		x.Examine(&File{File: file, Path: path, Size: int64(len(content))}, func(v Verdict) { answer <- v })
		return answer
	}
	for death := 1; ; death++ {
		if v := <-examine(eicar); death <= maxYaraDeaths {
			if len(v.Findings) != 1 || len(v.Missed) != 0 {
				t.Fatalf("start %d: %+v", death, v)
			}
		} else {
			if len(v.Missed) != 1 || !strings.Contains(v.Missed[0].Err.Error(), "failed 3 times") {
				t.Fatalf("after %d deaths: %+v", death-1, v)
			}
			break
		}
		rig.mu.Lock()
		rig.last.Process.Signal(syscall.SIGSTOP)
		rig.mu.Unlock()
		lost := examine(eicar)
		rig.kill()
		if v := <-lost; len(v.Missed) != 1 || len(v.Findings) != 0 {
			t.Fatalf("death %d: %+v", death, v)
		}
	}
	x.Close()
}

func TestYaraIsCalledOff(t *testing.T) {
	rig := newYaraRig(t, map[string]string{"a.yar": eicarRule})
	ctx, cancel := context.WithCancelCause(t.Context())
	files := map[string]string{}
	for i := range 100 {
		files[fmt.Sprint(i)] = "x"
	}
	dir := tree(t, files)
	open := func(in *os.File, name string, folder bool) (*os.File, error) {
		if name == "50" {
			rig.mu.Lock()
			rig.last.Process.Signal(syscall.SIGSTOP)
			rig.mu.Unlock()
			cancel(os.ErrDeadlineExceeded)
		}
		return openByPath(in, name, folder)
	}
	r := Scan(ctx, []Engine{rig.Engine()}, []Root{{Path: dir}}, Options{Open: open}, nil)
	if r.Roots[0].Stopped != os.ErrDeadlineExceeded {
		t.Errorf("got %+v", r)
	}
}

func TestYaraLooksIntoMemory(t *testing.T) {
	rig := newYaraRig(t, map[string]string{"a.yar": `rule Marker { strings: $a = "marker in memory" condition: $a }`})
	x, err := rig.Engine().Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ask := func(id int) Verdict {
		answer := make(chan Verdict, 1)
		x.(ProcessExaminer).ExamineProcess(&Process{ID: id}, func(v Verdict) { answer <- v })
		return <-answer
	}
	marked := exec.Command("sleep", "60", "marker in memory")
	marked.Args = []string{"sleep", "60s"}
	marked.Env = []string{"A=marker in memory"}
	if err := marked.Start(); err != nil {
		t.Fatal(err)
	}
	if v := ask(marked.Process.Pid); !reflect.DeepEqual(v, Verdict{Findings: []Finding{{Signature: "Marker"}}}) {
		t.Errorf("got %+v", v)
	}
	marked.Process.Kill()
	marked.Wait()
	if v := ask(marked.Process.Pid); len(v.Missed) != 1 {
		t.Errorf("of a process that has ended: %+v", v)
	}
}

// Whatever yara says, files are answered for once.
func TestListing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	name := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())
	done := doneRule + " " + name + "\n"
	for what, tt := range map[string]struct {
		out, said string
		err       error
		findings  []string
		missed    string
	}{
		"clean":                  {out: done},
		"a match":                {out: "r0:A " + name + "\nr1:B " + name + "\n" + done, findings: []string{"A", "B"}},
		"done twice":             {out: done + done},
		"another file":           {out: "r0:A /proc/1/fd/99\n" + done},
		"nothing":                {missed: "ended too early"},
		"half a line":            {out: done[:40], missed: "ended too early"},
		"a name that is none":    {out: "r0:\x1b " + name + "\n" + done},
		"a line without end":     {out: strings.Repeat("r", 3*maxOutputLine) + "\n" + done},
		"an error":               {said: "error scanning " + name + ": could not map file\n", missed: "could not map file"},
		"an error, then matches": {said: "error scanning " + name + ": late\n", out: done, missed: "late"},
		"a complaint":            {said: "error: internal error 4\n", err: io.ErrUnexpectedEOF, missed: "unexpected EOF: error: internal error 4"},
	} {
		t.Run(what, func(t *testing.T) {
			l := lister{ctx: t.Context(), run: func(_ context.Context, list *os.File, out, said io.Writer) error {
				list.Read(make([]byte, 100))
				io.WriteString(said, tt.said)
				io.WriteString(out, tt.out)
				return tt.err
			}}
			var got []Verdict
			answered := make(chan struct{})
			l.add(&File{File: file}, func(v Verdict) { got = append(got, v); close(answered) })
			<-answered
			l.close()
			var findings []string
			for _, f := range got[0].Findings {
				findings = append(findings, f.Signature)
			}
			missed := ""
			for _, m := range got[0].Missed {
				missed += m.Err.Error()
			}
			if len(got) != 1 || !slices.Equal(findings, tt.findings) || !strings.Contains(missed, tt.missed) || (missed == "") != (tt.missed == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
