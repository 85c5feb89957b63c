package proof

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reeve/client"
	"reeve/internal/console"
	"reeve/internal/swarm"
)

// A world is what the scenarios of e2e are told of the server that they play
// against.
type world struct {
	URL    string `json:"url"`
	Folder string `json:"folder"` // for pictures of what failed

	Operator string `json:"operator"` // the first one, an administrator
	Password string `json:"password"`

	First   string `json:"first"`   // the link at which that one chooses a password
	Careful login  `json:"careful"` // adds an authenticator app
	Second  login  `json:"second"`  // may do what the first one does

	Client  oauthApp `json:"client"`  // with all scopes, for client_credentials
	Gateway oauthApp `json:"gateway"` // asks operators to agree

	Pages  []string `json:"pages"`  // patterns of the paths of all pages of the console
	Marked traces   `json:"marked"` // where a vandal wrote markup
}

// traces are what a vandal left.
type traces struct {
	Device string   `json:"device"` // id of the one that lies
	Texts  []string `json:"texts"`
}

type login struct {
	Operator string `json:"operator"`
	Password string `json:"password"`
}

type oauthApp struct {
	Name     string `json:"name"`
	ID       string `json:"id"`
	Secret   string `json:"secret"`
	Redirect string `json:"redirect"`
}

// crowdSize is how many devices the console acts on.
const crowdSize = 500

// TestBrowser plays the scenarios of e2e in Chromium: people at the console of a
// server with simulated devices.
func TestBrowser(t *testing.T) {
	t.Parallel()
	s := newBrowsed(t).start()
	muster(t, s, crowdSize, fleet())
	play(t, s, "", newWorld(t, s))
}

// fleet is the usual mixture, but that nobody is away: an order ends soon.
func fleet() swarm.Fleet {
	f := swarm.DefaultFleet()
	for i := range f.Kinds {
		f.Kinds[i].Offline = 0
	}
	return f
}

// newBrowsed prepares a server that browsers reach by name, since passkeys know
// none that are numbers.
func newBrowsed(t testing.TB) *server {
	t.Helper()
	s := newServer(t)
	_, port, err := net.SplitHostPort(s.listen)
	must(t, err)
	s.more = []string{"--public", "https://localhost:" + port}
	return s
}

// newWorld makes the apps and tells what there is.
func newWorld(t testing.TB, s *server) world {
	t.Helper()
	w := world{URL: s.first.URL, Folder: pictures(t), Operator: s.first.Operator, Password: s.first.Password, First: s.first.Console, Marked: vandalise(t, s)}
	for who, name := range map[*login]string{&w.Careful: "careful", &w.Second: "second"} {
		made, err := s.own.CreateOperator(t.Context(), client.NewOperator{Name: name, Scopes: []string{"read", "write", "admin"}})
		must(t, err)
		*who = login{name, made.Password}
	}
	for _, r := range console.Routes(console.Config{}).Routes {
		if r.Method == "GET" && !slices.Contains(notPages, r.Path) {
			w.Pages = append(w.Pages, r.Path)
		}
	}
	for app, n := range map[*oauthApp]client.NewApp{
		&w.Client:  {Name: "Nightly tidy", Scopes: []string{"read", "write"}},
		&w.Gateway: {Name: "Gateway", Scopes: []string{"read", "write"}, RedirectURIs: []string{"http://127.0.0.1:1/back"}},
	} {
		made, err := s.own.CreateApp(t.Context(), n)
		must(t, err)
		*app = oauthApp{n.Name, made.ClientID, made.ClientSecret, strings.Join(n.RedirectURIs, "")}
	}
	return w
}

// notPages are what a browser fetches from the console for pages, or to keep,
// the way to a provider, and where only somebody's own link leads.
var notPages = strings.Fields(`
	/console/static/{hash}/{name} /console/{rest...}
	/console/sso/begin /console/sso/return /console/me/link /console/first/{secret}
	/console/devices/count /console/devices/more /console/devices/export /console/devices/{id}/live /console/groups/{id}/summary /console/groups/counted /console/overview/sum
	/console/log/export /console/log/verify /console/log/rows /console/jobs/live /console/jobs/{id}/live /console/jobs/{id}/results /console/jobs/{id}/results.csv /console/commands/{id}/report /console/approvals/{id}/check
`)

// pictures makes the folder for pictures of what failed. It stays if the test
// fails.
func pictures(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "reeve-browser-")
	must(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(dir)
		}
	})
	return dir
}

// play plays the scenarios whose names match a pattern.
func play(t *testing.T, s *server, pattern string, w world) {
	t.Helper()
	dir := filepath.Join("..", "..", "e2e")
	// A cached result must not outlive a change of what node reads.
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err == nil && !entry.IsDir() {
			_, err = os.ReadFile(filepath.Join(dir, path))
		}
		return err
	}))
	told, err := json.Marshal(w)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "run.mjs", pattern)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, cleanEnvironment("REEVE_E2E="+string(told), "NODE_EXTRA_CA_CERTS="+s.root()), newTranscript(t, "node")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the scenarios ended with %v; make needs what is missing: scripts/need.sh and scripts/npm.sh of the Makefile", err)
	}
}
