package scan

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// eicar is put together here so that no file of the project holds it.
var eicar = strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}`, `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!`, `H+H*`}, "$")

// tree writes files below a new folder. A name that ends in a slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := dir + "/" + name
		if err := os.MkdirAll(path[:strings.LastIndex(path, "/")], 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// scanWith runs one pass with the built-in engine over the given paths.
func scanWith(t *testing.T, signatures string, o Options, paths ...string) Result {
	t.Helper()
	return scanUntil(t.Context(), signatures, o, paths...)
}

func scanUntil(ctx context.Context, signatures string, o Options, paths ...string) Result {
	var roots []Root
	for _, path := range paths {
		roots = append(roots, Root{Path: path})
	}
	return Scan(ctx, []Engine{BuiltIn([]string{signatures}, nil)}, roots, o, nil)
}

func signaturesOf(t *testing.T, folder string) Signatures {
	t.Helper()
	s, _, err := load([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// threats returns "name signature" for each threat, ordered.
func threats(r Result) []string {
	var out []string
	for _, threat := range r.Threats {
		out = append(out, filepath.Base(threat.Path)+" "+threat.Signature)
	}
	slices.Sort(out)
	return out
}

func TestIsEICAR(t *testing.T) {
	tests := map[string]struct {
		content string
		want    bool
	}{
		"the 68 bytes":         {eicar, true},
		"a line end":           {eicar + "\r\n", true},
		"white space to 128":   {eicar + strings.Repeat(" \t\n\r\x1a ", 10), true},
		"white space to 129":   {eicar + strings.Repeat(" ", 61), false},
		"a letter behind":      {eicar + "\nx", false},
		"a byte short":         {eicar[:67], false},
		"not at the beginning": {" " + eicar, false},
		"another case":         {strings.ToLower(eicar), false},
		"nothing":              {"", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isEICAR([]byte(tt.content)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFindsEICARWithoutSignatures(t *testing.T) {
	dir := tree(t, map[string]string{"a/b/test.com": eicar + "\n", "a/clean": "nothing here", "empty": "", "folder/": ""})
	r := scanWith(t, filepath.Join(dir, "no such folder"), Options{}, dir)

	want := Threat{
		Path:      filepath.Join(dir, "a/b/test.com"),
		Signature: "Eicar-Test-Signature",
		Engine:    "builtin",
		Size:      69,
		SHA256:    fmt.Sprintf("%x", sha256.Sum256([]byte(eicar+"\n"))),
		MD5:       fmt.Sprintf("%x", md5.Sum([]byte(eicar+"\n"))),
	}
	if len(r.Threats) != 1 || r.Threats[0] != want {
		t.Errorf("threats %+v, want only %+v", r.Threats, want)
	}
	counts := Counts{Files: 3, Bytes: 81, BytesRead: 81, Directories: 4, Threats: 1}
	if r.Counts != counts {
		t.Errorf("counts %+v, want %+v", r.Counts, counts)
	}
	if s := r.Engines[0].Signatures; s.Count != 1 || s.Digest != "" || s.Faults != 0 {
		t.Errorf("signatures %+v, want EICAR alone", s)
	}
}

func TestFindsHashes(t *testing.T) {
	content := func(kind string) string { return "the content of " + kind }
	sum := func(kind string, of any) string { return fmt.Sprintf("%x:%d:%s", of, len(content(kind)), kind) }
	md := md5.Sum([]byte(content("md5.hdb")))
	signatures := tree(t, map[string]string{
		"lists.hdb": "# a comment\n\n" +
			sum("md5.hdb", md) + "\r\n" +
			fmt.Sprintf("%x:*:wild.hdb:73\n", md5.Sum([]byte(content("wild.hdb")))) +
			fmt.Sprintf("%x:9:wrong.size\n", md5.Sum([]byte(content("other size")))),
		"lists.HSB": sum("sha1.hsb", sha1.Sum([]byte(content("sha1.hsb")))) + ":73:255\n" +
			sum("sha256.hsb", sha256.Sum256([]byte(content("sha256.hsb")))), // no line end
		"notes.txt":   "not a signature file",
		"folder.hdb/": "",
	})
	dir := tree(t, map[string]string{
		"1": content("md5.hdb"), "2": content("wild.hdb"), "3": content("sha1.hsb"),
		"4": content("sha256.hsb"), "5": content("other size"), "6": content("none of all"),
	})
	r := scanWith(t, signatures, Options{}, dir)
	if s := r.Engines[0].Signatures; s.Count != 6 || s.Faults != 0 || len(s.Digest) != 64 {
		t.Errorf("signatures %+v, want 6 without faults", s)
	}
	want := []string{"1 md5.hdb", "2 wild.hdb", "3 sha1.hsb", "4 sha256.hsb"}
	if got := threats(r); !slices.Equal(got, want) {
		t.Errorf("threats %q, want %q", got, want)
	}
	if r.Threats[0].SHA256 == "" || r.Threats[0].MD5 == "" {
		t.Errorf("a threat lacks digests: %+v", r.Threats[0])
	}
}

// Only files whose size some signature has are read beyond their heads.
func TestReadsOnlySizesThatOccur(t *testing.T) {
	large := strings.Repeat("x", 100_000)
	dir := tree(t, map[string]string{"large": large, "larger": large + "y"})
	signatures := tree(t, map[string]string{"l.hdb": fmt.Sprintf("%x:%d:Large\n", md5.Sum([]byte(large)), len(large))})
	r := scanWith(t, signatures, Options{}, dir)
	want := Counts{Files: 2, Bytes: 200_001, BytesRead: 100_000 + headBytes, Directories: 1, Threats: 1}
	if r.Counts != want {
		t.Errorf("counts %+v, want %+v", r.Counts, want)
	}
}

func TestBadSignaturesAreTold(t *testing.T) {
	signatures := tree(t, map[string]string{"bad.hdb": strings.Join([]string{
		"no colons",
		"d41d8cd98f00b204e9800998ecf8427e:0:Good.One",
		"d41d8cd98f00b204e9800998ecf8427e:-1:Negative",
		strings.Repeat("a", maxLineLen+10),
		"d41d8cd98f00b204e9800998ecf8427g:1:Not.Hex",
		"d41d8cd98f00b204e9800998ecf8427e:1:Good.Two",
		"d41d8cd98f00b204e9800998ecf8427e:1:",
	}, "\n")})
	want := []Fault{
		{"bad.hdb", 1, errFields.Error()},
		{"bad.hdb", 3, errSize.Error()},
		{"bad.hdb", 4, errLong.Error()},
		{"bad.hdb", 5, errDigest.Error()},
		{"bad.hdb", 7, errName.Error()},
	}
	s := signaturesOf(t, signatures)
	if s.Count != 3 || s.Faults != 5 || !slices.Equal(s.Sample, want) {
		t.Errorf("got %+v, want 3 signatures and the faults %+v", s, want)
	}
}

func TestDigestFollowsTheFiles(t *testing.T) {
	digest := func(files map[string]string) string { return signaturesOf(t, tree(t, files)).Digest }
	line := "d41d8cd98f00b204e9800998ecf8427e:0:Empty\n"
	one := digest(map[string]string{"a.hdb": line})
	if one != digest(map[string]string{"a.hdb": line, "unrelated": "x"}) {
		t.Error("the same signature files gave two digests")
	}
	if one == digest(map[string]string{"a.hdb": line + line}) || one == digest(map[string]string{"b.hdb": line}) {
		t.Error("other signature files gave the same digest")
	}
}

func TestOwnSignaturesAreExcluded(t *testing.T) {
	dir := tree(t, map[string]string{"signatures/sample": eicar, "other/sample": eicar})
	own := filepath.Join(dir, "signatures")
	r := scanWith(t, own, Options{Own: []string{own}}, dir)
	if len(r.Threats) != 1 || r.Threats[0].Path != filepath.Join(dir, "other/sample") {
		t.Errorf("threats %+v, want only the one outside", r.Threats)
	}
	if got := r.Roots[0].Skipped[Own]; got != 1 {
		t.Errorf("%d folders reported as skipped, want 1", got)
	}
}

func TestPolicy(t *testing.T) {
	dir := tree(t, map[string]string{"no/sample": eicar, "yes/sample": eicar})
	allow := func(path string) bool { return !strings.HasSuffix(path, "/no") }
	r := scanWith(t, "", Options{Allow: allow}, dir, dir+"/no")
	if got := r.Roots[0].Skipped[Refused]; got != 1 || r.Counts.Threats != 1 {
		t.Errorf("%d refused and %d threats, want one of each", got, r.Counts.Threats)
	}
	if !errors.Is(r.Roots[1].Stopped, errNotAllowed) {
		t.Errorf("the refused root ended with %v, want %v", r.Roots[1].Stopped, errNotAllowed)
	}
}

func TestStaysOnTheDeviceOfTheRoot(t *testing.T) {
	dir := tree(t, map[string]string{"mounted/sample": eicar, "here": "x"})
	device := func(info fs.FileInfo) uint64 {
		if info.Name() == "mounted" {
			return 2
		}
		return 1
	}
	r := scanWith(t, "", Options{Device: device}, dir)
	if r.Counts.Threats != 0 || r.Roots[0].Skipped[OtherFileSystem] != 1 {
		t.Errorf("crossed into another file system: %+v", r)
	}
}

// In an overlay the files of a folder have other devices than the folder.
func TestReadsFilesOfAllLayers(t *testing.T) {
	device := func(info fs.FileInfo) uint64 {
		if info.IsDir() {
			return 1
		}
		return 2
	}
	r := scanWith(t, "", Options{Device: device}, tree(t, map[string]string{"below/sample": eicar}))
	if r.Counts.Threats != 1 || len(r.Roots[0].Skipped) > 0 {
		t.Errorf("%d threats, skipped %v", r.Counts.Threats, r.Roots[0].Skipped)
	}
}

func TestUnreadableEntriesAreCounted(t *testing.T) {
	files := map[string]string{"sample": eicar}
	for i := range MaxErrors + 20 {
		files[fmt.Sprintf("locked%03d", i)] = "x"
	}
	dir := tree(t, files)
	open1 := func(in *os.File, name string, folder bool) (*os.File, error) {
		if strings.Contains(name, "locked") {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
		return openByPath(in, name, folder)
	}
	r := scanWith(t, "", Options{Open: open1}, dir, dir+"/gone", "/dev/null")
	if r.Counts.Errors != MaxErrors+20 || len(r.Errors) != MaxErrors || r.Counts.Threats != 1 {
		t.Errorf("counts %+v with %d errors described", r.Counts, len(r.Errors))
	}
	if got := r.Errors[0]; !strings.HasPrefix(got.Path, dir) || got.Error != "permission denied" {
		t.Errorf("error %+v names no path or no cause", got)
	}
	if r.Roots[0].Stopped != nil || !errors.Is(r.Roots[1].Stopped, fs.ErrNotExist) || r.Roots[2].Stopped != errNotThere {
		t.Errorf("roots ended with %v, %v and %v", r.Roots[0].Stopped, r.Roots[1].Stopped, r.Roots[2].Stopped)
	}
}

func TestThreatsAreCapped(t *testing.T) {
	files := map[string]string{}
	for i := range MaxThreats + 5 {
		files[fmt.Sprint(i)] = eicar
	}
	r := scanWith(t, "", Options{}, tree(t, files))
	if r.Counts.Threats != MaxThreats+5 || len(r.Threats) != MaxThreats {
		t.Errorf("%d threats counted and %d described", r.Counts.Threats, len(r.Threats))
	}
}

func TestDepthIsBounded(t *testing.T) {
	path := t.TempDir()
	root := path
	for range MaxDepth + 3 {
		path = filepath.Join(path, "d")
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	r := scanWith(t, "", Options{}, root)
	if r.Counts.Directories != MaxDepth+1 || r.Roots[0].Skipped[TooDeep] != 1 {
		t.Errorf("entered %d folders and skipped %v", r.Counts.Directories, r.Roots[0].Skipped)
	}
}

// The scan is called off while it is among the files, by the first look at one
// of them, and again in the middle of a file.
func TestCancelledInTheMiddle(t *testing.T) {
	stop := errors.New("enough")
	t.Run("of a tree", func(t *testing.T) {
		dir := tree(t, map[string]string{"1": "x", "2": "x", "3": "x"})
		ctx, cancel := context.WithCancelCause(t.Context())
		open1 := func(in *os.File, name string, folder bool) (*os.File, error) {
			if !folder {
				cancel(stop)
			}
			return openByPath(in, name, folder)
		}
		r := scanUntil(ctx, "", Options{Open: open1}, dir, dir)
		if r.Counts.Files != 1 || r.Roots[0].Stopped != stop || r.Roots[1].Stopped != stop {
			t.Errorf("went on: %+v", r)
		}
	})
	t.Run("of a file", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, set, _ := load(nil)
		look := newInspection(set, readBytes)
		look.begin(-1, nil)
		file := readerFunc(func(p []byte) (int, error) { cancel(stop); return len(p), nil })
		if err := look.readAll(ctx, file); look.size != readBytes || !errors.Is(err, context.Canceled) {
			t.Errorf("read %d bytes and ended with %v, want one read and a cancelled one", look.size, err)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestProgress(t *testing.T) {
	tests := map[string]struct {
		bytes int64
		want  int
	}{
		"known size":       {10, 50},
		"an overshoot":     {1, 99},
		"size not known":   {-1, -1},
		"a larger machine": {5000, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var told []Progress
			w := &pass{expected: tt.bytes}
			w.result.Roots = []RootResult{{Counts: Counts{Files: 1, Bytes: 3}}, {Counts: Counts{Files: 1, Bytes: 2}}}
			w.progress = func(p Progress) { told = append(told, p) }
			w.tell()
			w.tell() // within the same second
			want := Progress{Counts: Counts{Files: 2, Bytes: 5}, Percent: tt.want}
			if len(told) != 1 || told[0] != want {
				t.Errorf("told %+v, want once %+v", told, want)
			}
		})
	}
	t.Run("not within a second", func(t *testing.T) {
		told := 0
		dir := tree(t, map[string]string{"1": "x", "2": "x"})
		start := time.Now()
		Scan(t.Context(), []Engine{BuiltIn(nil, nil)}, []Root{{Path: dir}}, Options{}, func(Progress) { told++ })
		if told > int(time.Since(start)/progressEvery) {
			t.Errorf("told %d times in %v", told, time.Since(start))
		}
	})
}
