package scan

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// marker is what a body signature of the tests looks for.
const marker = "a row of bytes that no other file holds"

var markerLine = "Test.Marker:0:*:" + hex.EncodeToString([]byte(marker)) + "\n"

// member is an entry of a made archive.
type member struct {
	name    string
	content []byte
}

// Archives are packed the fast way, since bombs are large before they are small.

func zipOf(members ...member) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for _, m := range members {
		part, _ := w.Create(m.name)
		part.Write(m.content)
	}
	w.Close()
	return out.Bytes()
}

func tarOf(members ...member) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.content)), Mode: 0o644})
		w.Write(m.content)
	}
	w.Close()
	return out.Bytes()
}

func gzipOf(content []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	w.Write(content)
	w.Close()
	return out.Bytes()
}

func padded(size int) []byte { // that does not compress
	out := make([]byte, size)
	rand.New(rand.NewSource(1)).Read(out)
	return append(append(out, marker...), out...)
}

func TestArchives(t *testing.T) {
	bad := member{"dir/bad.bin", padded(100_000)}
	deep := []byte(marker)
	for range maxArchiveDepth + 1 {
		deep = zipOf(member{"d", deep})
	}
	many := make([]member, 3)
	for i := range many {
		many[i] = member{fmt.Sprint(i), []byte("x")}
	}
	locked := zipOf(member{"one", []byte(marker)}, member{"two", []byte(marker)}, member{"open", []byte(marker)})
	for i, at := 0, 0; i < 2; i++ { // the flag of the first two, in the table that counts
		at += bytes.Index(locked[at:], []byte("PK\x01\x02")) + 4
		locked[at+4] |= 1
	}
	tests := map[string]struct {
		content []byte
		found   []string // entries
		missed  []string // reasons and entries
	}{
		"zip":             {zipOf(member{"good", []byte("x")}, bad), []string{"dir/bad.bin"}, nil},
		"tar":             {tarOf(member{"good", []byte("x")}, bad, member{"eicar.com", []byte(eicar)}), []string{"dir/bad.bin", "eicar.com"}, nil},
		"gzip":            {gzipOf(bad.content), []string{"content"}, nil},
		"tar in gzip":     {gzipOf(tarOf(bad)), []string{"content!dir/bad.bin"}, nil},
		"zip in all":      {gzipOf(tarOf(member{"a", []byte("a")}, member{"in.zip", zipOf(bad)}, bad)), []string{"content!in.zip!dir/bad.bin", "content!dir/bad.bin"}, nil},
		"all in zip":      {zipOf(member{"x.tgz", gzipOf(tarOf(bad))}), []string{"x.tgz!content!dir/bad.bin"}, nil},
		"encrypted":       {locked, []string{"open"}, []string{"encrypted one 2"}},
		"cut off tar":     {tarOf(bad, bad)[:250_000], []string{"dir/bad.bin"}, []string{"damaged_archive  1"}},
		"cut off gzip":    {gzipOf(bad.content)[:150_000], []string{"content"}, []string{"damaged_archive  1"}},
		"cut off zip":     {zipOf(bad)[:1000], nil, []string{"damaged_archive  1"}},
		"too deep":        {deep, nil, []string{"archive_limits " + strings.Repeat("d!", maxArchiveDepth-1) + "d 1"}},
		"a bomb":          {gzipOf(make([]byte, freeUnpacked+1)), nil, []string{"archive_limits  1"}},
		"a bomb in a zip": {zipOf(bad, member{"bomb", make([]byte, 100<<20)}), []string{"dir/bad.bin"}, []string{"archive_limits  1"}},
		"a bomb in a bomb": {zipOf(member{"b.gz", gzipOf(make([]byte, freeUnpacked))}, member{"c.gz", gzipOf(make([]byte, freeUnpacked))}),
			nil, []string{"archive_limits  1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{"archive": string(tt.content)})
			r := scanWith(t, tree(t, map[string]string{"s.ndb": markerLine}), Options{}, dir)
			var found, missed []string
			for _, threat := range r.Threats {
				found = append(found, threat.Within)
				if threat.Path != dir+"/archive" || threat.Size != int64(len(tt.content)) || len(threat.SHA256) != 64 {
					t.Errorf("threat %+v", threat)
				}
			}
			for _, f := range r.Errors {
				within := strings.TrimPrefix(strings.TrimPrefix(f.Path, dir+"/archive"), "!")
				missed = append(missed, fmt.Sprintf("%s %s %d", f.Reason, within, r.Engines[0].Missed[f.Reason]))
			}
			if !slices.Equal(found, tt.found) || !slices.Equal(missed, tt.missed) {
				t.Errorf("found %q, want %q; missed %q, want %q", found, tt.found, missed, tt.missed)
			}
			if r.Counts.Files != 1 {
				t.Errorf("%d files, want 1", r.Counts.Files)
			}
		})
	}
}

// A zip whose table of contents is endless is not read into memory.
func TestEndlessTableOfContents(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := range maxDirectory / 1000 {
		w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%01000d", i)})
	}
	w.Close()
	_, set, _ := load(nil)
	u := unpack(t.Context(), func(int) *inspection { return newInspection(set, 1024) }, bytes.NewReader(out.Bytes()), int64(out.Len()), "zip")
	if miss := u.missed[ArchiveLimits]; miss == nil || miss.Err != errDirectory || u.entries != 0 {
		t.Errorf("got %+v after %d entries", u.missed, u.entries)
	}
}

func TestEntriesAreCounted(t *testing.T) {
	_, set, _ := load(nil)
	look := newInspection(set, 1024)
	u := &unpacking{ctx: t.Context(), levels: func(int) *inspection { return look }, left: maxUnpacked, entries: maxEntries - 1, missed: map[Reason]*Miss{}}
	content := tarOf(member{"1", nil}, member{"2", nil})
	if err := u.stream(bytes.NewReader(content), "tar", "", 1); err != errEntries {
		t.Errorf("got %v, want %v", err, errEntries)
	}
}

// Whatever an archive holds, the look into it ends within the limits.
func FuzzUnpack(f *testing.F) {
	f.Add(zipOf(member{"a", []byte(marker)}, member{"b.tgz", gzipOf(tarOf(member{"c", []byte(marker)}))}))
	f.Add(gzipOf(tarOf(member{"in.zip", zipOf(member{"d", []byte(marker)})})))
	m := bodiesOf(f, strings.TrimSpace(markerLine))
	s := &set{matcher: m}
	s.intern([]byte("n"), 0)
	levels := map[int]*inspection{}
	f.Fuzz(func(t *testing.T, content []byte) {
		format := formatOf(content)
		if format == "" {
			return
		}
		level := func(depth int) *inspection {
			if levels[depth] == nil {
				levels[depth] = newInspection(s, 512)
			}
			return levels[depth]
		}
		u := unpack(t.Context(), level, bytes.NewReader(content), int64(len(content)), format)
		if u.entries > maxEntries+1 || u.left < -readBytes || len(u.missed) > 6 {
			t.Errorf("%d entries, %d bytes left, missed %v", u.entries, u.left, u.missed)
		}
	})
}

var _ io.Writer = (*inspection)(nil)
