package agent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"reeve/internal/action"
)

// A Policy is the machine owner's veto: what the agent refuses whatever the
// server orders. It is a JSON file such as
//
//	{
//	  "actions": {"dhcprenew": false},
//	  "scan_paths": ["/srv", "/home"],
//	  "signatures": "/usr/local/share/reeve-signatures"
//	}
//
// An action that is not named is allowed. With scan_paths only scans of a path
// that is one of these or below one are allowed, and no scan looks anywhere
// else. signatures and rules are the folders of the owner's signature files and
// YARA rules, by default folders of the agent's state. The file is read when the agent starts.
//
// A forbidden action is still offered to the server: so an order for it ends as
// refused, with the reason, where the one who ordered it can read it.
type Policy struct {
	Actions    map[string]bool `json:"actions,omitempty"`
	ScanPaths  []string        `json:"scan_paths,omitempty"`
	Signatures string          `json:"signatures,omitempty"`
	Rules      string          `json:"rules,omitempty"`

	roots []string // ScanPaths with links resolved
}

// ReadPolicy reads a policy file. A file that is not understood in full is an
// error: a veto that is misspelt must not be lost.
func ReadPolicy(path string) (*Policy, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	p := &Policy{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err = d.Decode(p); err == nil {
		err = p.check()
	}
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = fmt.Errorf("there is something behind its end")
	}
	if err != nil {
		if member, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			err = fmt.Errorf("it has no member %s; there are actions, scan_paths, signatures and rules", member)
		}
		return nil, fmt.Errorf("the policy %s is not usable: %w", path, err)
	}
	return p, nil
}

func (p *Policy) check() error {
	for name := range p.Actions {
		if d, ok := action.Lookup(name); !ok || !d.Agent || d.Since == "" {
			return fmt.Errorf("%q is not an action of the agent", name)
		}
	}
	for _, path := range p.ScanPaths {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("the scan path %q is not absolute", path)
		}
		p.roots = append(p.roots, resolve(path))
	}
	for _, folder := range []string{p.Signatures, p.Rules} {
		if folder != "" && !filepath.IsAbs(folder) {
			return fmt.Errorf("the folder %q is not absolute", folder)
		}
	}
	return nil
}

// resolve follows links as far as there is something.
func resolve(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// Refuses says in a sentence why an order is against the policy, or "".
func (p *Policy) Refuses(name string, params json.RawMessage) string {
	if allowed, named := p.Actions[name]; named && !allowed {
		return "the local policy forbids " + name
	}
	if name != "scan_threats" || len(p.ScanPaths) == 0 {
		return ""
	}
	var scan struct {
		FullScan  int    `json:"full_scan"`
		ScanTypes []int  `json:"scan_types"`
		Path      string `json:"path"`
	}
	err := json.Unmarshal(params, &scan)
	other := func(t int) bool { return t != action.ScanSpecificPath }
	if err != nil || scan.FullScan != 0 || slices.ContainsFunc(scan.ScanTypes, other) || !p.MayScan(resolve(scan.Path)) {
		return "the local policy allows only scans of " + strings.Join(p.ScanPaths, ", ")
	}
	return ""
}

// MayScan reports whether the policy lets a scan look at a path, in which links
// are resolved.
func (p *Policy) MayScan(path string) bool {
	if len(p.ScanPaths) == 0 {
		return true
	}
	return slices.ContainsFunc(p.roots, func(root string) bool {
		rest, ok := strings.CutPrefix(path, strings.TrimSuffix(root, string(filepath.Separator)))
		return ok && (rest == "" || rest[0] == filepath.Separator)
	})
}

// SignatureDir returns the folder of the signature files of an agent with the
// given state folder.
func (p *Policy) SignatureDir(state string) string {
	return cmp.Or(p.Signatures, filepath.Join(state, "signatures"))
}

// RuleDir returns the folder of the YARA rules, likewise.
func (p *Policy) RuleDir(state string) string {
	return cmp.Or(p.Rules, filepath.Join(state, "rules"))
}
