package reference

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Prefix is where the site begins.
const Prefix = "/docs/"

var (
	//go:embed style.css
	style []byte
	//go:embed page.html
	layout string
	frame  = template.Must(template.New("page").Parse(layout))
)

// policy lets a page load the style sheet of its own server and nothing else.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Site shows the Markdown files of pages below Prefix: FOLDER/README.md as the
// folder, other files without their ending. It asks for no token. Pages are
// rendered when the first one is asked for.
func Site(pages fs.FS) http.Handler {
	made := sync.OnceValues(func() (map[string][]byte, error) { return render(pages) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this address takes GET alone", http.StatusMethodNotAllowed)
			return
		}
		answers, err := made()
		if err != nil {
			http.Error(w, "the pages cannot be shown; read them in the repository", http.StatusInternalServerError)
			return
		}
		body, ok := answers[r.URL.Path]
		switch {
		case !ok && r.URL.Path == Prefix:
			http.Redirect(w, r, Prefix+"api/", http.StatusFound)
			return
		case !ok && answers[strings.TrimSuffix(r.URL.Path, ".md")] != nil: // as in the repository
			http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, ".md"), http.StatusFound)
			return
		case !ok:
			http.Error(w, "there is no such page; begin at "+Prefix+"api/", http.StatusNotFound)
			return
		}
		digest := sha256.Sum256(body)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", `"`+hex.EncodeToString(digest[:8])+`"`)
		http.ServeContent(w, r, path.Base(r.URL.Path)+kind(r.URL.Path), time.Time{}, bytes.NewReader(body))
	})
}

// kind is the ending from which the standard library tells the content type.
func kind(address string) string {
	if strings.HasSuffix(address, ".css") {
		return ""
	}
	return ".html"
}

// address is where a file of the folder docs is shown.
func address(file string) string {
	if dir, name := path.Split(file); name == "README.md" {
		return Prefix + dir
	}
	return Prefix + strings.TrimSuffix(file, ".md")
}

// render makes all pages, by their address, and the style sheet.
func render(pages fs.FS) (map[string][]byte, error) {
	answers := map[string][]byte{Prefix + "style.css": style}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(links{pages}, 0))))
	err := fs.WalkDir(pages, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".md" {
			return err
		}
		source, err := fs.ReadFile(pages, file)
		if err != nil {
			return err
		}
		context := parser.NewContext()
		context.Set(fileKey, file)
		var body, page bytes.Buffer
		if err := markdown.Convert(source, &body, parser.WithContext(context)); err != nil {
			return err
		}
		err = frame.Execute(&page, struct {
			Title, Style, Home string
			Body               template.HTML
		}{titleOf(source), Prefix + "style.css", Prefix + "api/", template.HTML(emptyHeading.Replace(body.String()))})
		answers[address(file)] = page.Bytes()
		return err
	})
	if len(answers) == 1 && err == nil {
		err = errors.New("there are no pages")
	}
	return answers, err
}

// emptyHeading makes what heads nothing an ordinary cell: Markdown has no tables
// without a row of headings, and readers of screens announce each heading.
var emptyHeading = strings.NewReplacer("<th></th>", "<td></td>")

func titleOf(source []byte) string {
	for line := range strings.Lines(string(source)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(title)
		}
	}
	return "Reeve"
}

// links is a pass over a parsed page: it turns links to other files into links
// to where these are shown, drops those that lead out of the folder, and gives
// each cell of a table the heading of its column, for narrow screens.
type links struct{ pages fs.FS }

var fileKey = parser.NewContextKey()

// Transform implements parser.ASTTransformer.
func (l links) Transform(doc *ast.Document, reader text.Reader, pc parser.Context) {
	dir := path.Dir(pc.Get(fileKey).(string))
	var out []*ast.Link
	ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Link:
				if !l.aim(n, dir) {
					out = append(out, n)
				}
			default:
				label(n, reader.Source())
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range out {
		for n.FirstChild() != nil {
			n.Parent().InsertBefore(n.Parent(), n, n.FirstChild())
		}
		n.Parent().RemoveChild(n.Parent(), n)
	}
}

// aim turns a link to a file; false is a link that leads nowhere here.
func (l links) aim(n *ast.Link, dir string) bool {
	target := string(n.Destination)
	if strings.HasPrefix(target, "#") || strings.Contains(target, "://") {
		return true
	}
	file, anchor, hasAnchor := strings.Cut(target, "#")
	file = path.Join(dir, file)
	if info, err := fs.Stat(l.pages, file); err == nil && info.IsDir() {
		file = path.Join(file, "README.md")
	}
	if _, err := fs.Stat(l.pages, file); err != nil || path.Ext(file) != ".md" {
		return false
	}
	target = address(file)
	if hasAnchor {
		target += "#" + anchor
	}
	n.Destination = []byte(target)
	return true
}
