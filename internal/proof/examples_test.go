package proof

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/doortest"
	"reeve/internal/swarm"
)

const transcripts = "../../docs/api/examples"

var update = flag.Bool("update", false, "write answers into the transcripts of docs/api/examples")

// TestExamples runs the transcripts of the documentation, each in a shell of its
// own, against a server with the devices that their README tells of. An answer
// in them is a pattern: `...` is anything, and times, ids and other numbers of
// the server's making stand for others of their kind.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	for n := range exampleFleet().Kinds { // one after the other, so that lists have one order
		c := muster(t, s, n+1, exampleFleet())
		if n+1 < len(exampleFleet().Kinds) {
			c.stop()
		}
	}
	_, err := s.own.Import(t.Context(), client.Import{Devices: []client.NewDevice{{Hostname: "printer", MACs: []string{"00:0c:29:cd:c7:b2"}}}})
	must(t, err)
	address, authority := held(t, s)
	environment := append(cleanEnvironment(), "URL="+address, "CA="+authority,
		"ID="+s.first.ClientID, "SECRET="+s.first.ClientSecret, "CODE="+s.first.RegistrationCode, "PASSWORD="+s.first.Password)
	for _, d := range s.devices() {
		environment = append(environment, strings.ToUpper(d.Hostname)+"="+d.ID)
	}
	files, err := filepath.Glob(filepath.Join(transcripts, "*.md"))
	must(t, err)
	preamble := preambleOf(t)
	for _, file := range files {
		if filepath.Base(file) == "README.md" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".md"), func(t *testing.T) {
			sh := newShell(t, environment)
			if out := sh.run(preamble); out != "" {
				t.Fatalf("the preamble says %s", out)
			}
			follow(t, file, sh)
		})
	}
}

// held returns where the server can be reached with every answer of its own API
// held against docs/api/openapi.json on the way, and the certificate to trust.
func held(t *testing.T, s *server) (address, authority string) {
	t.Helper()
	target, err := url.Parse(s.first.URL)
	must(t, err)
	way := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport: s.web.Transport, FlushInterval: -1,
	}
	front := httptest.NewTLSServer(doortest.NewContract().Hold(t, way))
	t.Cleanup(front.Close)
	trusted, err := os.ReadFile(filepath.Join(s.data, "keys", "root.crt")) // links lead to the server itself
	must(t, err)
	trusted = append(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})...)
	authority = filepath.Join(t.TempDir(), "trusted.crt")
	must(t, os.WriteFile(authority, trusted, 0o600))
	return front.URL, authority
}

// exampleFleet is a laptop, a server and a phone, that do at once what they are told.
func exampleFleet() swarm.Fleet {
	kind := func(name, agent, system, version, os, osVersion, kind string, actions ...string) swarm.Kind {
		return swarm.Kind{
			Name: name, Share: 1, Agent: agent, System: system, Version: version, Hostname: name, Actions: actions,
			Facts: swarm.Facts{OSName: os, OSVersion: osVersion, Architecture: "amd64", Type: kind},
			Work:  map[string]swarm.Work{"scan_threats": {Min: time.Second, Max: time.Second, Threats: 1}},
		}
	}
	all := []string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats"}
	return swarm.Fleet{Kinds: []swarm.Kind{
		kind("laptop", "persistent", "windows", "7.6.401.0", "Windows 11 Pro", "10.0.26100", "laptop", all...),
		kind("server", "persistent", "linux", "26.11.0.0", "Debian GNU/Linux", "13.1", "server", all...),
		kind("phone", "mobile", "ios", "4.2.18.0", "iOS", "18.5", "phone", "re-identify"),
	}}
}

// follow runs a file's commands and holds the answers against it. Lines of its
// blocks of code that begin with "$ " are commands, "> " goes on with them, and
// what follows is the answer.
func follow(t *testing.T, file string, sh *shell) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for i := 0; i < len(lines); {
		command, isCommand := strings.CutPrefix(lines[i], indent+"$ ")
		fmt.Fprintln(&out, lines[i])
		if i++; !isCommand {
			continue
		}
		for ; i < len(lines) && strings.HasPrefix(lines[i], indent+"> "); i++ {
			fmt.Fprintln(&out, lines[i])
			command += "\n" + strings.TrimPrefix(lines[i], indent+"> ")
		}
		var wanted []string
		for ; i < len(lines) && strings.HasPrefix(lines[i], indent) && !strings.HasPrefix(lines[i], indent+"$ "); i++ {
			wanted = append(wanted, strings.TrimPrefix(lines[i], indent))
		}
		want, got := strings.Join(wanted, "\n"), sh.run(command)
		if !pattern(want).MatchString(got) {
			if !*update {
				t.Errorf("%s\nis answered with\n%s\nwant\n%s", command, got, want)
			}
			want = mask(got)
		}
		if want != "" {
			fmt.Fprintln(&out, indent+strings.ReplaceAll(want, "\n", "\n"+indent))
		}
	}
	if *update {
		must(t, os.WriteFile(file, []byte(out.String()), 0o644))
	}
}

const indent = "    "

