// Package depot hands out the agent's packages that lie in a folder of the
// server, as `make dist` makes them, so that a machine can be given an agent by
// one line and without another server. It imports nothing of Reeve.
package depot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Prefix is where the packages are.
const Prefix = "/downloads/"

// A Package is one file with an agent.
type Package struct {
	File   string
	System string // "debian", "fedora", "linux", "macos" or "windows"
	Arch   string // "amd64" or "arm64"
	Folder string // that an archive unpacks to; empty for what a package manager takes
	SHA256 string // hex
}

// A form is how packages of a system are named.
type form struct {
	system string
	name   *regexp.Regexp
}

// forms are the names that packages have; the architecture is the last group,
// and that before it the name of what an archive unpacks to.
var forms = []form{
	{"debian", regexp.MustCompile(`^(reeve-agent_[0-9A-Za-z.+~-]+)_(amd64|arm64)\.deb$`)},
	{"fedora", regexp.MustCompile(`^(reeve-agent-[0-9A-Za-z.+~-]+)\.(x86_64|aarch64)\.rpm$`)},
	{"linux", regexp.MustCompile(`^(reeve-agent-[0-9A-Za-z.+~-]+-linux-(amd64|arm64))\.tar\.gz$`)},
	{"macos", regexp.MustCompile(`^(reeve-agent-[0-9A-Za-z.+~-]+-macos-(amd64|arm64))\.tar\.gz$`)},
	{"windows", regexp.MustCompile(`^(reeve-agent-[0-9A-Za-z.+~-]+-windows-(amd64|arm64))\.zip$`)},
}

var arches = map[string]string{"x86_64": "amd64", "aarch64": "arm64"}

// A Depot is a folder with packages.
type Depot struct {
	dir string

	mu   sync.Mutex
	sums map[string]sum // by name of the file
}

// A sum holds as long as the file has this size and time.
type sum struct {
	size    int64
	changed time.Time
	sha256  string
}

// Open returns the depot over a folder, which need not be there.
func Open(dir string) *Depot { return &Depot{dir: dir, sums: map[string]sum{}} }

// Packages returns the packages that are there, of several versions of one kind
// the one that was put there last, in the order of systems.
func (d *Depot) Packages() ([]Package, error) {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	newest := map[[2]string]Package{}
	times := map[[2]string]time.Time{}
	for _, entry := range entries {
		p, ok := parse(entry.Name())
		info, err := entry.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue
		}
		key := [2]string{p.System, p.Arch}
		if info.ModTime().Before(times[key]) {
			continue
		}
		if p.SHA256, err = d.sum(p.File, info); err != nil {
			return nil, err
		}
		newest[key], times[key] = p, info.ModTime()
	}
	var all []Package
	for _, form := range forms {
		for _, arch := range []string{"amd64", "arm64"} {
			if p, ok := newest[[2]string{form.system, arch}]; ok {
				all = append(all, p)
			}
		}
	}
	return all, nil
}

func parse(name string) (Package, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.name.MatchString(name) })
	if i < 0 {
		return Package{}, false
	}
	parts := forms[i].name.FindStringSubmatch(name)
	p := Package{File: name, System: forms[i].system, Arch: parts[2]}
	if arch, ok := arches[p.Arch]; ok {
		p.Arch = arch
	}
	if strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".zip") {
		p.Folder = parts[1]
	}
	return p, true
}

func (d *Depot) sum(name string, info fs.FileInfo) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.sums[name]; ok && known.size == info.Size() && known.changed.Equal(info.ModTime()) {
		return known.sha256, nil
	}
	file, err := os.OpenInRoot(d.dir, name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	fresh := sum{info.Size(), info.ModTime(), hex.EncodeToString(hash.Sum(nil))}
	d.sums[name] = fresh
	return fresh.sha256, nil
}

// ServeHTTP hands out one package; everything else in the folder is not there.
func (d *Depot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Prefix)
	if _, ok := parse(name); !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	file, err := os.OpenInRoot(d.dir, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, info.ModTime(), file)
}
