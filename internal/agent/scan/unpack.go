package scan

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Limits on archives. One that is beyond them is judged as far as it was
// unpacked, and told as a miss: its reason is [ArchiveLimits].
const (
	maxArchiveDepth = 8       // archives within archives
	maxEntries      = 100_000 // of an archive, with those within it
	maxUnpacked     = 1 << 30 // bytes of all entries
	maxRatio        = 200     // times its own size, beyond freeUnpacked
	freeUnpacked    = 16 << 20
	maxDirectory    = 8 << 20  // bytes of a zip's table of contents
	maxNestedZip    = 32 << 20 // bytes of a zip within an archive, which is held in memory
	maxWithin       = 500      // bytes of the name of an entry that are told
)

var (
	errDepth     = fmt.Errorf("archives are more than %d deep in each other", maxArchiveDepth)
	errEntries   = fmt.Errorf("the archive has more than %d entries", maxEntries)
	errUnpacked  = fmt.Errorf("the archive unpacks to more than %d bytes, or than %d times its size", maxUnpacked, maxRatio)
	errDirectory = fmt.Errorf("the archive's table of contents has more than %d bytes", maxDirectory)
	errNestedZip = fmt.Errorf("a zip file of more than %d bytes is inside another archive", maxNestedZip)
)

// formatOf tells archives by their first bytes, which a name may belie.
func formatOf(head []byte) (format string) {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "zip"
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return "gzip"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "tar"
	}
	return ""
}

// An unpacking is the look into one archive. Everything in it is unpacked in
// memory, piece by piece, and shown to one inspection for each depth.
type unpacking struct {
	ctx     context.Context
	levels  func(depth int) *inspection
	entries int
	left    int64 // bytes that may yet be unpacked

	findings []Finding
	missed   map[Reason]*Miss
}

// unpack looks into an archive of so many bytes.
func unpack(ctx context.Context, levels func(int) *inspection, file io.ReaderAt, size int64, format string) *unpacking {
	u := &unpacking{ctx: ctx, levels: levels, missed: map[Reason]*Miss{}}
	u.left = min(maxUnpacked, max(freeUnpacked, size*min(maxRatio, maxUnpacked/max(size, 1)+1)))
	var err error
	if format == "zip" {
		err = u.zip(file, size, "", 1)
	} else {
		err = u.stream(bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10), format, "", 1)
	}
	if err != nil {
		u.miss("", err)
	}
	return u
}

// miss enters what could not be judged: for every reason the first place, and
// how often.
func (u *unpacking) miss(within string, err error) {
	reason := Damaged
	switch {
	case u.ctx.Err() != nil:
		reason = Unjudged
	case errors.Is(err, errEncrypted):
		reason = Encrypted
	case errors.Is(err, zip.ErrAlgorithm):
		reason = Unsupported
	case beyondLimits(err):
		reason = ArchiveLimits
	}
	if known := u.missed[reason]; known != nil {
		known.Times++
		return
	}
	u.missed[reason] = &Miss{Reason: reason, Within: within, Times: 1, Err: err}
}

var errEncrypted = errors.New("it is encrypted")

func beyondLimits(err error) bool {
	for _, limit := range []error{errDepth, errEntries, errUnpacked, errDirectory, errNestedZip} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// stops reports whether an error ends the look into the whole archive.
func (u *unpacking) stops(err error) bool {
	return u.ctx.Err() != nil || errors.Is(err, errEntries) || errors.Is(err, errUnpacked) || len(u.findings) >= maxMatches
}

// stream unpacks what can be read from the beginning: gzip and tar.
func (u *unpacking) stream(from io.Reader, format, within string, depth int) error {
	if depth > maxArchiveDepth {
		return errDepth
	}
	if format == "tar" {
		return u.tar(tar.NewReader(from), within, depth)
	}
	unzipped, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	name := unzipped.Name
	if name == "" {
		name = "content"
	}
	return u.entry(unzipped, -1, inner(within, name), depth)
}

func (u *unpacking) tar(from *tar.Reader, within string, depth int) error {
	for {
		header, err := from.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			if err := u.count(); err != nil {
				return err
			}
			continue
		}
		if err := u.entry(from, header.Size, inner(within, header.Name), depth); err != nil {
			return err // what follows cannot be found
		}
	}
}

