package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) setRoutes() []door.Route {
	return []door.Route{
		c.see("sets", reeve.Read, c.sets),
		c.see("sets/new", reeve.Admin, c.newSet),
		c.change("sets", reeve.Admin, "signature_set_created", c.createSet),
		c.change("sets/{name}/{version}/remove", reeve.Admin, "signature_set_removed", c.removeSet),
	}
}

// A setsPage lists the signature sets, and who is told to use them.
type setsPage struct {
	Sets      []shownSet
	MayChange bool
	OfServer  bool
}

// A shownSet is all versions of one set, the newest first.
type shownSet struct {
	Name     string
	Versions []shownVersion
}

type shownVersion struct {
	reeve.SignatureSet
	Users []setUser
}

// A setUser is who is told to use a version: a group, or all that have no
// settings of their own, which is an empty Group.
type setUser struct{ Group, Name string }

func (c *console) sets(v *visit) (*page, error) {
	sets, err := v.view.Sets(v.Context())
	if err != nil {
		return nil, err
	}
	ofServer, err := v.view.OfServer(v.Context())
	if err != nil {
		return nil, err
	}
	shown := setsPage{MayChange: control.Allow(v.Caller, reeve.Admin) == nil, OfServer: ofServer}
	users := map[string][]setUser{}
	if shown.MayChange {
		if users, err = setUsers(v); err != nil {
			return nil, err
		}
	}
	for _, s := range sets {
		if n := len(shown.Sets); n == 0 || shown.Sets[n-1].Name != s.Name {
			shown.Sets = append(shown.Sets, shownSet{Name: s.Name})
		}
		one := &shown.Sets[len(shown.Sets)-1]
		one.Versions = append(one.Versions, shownVersion{s, users[setKey(s)]})
	}
	return &page{name: "sets", title: "sets.title", data: shown}, nil
}

func setKey(s reeve.SignatureSet) string { return s.Name + "/" + strconv.FormatInt(s.Version, 10) }

// setUsers returns who is told to use which version.
func setUsers(v *visit) (map[string][]setUser, error) {
	settings, err := v.view.AgentSettings(v.Context())
	if err != nil {
		return nil, err
	}
	users := map[string][]setUser{}
	for _, s := range settings {
		user := setUser{Group: s.Group}
		if s.InForce.Name == "" {
			continue
		}
		if s.Group != "" {
			g, err := v.view.Group(v.Context(), s.Group)
			if err != nil {
				return nil, err
			}
			user.Name = g.Name
		}
		users[setKey(s.InForce)] = append(users[setKey(s.InForce)], user)
	}
	return users, nil
}

// A newSetPage is the form for a set, or for the next version of one.
type newSetPage struct {
	Filled filled
	Files  []reeve.SetFile // that the server has already and that can be taken over
	Next   bool            // whether there is a version before
}

func newSetForm(p newSetPage) *page { return &page{name: "set_new", title: "sets.new", data: p} }

func (c *console) newSet(v *visit) (*page, error) {
	name := v.URL.Query().Get("name")
	shown := newSetPage{Filled: filled{"name": name}}
	sets, err := v.view.Sets(v.Context())
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(sets, func(s reeve.SignatureSet) bool { return s.Name == name }); i >= 0 {
		shown.Next, shown.Files, shown.Filled["description"] = true, sets[i].Files, sets[i].Description
		for _, f := range sets[i].Files {
			shown.Filled.tick("keep."+f.Name, true)
		}
	}
	return newSetForm(shown), nil
}

// maxUpload is the largest form with files for a set in bytes: what a set may
// hold, and the form around it.
const maxUpload = 257 << 20

func (c *console) createSet(v *visit) (*page, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxUpload)
	if err := v.ParseMultipartForm(maxForm); err != nil { // the rest waits on disk
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, reeve.Errorf(reeve.TooLarge, "the files are more than %d MB together; go back and send fewer", reeve.MaxSetBytes>>20)
		}
		return nil, reeve.Errorf(reeve.Invalid, "the form could not be read; go back and send it again").Because(err)
	}
	defer v.MultipartForm.RemoveAll()
	f := v.filled()
	shown := newSetPage{Filled: f, Files: keptFiles(v), Next: f.has("next")}
	uploaded, err := c.storeFiles(v)
	// What has arrived need not be sent again after a fault.
	for _, file := range uploaded {
		shown.Files = slices.DeleteFunc(shown.Files, func(old reeve.SetFile) bool { return old.Name == file.Name })
		shown.Files = append(shown.Files, file)
		f.tick("keep."+file.Name, true)
	}
	var set reeve.SignatureSet
	if err == nil {
		set, err = c.Rules.CreateSet(v.Context(), v.Caller, reeve.SignatureSet{
			Name: f["name"], Description: f["description"],
			Files: slices.DeleteFunc(slices.Clone(shown.Files), func(file reeve.SetFile) bool { return !f.has("keep." + file.Name) }),
		})
	}
	if err != nil {
		return again(newSetForm(shown), err)
	}
	return v.done("sets", "sets.made", set.Name, set.Version)
}

// keptFiles are those that the form offered to take over.
func keptFiles(v *visit) []reeve.SetFile {
	var files []reeve.SetFile
	for _, said := range v.PostForm["had"] {
		digest, name, _ := strings.Cut(said, " ")
		files = append(files, reeve.SetFile{Name: name, SHA256: digest})
	}
	return files
}

// storeFiles keeps the files that came with a form and returns those that it could.
func (c *console) storeFiles(v *visit) ([]reeve.SetFile, error) {
	var stored []reeve.SetFile
	for _, part := range v.MultipartForm.File["files"] {
		file, err := c.storeFile(v, part)
		if err != nil {
			return stored, err
		}
		stored = append(stored, file)
	}
	return stored, nil
}

func (c *console) storeFile(v *visit, part *multipart.FileHeader) (reeve.SetFile, error) {
	name := filepath.Base(part.Filename)
	if !reeve.IsSetFile(name) {
		return reeve.SetFile{}, reeve.Errorf(reeve.Invalid, "a set cannot have %.80q: the names of its files end in .hdb, .hsb, .ndb, .yar or .yara and have at most 64 letters, digits, dots, hyphens and underscores", name)
	}
	content, err := part.Open()
	if err != nil {
		return reeve.SetFile{}, err
	}
	defer content.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return reeve.SetFile{}, err
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return reeve.SetFile{}, err
	}
	file, err := c.Rules.StoreSetFile(v.Context(), v.Caller, hex.EncodeToString(hash.Sum(nil)), content)
	file.Name = name
	return file, err
}

func (c *console) removeSet(v *visit) (*page, error) {
	version, err := strconv.ParseInt(v.PathValue("version"), 10, 64)
	if err != nil {
		return nil, reeve.Errorf(reeve.NotFound, "a version is a number; go back to the list")
	}
	if err := c.Rules.RemoveSet(v.Context(), v.Caller, v.PathValue("name"), version); err != nil {
		return nil, err
	}
	return v.done("sets", "sets.removed", v.PathValue("name"), version)
}