// masks are what a transcript does not show: secrets, and what differs each time.
var masks = []struct{ is, shown string }{
	{`"(access_token|refresh_token|access_key|client_id|client_secret|password|code|registration_code|hint|next|next_token|resume)":"[^"]+"`, `"$1":"..."`},
	{`"(seq|rows|checkpoints|behind)":\d+`, `"$1":...`},
	{`\b[A-Z0-9]{48}\b`, `...`},
	{`127\.0\.0\.1:\d+`, `127.0.0.1:8443`},
}

func mask(answer string) string {
	for _, m := range masks {
		answer = regexp.MustCompile(m.is).ReplaceAllString(answer, m.shown)
	}
	return answer
}

// kinds are what the server makes up: times, ids and digests, numbers of rows
// and milliseconds, addresses. The first one that fits counts.
var kinds = []struct{ is, stands string }{
	{`\.\.\.`, `(?s:.*?)`},
	{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`},
	{`127\.0\.0\.1:\d+`, `127\.0\.0\.1:\d+`},
	{`\b[0-9a-f]{64}\b`, `[0-9a-f]{64}`},
	{`\b[0-9a-f]{32}\b`, `[0-9a-f]{32}`},
	{`\b[0-9a-f]{24}\b`, `[0-9a-f]{24}`},
	{`\b[0-9a-f]{16}\b`, `[0-9a-f]{16}`},
	{`\b\d{13}\b`, `\d{13}`},
}

// pattern is the answers that a transcript's answer stands for.
func pattern(answer string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	for answer != "" {
		first, length, stands := len(answer), 0, ""
		for _, k := range kinds {
			if at := regexp.MustCompile(k.is).FindStringIndex(answer); at != nil && at[0] < first {
				first, length, stands = at[0], at[1]-at[0], k.stands
			}
		}
		b.WriteString(regexp.QuoteMeta(answer[:first]) + stands)
		answer = answer[first+length:]
	}
	return regexp.MustCompile(b.String() + "$")
}

// A shell runs one command after the other, which leave each other variables.
type shell struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

const endMark = "the command has ended"

func newShell(t *testing.T, environment []string) *shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc")
	cmd.Dir, cmd.Env = t.TempDir(), environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &shell{t, in, bufio.NewReader(out)}
}

// run runs a command and returns what it writes.
func (s *shell) run(command string) string {
	s.t.Helper()
	_, err := fmt.Fprintf(s.in, "{ %s\n} 2>&1 </dev/null; printf '\\n%%s\\n' %q\n", command, endMark)
	must(s.t, err)
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		must(s.t, err)
		if line == endMark+"\n" {
			return strings.Trim(out.String(), "\n")
		}
		out.WriteString(line)
	}
}

// preambleOf returns what the README of the transcripts has them begin with.
func preambleOf(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(transcripts, "README.md"))
	must(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, indent); ok {
			lines = append(lines, code)
		}
	}
	if len(lines) == 0 {
		t.Fatal("the README of the transcripts has no preamble")
	}
	return strings.Join(lines, "")
}

// The server shows the documentation to everybody.
func TestDocumentationIsShown(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	for path, want := range map[string]int{"/docs/": 200, "/docs/api/coverage": 200, "/docs/style.css": 200, "/docs/nothing": 404} {
		if status, body := s.get(path); status != want || status == 200 && len(body) < 1000 {
			t.Errorf("%s is answered with %d and %d bytes", path, status, len(body))
		}
	}
}

// What a pattern stands for.
func TestExamplePatterns(t *testing.T) {
	t.Parallel()
	id, other := strings.Repeat("ab", 16), strings.Repeat("01", 16)
	object := func(v ...any) string { b, err := json.Marshal(v); must(t, err); return string(b) }
	for want, got := range map[string]string{
		object(id, 1): object(other, 1), object("2026-11-22T00:00:00Z"): object("2031-01-02T03:04:05.678901Z"),
		`{"a":"...","b":1}`: `{"a":"x\"y","b":1}`, "": "", "...": "two\nlines",
	} {
		if !pattern(want).MatchString(got) {
			t.Errorf("%s does not stand for %s", want, got)
		}
	}
	for want, got := range map[string]string{
		object(id, 1): object(other, 2), object(id): object(other[1:]), `{"a":"...","b":1}`: `{"a":"x"}`, "": "x", "a.c": "abc",
	} {
		if pattern(want).MatchString(got) {
			t.Errorf("%s stands for %s", want, got)
		}
	}
}

// Every family of the reference has a transcript, and there are no others.
func TestEveryFamilyHasATranscript(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(transcripts)
	must(t, err)
	var files []string
	for _, e := range entries {
		files = append(files, e.Name())
	}
	pages, err := os.ReadDir(filepath.Join(transcripts, "../reference"))
	must(t, err)
	for _, p := range pages {
		if !slices.Contains(files, p.Name()) {
			t.Errorf("docs/api/examples has no %s", p.Name())
		}
	}
	for _, name := range files {
		if !slices.ContainsFunc(pages, func(p os.DirEntry) bool { return p.Name() == name }) {
			t.Errorf("docs/api/examples/%s is of no family", name)
		}
	}
}
