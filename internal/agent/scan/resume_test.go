package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// grow puts random files, folders and links into a folder. Some names are no
// text, and one is the beginning of another.
func grow(t *testing.T, random *rand.Rand, dir string, depth int) {
	t.Helper()
	names := []string{"a", "a.b", "a!", "aa", "b\xff", "\xfe", "c d", "é", "\"quoted\"", "z"}
	for _, i := range random.Perm(len(names))[:random.IntN(len(names)+1)] {
		path := filepath.Join(dir, names[i])
		var err error
		switch kind := random.IntN(10); {
		case kind < 3 && depth > 0:
			err = os.Mkdir(path, 0o755)
			grow(t, random, path, depth-1)
		case kind < 4:
			err = os.Symlink(dir, path)
		case kind < 6:
			err = os.WriteFile(path, []byte(eicar), 0o644)
		default:
			err = os.WriteFile(path, fmt.Append(nil, "content ", random.IntN(20)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settle takes the order of answers out of a result, and what tells of the
// interruptions.
func settle(r Result) Result {
	slices.SortFunc(r.Threats, func(a, b Threat) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Engine, b.Engine))
	})
	slices.SortFunc(r.Errors, func(a, b Failure) int { return cmp.Compare(a.Path, b.Path) })
	r.Began, r.Interrupted, r.Anew = time.Time{}, 0, ""
	return r
}

// A pass that is killed again and again, wherever it is, ends with what one that
// nothing stops ends with, and looks at nothing twice that it has kept.
func TestInterruptedIsLikeUninterrupted(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	killed := errors.New("killed")
	for range 15 {
		dirs := []string{t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "a file")}
		grow(t, random, dirs[0], 4)
		grow(t, random, dirs[1], 2)
		if err := os.WriteFile(dirs[2], []byte(eicar), 0o644); err != nil {
			t.Fatal(err)
		}
		row := func(yield func(*Process, error) bool) {
			_ = yield(&Process{ID: 8}, nil) && yield(&Process{ID: 9}, os.ErrPermission)
		}
		roots := []Root{{Path: dirs[0]}, {Path: "memory", Processes: iter.Seq2[*Process, error](row)}, {Path: dirs[1]}, {Path: dirs[2]}, {Path: dirs[0] + "/gone"}}
		shown := map[string]int{} // by path
		choosy := &stub{name: "choosy", judge: func(f *File) Verdict {
			if strings.HasSuffix(f.Path, "a") {
				return Failed(errors.New("no such names"))
			}
			return Verdict{}
		}}
		counting := func(path string) bool { shown[path]++; return !strings.HasSuffix(path, "!") }
		once := func(ctx context.Context, o Options) Result {
			o.Allow = counting
			return Scan(ctx, []Engine{choosy, BuiltIn(nil, nil)}, roots, o, nil)
		}
		want := settle(once(t.Context(), Options{}))
		entries := len(shown)
		clear(shown)

		var last []byte
		var got Result
		kills := 0
		for ended := false; !ended; {
			ctx, kill := context.WithCancelCause(t.Context())
			life := random.IntN(entries + 2)
			o := Options{Last: last, keepEvery: 1, Keep: func(c []byte) {
				if last = c; life == 0 {
					kill(killed)
				}
				life--
			}}
			got = once(ctx, o)
			if ended = ctx.Err() == nil; !ended {
				kills++
			}
			kill(nil)
		}
		if got.Interrupted > kills || kills > 0 && last != nil && got.Interrupted == 0 || got.Anew != "" {
			t.Errorf("seed %d: interrupted %d times of %d, anew: %q", seed, got.Interrupted, kills, got.Anew)
		}
		if got = settle(got); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: after %d kills\n%+v\nwant\n%+v", seed, kills, got, want)
		}
		for path, times := range shown {
			if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && times > 1 && path != dirs[2] {
				t.Errorf("seed %d: %q was looked at %d times", seed, path, times)
			}
		}
	}
}

// What is looked for, or where, decides whether a pass may go on.
func TestBeginsAnew(t *testing.T) {
	dir, signatures := tree(t, map[string]string{"1": eicar, "2": "x", "3": "y"}), tree(t, map[string]string{"s.hdb": "# none yet\n"})
	var kept []byte
	scanWith(t, signatures, Options{keepEvery: 1, Keep: func(c []byte) { kept = c }}, dir)
	again := func(last []byte, paths ...string) Result {
		return scanWith(t, signatures, Options{Last: last}, paths...)
	}
	if r := again(kept, dir); r.Anew != "" || r.Interrupted != 1 || r.Counts.Files != 3 || r.Counts.Threats != 1 || time.Since(r.Began) > time.Minute {
		t.Errorf("it did not go on: %+v", r)
	}
	for name, damaged := range map[string]string{"cut": string(kept[:len(kept)/2]), "empty": "", "not quoted": strings.Replace(string(kept), `"entry":["`, `"entry":["x`, 1)} {
		if r := again([]byte(damaged), dir); r.Anew == "" || r.Interrupted != 1 || r.Counts.Files != 3 || r.Counts.Threats != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := again(kept, dir, t.TempDir()); r.Anew != otherLook || r.Counts.Files != 3 {
		t.Errorf("with another root: %+v", r)
	}
	if err := os.WriteFile(signatures+"/more.hdb", []byte("# more\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := again(kept, dir); r.Anew != otherLook || r.Counts.Files != 3 || r.Counts.Threats != 1 {
		t.Errorf("with other signatures: %+v", r)
	}
}

// A folder with more names than may be held is gone through in parts.
func TestLargeFolder(t *testing.T) {
	files := map[string]string{}
	var want []string
	for i := range 3*batch + 7 {
		name := fmt.Sprintf("%x", i)
		files[name] = ""
		want = append(want, name)
	}
	slices.Sort(want)
	folder, err := os.Open(tree(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	p := &pass{ctx: t.Context(), names: maxNames}
	var got []string
	from, parts := "", 0
	for more := true; more; parts++ {
		var items []item
		if items, more, err = p.list(folder, from); err != nil || len(items) > batch {
			t.Fatalf("%d items, %v", len(items), err)
		}
		for _, it := range items {
			got = append(got, it.name)
			from = behind(it.name)
		}
	}
	if !slices.Equal(got, want) || parts != 4 {
		t.Errorf("%d names in %d parts, want %d in 4", len(got), parts, len(want))
	}
}
