package cmapi_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"reeve/internal/doortest"
)

var update = flag.Bool("update", false, "write what the server answers into testdata; read the difference before you keep it")

// TestGolden plays the pairs of testdata/<segment>/*.txtar against the fleet of
// fleet_test.go. Each file begins with the page that it holds against us. In a
// request {name} is a device's id, {name.mac} its address, and so on; in an
// answer they stand for the same, and {command}, {job}, {time}, {clock}, {day}, {request}, {code},
// {mark} and {token} for what no test can know.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden pairs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(archive.Comment, []byte("Source: ")) {
				t.Error("the first line does not name the page that this comes from")
			}
			g := golden{fleet: openFleet(t, doortest.Options{})}
			if strings.HasPrefix(file, "testdata/oauth/") {
				g.fleet.addGateway(t)
			}
			if strings.HasSuffix(file, "/action_approval.txtar") {
				g.fleet.limit(t, 2)
			}
			for i := 0; i+1 < len(archive.Files); i += 2 {
				request, answer := archive.Files[i], &archive.Files[i+1]
				if request.Name != "request" || answer.Name != "answer" {
					t.Fatalf("%s and %s are not a request and its answer", request.Name, answer.Name)
				}
				got := g.play(t, string(request.Data), headersOf(string(answer.Data)))
				if *update {
					answer.Data = []byte(got)
				} else if diff := cmp.Diff(string(answer.Data), got); diff != "" {
					t.Errorf("answer %d (-want +got):\n%s", i/2+1, diff)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A golden is one file being played.
type golden struct {
	fleet *fleet
	next  string // the last next_token
}

var (
	commandPattern = regexp.MustCompile(`\b[0-9a-f]{24}\b`)
	jobPattern     = regexp.MustCompile(`\b[0-9a-f]{16}\b`)
	timePattern    = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	clockPattern   = regexp.MustCompile(`"\d\d:\d\d [AP]M `)
	dayPattern     = regexp.MustCompile(`"\d{4}/\d\d/\d\d"`)
	tokenPattern   = regexp.MustCompile(`\b[A-Z0-9]{48}\b`)
	codePattern    = regexp.MustCompile(`\b[A-Z0-9]{2}…`)
	requestPattern = regexp.MustCompile(`"request_id":"[0-9a-f]{16}"`)
	markPattern    = regexp.MustCompile(`/[0-9a-f]{32}/remediation\.html`)
	nextPattern    = regexp.MustCompile(`"next_token":"([^"]+)"`)
	stylePattern   = regexp.MustCompile(`(?s)<style>.*</style>`)
	styleHash      = regexp.MustCompile(`'sha256-[^']*'`)
)

// secretPatterns find what the next request of a file may send: {agreement},
// {grant}, {refresh} and {resume}, and with .before behind it the one before.
var secretPatterns = map[string]*regexp.Regexp{
	"agreement": regexp.MustCompile(`name="agreement" value="([A-Z0-9]{48})"`),
	"grant":     regexp.MustCompile(`[?&]code=([A-Z0-9]{48})`),
	"refresh":   regexp.MustCompile(`"refresh_token":"([A-Z0-9]{48})"`),
	"resume":    regexp.MustCompile(`"resume":"([\w-]+)"`), // unless it is {next}
}

// remember takes the secrets out of an answer.
func (g *golden) remember(answer string) {
	for name, pattern := range secretPatterns {
		if m := pattern.FindStringSubmatch(answer); m != nil {
			if was, ok := g.fleet.names[name]; ok {
				g.fleet.names[name+".before"] = was
			}
			g.fleet.names[name] = m[1]
		}
	}
}

// play makes a request and writes its answer the way the files hold it: the
// status, the headers that were asked for, and the body.
func (g *golden) play(t *testing.T, text string, headers []string) string {
	t.Helper()
	text = g.fleet.fill(strings.ReplaceAll(text, "{next}", g.next))
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("%q is not a request", lines[0])
	}
	set := append(lines[1:], "Authorization: Bearer "+g.fleet.Token)
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, "Authorization:") || strings.HasPrefix(target, "/o/oauth") {
			set = lines[1:]
		}
	}
	answer := g.fleet.Ask(method, target, strings.TrimSuffix(body, "\n"), set...).Result()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := string(raw)
	if m := nextPattern.FindStringSubmatch(out); m != nil {
		g.next = m[1]
		out = strings.ReplaceAll(out, m[1], "{next}")
	}
	g.remember(answer.Header.Get("Location") + out)
	out = stylePattern.ReplaceAllString(out, "<style>{style}</style>")
	out = requestPattern.ReplaceAllString(out, `"request_id":"{request}"`)
	out = markPattern.ReplaceAllString(out, "/{mark}/remediation.html")
	out = g.fleet.strip(out)
	out = commandPattern.ReplaceAllString(out, "{command}")
	out = jobPattern.ReplaceAllString(out, "{job}")
	out = timePattern.ReplaceAllString(out, "{time}")
	out = clockPattern.ReplaceAllString(out, `"{clock} `)
	out = dayPattern.ReplaceAllString(out, `"{day}"`)
	out = codePattern.ReplaceAllString(out, "{code}")
	out = tokenPattern.ReplaceAllString(out, "{token}")
	shown := styleHash.ReplaceAllString(g.fleet.strip(shownHeaders(answer.Header, headers)), "{style}")
	return fmt.Sprintf("%d\n%s\n%s\n", answer.StatusCode, shown, out)
}

// headersOf returns the names of the headers that an answer in a file has.
func headersOf(answer string) []string {
	head, _, _ := strings.Cut(answer, "\n\n")
	var names []string
	for _, line := range strings.Split(head, "\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}

func shownHeaders(all http.Header, names []string) string {
	if !slices.Contains(names, "Content-Type") {
		names = append([]string{"Content-Type"}, names...)
	}
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\n", name, all.Get(name))
	}
	return b.String()
}
