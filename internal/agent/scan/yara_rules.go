package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// doneRule matches everything, see yara_list.go. Nobody else's rule is in its
// namespace; its name is as long as YARA allows.
const (
	doneNamespace = "reeve"
	doneName      = "done" + dashes + dashes + dashes + dashes
	doneRule      = doneNamespace + ":" + doneName
	dashes        = "_______________________________" // 31
)

const maxRuleFiles = 4096 // all of them are arguments of yarac

// errNoRules is why an engine with nothing to look for takes no part.
var errNoRules = fmt.Errorf("%w: there are no YARA rules", ErrNotSetUp)

// yaraRules are compiled rules, as they are remembered beside the compiled file.
type yaraRules struct {
	Version    string // of yara
	Signatures Signatures

	compiled string // path
}

// compile returns the engine's rules, compiled, from the last time if neither
// they nor yara have changed. A file that does not compile is left out and
// told.
func (y Yara) compile(ctx context.Context) (yaraRules, error) {
	files, found, err := y.ruleFiles()
	if err != nil {
		return yaraRules{}, err
	}
	if len(files) == 0 && found.Faults == 0 {
		return yaraRules{}, errNoRules
	}
	r := yaraRules{Signatures: found}
	var said lineWriter
	said.each = func(line string) { r.Version = line }
	switch err := y.Run(ctx, "yara", []string{"--version"}, nil, &said, io.Discard); {
	case err != nil:
		return yaraRules{}, fmt.Errorf("yara cannot be used: %w", err)
	case !validName([]byte(r.Version)):
		return yaraRules{}, errors.New("yara does not say which version it is")
	}
	key := sha256.Sum256([]byte(r.Signatures.Digest + "\x00" + r.Version))
	r.compiled = filepath.Join(y.Cache, hex.EncodeToString(key[:16]))
	known := r
	if kept, err := os.ReadFile(r.about()); err == nil && json.Unmarshal(kept, &known) == nil {
		return known, nil
	}
	return r, r.build(ctx, y, files)
}

// about is the file that describes the compiled one. It is written last.
func (r *yaraRules) about() string { return r.compiled + ".json" }

// ruleFiles lists the rules of all folders, and describes them unread but for
// their digest.
func (y Yara) ruleFiles() (files []string, s Signatures, err error) {
	digest := sha256.New()
	for _, folder := range y.Rules {
		entries, err := os.ReadDir(folder)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, s, fmt.Errorf("listing the rules in %s: %w", folder, plain(err))
		}
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			kind := filepath.Ext(entry.Name())
			if kind != ".yar" && kind != ".yara" {
				continue
			}
			changed, err := digestFile(digest, path)
			switch {
			case err != nil:
				s.fault(entry.Name(), 0, plain(err).Error())
			case len(files) == maxRuleFiles:
				s.fault(entry.Name(), 0, fmt.Sprintf("there are more than %d files with rules", maxRuleFiles))
			default:
				files = append(files, path)
				if changed.After(s.Date) {
					s.Date = changed
				}
			}
		}
	}
	s.Digest = hex.EncodeToString(digest.Sum(nil))
	return files, s, nil
}

// digestFile adds a file to a digest and returns when it was changed.
func digestFile(digest io.Writer, path string) (changed time.Time, err error) {
	file, err := os.Open(path)
	if err != nil {
		return changed, err
	}
	defer file.Close()
	fmt.Fprintf(digest, "%s\x00", filepath.Base(path))
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	if err == nil {
		_, err = io.Copy(digest, file)
	}
	if err != nil {
		return changed, err
	}
	return info.ModTime().UTC().Truncate(time.Second), nil
}

// build compiles files and remembers how that went.
func (r *yaraRules) build(ctx context.Context, y Yara, files []string) error {
	if err := os.RemoveAll(y.Cache); err != nil { // what was compiled before
		return err
	}
	if err := os.MkdirAll(y.Cache, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(y.closing(), []byte("rule "+doneName+" { condition: true }\n"), 0o600); err != nil {
		return err
	}
	if err := r.compileAll(ctx, y, files); err != nil {
		return err
	}
	var err error
	if r.Signatures.Count, err = y.count(ctx, r.compiled); err != nil {
		return err
	}
	if _, now, err := y.ruleFiles(); err != nil || now.Digest != r.Signatures.Digest {
		return errors.New("the YARA rules changed while they were compiled")
	}
	about, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(r.about(), about, 0o600)
	}
	return err
}

// closing is the file of the rule that is compiled behind all others.
func (y Yara) closing() string { return filepath.Join(y.Cache, "closing.yar") }

// compileAll compiles the files together, without those that cannot be.
func (r *yaraRules) compileAll(ctx context.Context, y Yara, files []string) error {
	fault, err := y.yarac(ctx, r.compiled, files)
	if err != nil || fault == nil {
		return err
	}
	var good []string
	for _, file := range files { // alone, to know which
		fault, err := y.yarac(ctx, r.compiled, []string{file})
		switch {
		case err != nil:
			return err
		case fault != nil:
			r.Signatures.fault(filepath.Base(fault.File), fault.Line, fault.Reason)
		default:
			good = append(good, file)
		}
	}
	if len(good) > 0 {
		fault, err = y.yarac(ctx, r.compiled, good)
	}
	if err == nil && fault != nil {
		err = fmt.Errorf("the YARA rules cannot be used: %s, line %d: %s", filepath.Base(fault.File), fault.Line, fault.Reason)
	}
	return err
}

// complaint is how yarac says what it does not understand, and where.
var complaint = regexp.MustCompile(`^error: (?:rule "[^"]*" in )?(.*)\(([0-9]+)\): (.*)$`)

// yarac compiles files, each with a namespace of its own, so that the same
// name in two of them is no fault. What is wrong with them is the fault.
func (y Yara) yarac(ctx context.Context, into string, files []string) (*Fault, error) {
	args := []string{"-w"}
	for i, file := range files {
		args = append(args, "r"+strconv.Itoa(i)+":"+file)
	}
	args = append(args, doneNamespace+":"+y.closing(), into)
	fault := &Fault{File: files[0], Reason: "yarac says nothing of why"}
	heard := false
	said := lineWriter{each: func(line string) {
		parts := complaint.FindStringSubmatch(line)
		if heard || parts == nil {
			return
		}
		heard = true
		fault.File, fault.Reason = parts[1], parts[3]
		fault.Line, _ = strconv.Atoi(parts[2])
	}}
	err := y.Run(ctx, "yarac", args, nil, io.Discard, &said)
	var ended interface{ ExitCode() int }
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !errors.As(err, &ended):
		return nil, fmt.Errorf("yarac cannot be used: %w", err)
	}
	return fault, nil
}

var ruleCount = regexp.MustCompile(`^number of rules +: ([0-9]+)$`)

// count returns how many rules a compiled file holds, without the last.
func (y Yara) count(ctx context.Context, compiled string) (int, error) {
	count := -1
	out := lineWriter{each: func(line string) {
		if parts := ruleCount.FindStringSubmatch(line); parts != nil {
			count, _ = strconv.Atoi(parts[1])
		}
	}}
	err := y.Run(ctx, "yara", []string{"-C", "-S", compiled, fillerFile}, nil, &out, io.Discard)
	if err == nil && count < 1 {
		err = errors.New("yara does not say how many rules there are")
	}
	return count - 1, err
}

// fault enters a part that could not be used.
func (s *Signatures) fault(file string, line int, reason string) {
	s.Faults++
	if len(s.Sample) < maxFaults {
		s.Sample = append(s.Sample, Fault{file, line, strings.ToValidUTF8(reason, "?")})
	}
}