func (u *unpacking) zip(file io.ReaderAt, size int64, within string, depth int) error {
	if depth > maxArchiveDepth {
		return errDepth
	}
	table := &rationed{file, maxDirectory}
	archive, err := zip.NewReader(table, size)
	if table.left < 0 {
		return errDirectory
	}
	if err != nil {
		return err
	}
	table.left = 1 << 62
	for _, f := range archive.File {
		err := u.zipEntry(f, inner(within, f.Name), depth)
		if err != nil {
			if u.stops(err) {
				return err
			}
			u.miss(inner(within, f.Name), err)
		}
	}
	return nil
}

func (u *unpacking) zipEntry(f *zip.File, name string, depth int) error {
	const encrypted = 1 // of the flags
	if f.Mode()&fs.ModeType != 0 {
		return u.count()
	}
	if f.Flags&encrypted != 0 {
		return errors.Join(u.count(), errEncrypted)
	}
	entry, err := f.Open()
	if err != nil {
		return errors.Join(u.count(), err)
	}
	defer entry.Close()
	return u.entry(entry, int64(min(f.UncompressedSize64, maxUnpacked+1)), name, depth)
}

func (u *unpacking) count() error {
	if u.entries++; u.entries > maxEntries {
		return errEntries
	}
	return nil
}

// entry inspects an entry of so many bytes, -1 if that is not known, and what
// is in it if it is an archive itself.
func (u *unpacking) entry(from io.Reader, size int64, name string, depth int) error {
	if err := u.count(); err != nil {
		return err
	}
	if size > u.left {
		return errUnpacked
	}
	look := u.levels(depth)
	look.begin(size, nil)
	defer u.found(look, name) // of what came until an error, too
	whole := &metered{u, from}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(whole, head)
	head = head[:n]
	look.Write(head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if format := formatOf(head); format != "" {
		if err := u.nested(io.TeeReader(whole, look), head, format, name, depth); err != nil {
			if u.stops(err) {
				return err
			}
			u.miss(name, err)
		}
	}
	return look.readAll(u.ctx, whole)
}

// nested unpacks an archive within another, whose first bytes were read.
func (u *unpacking) nested(rest io.Reader, head []byte, format, name string, depth int) error {
	from := io.MultiReader(bytes.NewReader(head), rest)
	if format != "zip" {
		return u.stream(from, format, name, depth+1)
	}
	var held bytes.Buffer // a zip is read from its end
	if n, err := io.CopyN(&held, from, maxNestedZip+1); err == nil || n > maxNestedZip {
		return errNestedZip
	} else if err != io.EOF {
		return err
	}
	return u.zip(bytes.NewReader(held.Bytes()), int64(held.Len()), name, depth+1)
}

// found enters what an inspection found in an entry.
func (u *unpacking) found(look *inspection, name string) {
	for _, signature := range look.end() {
		if !u.known(signature, name+"!") {
			u.findings = append(u.findings, Finding{Signature: signature, Within: name})
		}
	}
}

// known reports whether a signature was found in an entry of the archive whose
// entries' names begin so: that is the better place to tell.
func (u *unpacking) known(signature, within string) bool {
	return slices.ContainsFunc(u.findings, func(f Finding) bool {
		return f.Signature == signature && strings.HasPrefix(f.Within, within)
	})
}

// inner names an entry of an archive within a file.
func inner(within, name string) string {
	if len(name) > maxWithin {
		name = name[:maxWithin]
	}
	if within == "" {
		return name
	}
	if len(within) > maxWithin {
		return within
	}
	return within + "!" + name
}

// metered counts what is unpacked.
type metered struct {
	u    *unpacking
	from io.Reader
}

func (m *metered) Read(p []byte) (int, error) {
	if err := m.u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	if m.u.left -= int64(n); m.u.left < 0 {
		return n, errUnpacked
	}
	return n, err
}

// rationed is a file of which only so much may be read.
type rationed struct {
	file io.ReaderAt
	left int64
}

func (r *rationed) ReadAt(p []byte, at int64) (int, error) {
	if r.left -= int64(len(p)); r.left < 0 {
		return 0, errDirectory
	}
	return r.file.ReadAt(p, at)
}
