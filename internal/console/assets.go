package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/door"
)

//go:embed static
var staticFiles embed.FS

// assetPath is where static files are. The hash in an address names the
// content, so that a browser need never ask again.
const assetPath = Prefix + "static/"

// assets are the static files, packed once.
type assets struct {
	files map[string]asset
	hash  string // over all of them, so that scripts may import one another by name
}

type asset struct {
	plain, packed []byte
	kind          string
}

func openAssets() *assets {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err)
	}
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	for _, entry := range entries {
		plain, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum.Write([]byte(entry.Name()))
		sum.Write(plain)
		a.files[entry.Name()] = asset{plain, squeeze(plain), mime.TypeByExtension(path.Ext(entry.Name()))}
	}
	a.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return a
}

// path returns the address of a static file.
func (a *assets) path(name string) string { return assetPath + a.hash + "/" + name }

func (a *assets) serve(w http.ResponseWriter, r *door.Request) error {
	file, ok := a.files[r.PathValue("name")]
	if !ok {
		return reeve.Errorf(reeve.NotFound, "there is no such file; load the page again")
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	if r.PathValue("hash") == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := file.plain
	if takesGzip(r.Request) {
		h.Set("Content-Encoding", "gzip")
		body = file.packed
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // who has gone away needs no file
	return nil
}

func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

func squeeze(plain []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	z.Write(plain)
	z.Close()
	return out.Bytes()
}

// packFrom is from how many bytes on a page is worth packing.
const packFrom = 2 << 10

// pack writes a page, packed where the browser takes that. No page holds a
// secret beside text of others, so that its length tells nothing.
func pack(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	if len(page) >= packFrom && takesGzip(r) {
		var out bytes.Buffer
		z, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
		z.Write(page)
		z.Close()
		h.Set("Content-Encoding", "gzip")
		page = out.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	w.Write(page) // who has gone away needs no page
	return nil
}
