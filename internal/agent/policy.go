package agent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"reeve/internal/action"
	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
	"reeve/internal/agent/scan"
)

// maxPolicy is the most bytes that a policy file may have.
const maxPolicy = 64 << 10

// A Policy is the machine owner's veto: what the agent refuses whatever the
// server orders. It is a JSON file such as
//
//	{
//	  "actions": {"dhcprenew": false},
//	  "hours": {"scan_threats": ["22:00-06:00", "Sat-Sun 00:00-24:00"]},
//	  "scan_paths": ["/srv", "/home"],
//	  "deny_paths": ["/srv/private"],
//	  "engines": ["builtin", "clamav"],
//	  "quarantine": false,
//	  "report_neighbours": false,
//	  "signatures": "/usr/local/share/reeve-signatures"
//	}
//
// What is not named is allowed. With scan_paths only scans of a path that is
// one of these or below one are allowed, and no scan looks anywhere else; below
// deny_paths no scan looks at all. An action with hours begins within these
// only, see Hours. signatures and rules are the folders of the owner's signature
// files and YARA rules, by default folders of the agent's state.
//
// The file is read anew for every order and before every command begins; what
// runs goes on under the policy that it began with.
//
// A forbidden action is still offered to the server: so an order for it ends as
// refused, with the reason, where the one who ordered it can read it.
type Policy struct {
	Actions          map[string]bool  `json:"actions,omitempty"`
	Hours            map[string]Hours `json:"hours,omitempty"`
	ScanPaths        []string         `json:"scan_paths,omitempty"`
	DenyPaths        []string         `json:"deny_paths,omitempty"`
	Engines          []string         `json:"engines,omitempty"` // names of the only engines that may scan, and have to
	Clamd            string           `json:"clamd,omitempty"`   // its socket, or its address on this machine
	Quarantine       *bool            `json:"quarantine,omitempty"`
	ReportNeighbours *bool            `json:"report_neighbours,omitempty"`
	Signatures       string           `json:"signatures,omitempty"`
	Rules            string           `json:"rules,omitempty"`

	roots, denied []string // ScanPaths and DenyPaths with links resolved, the latter as host.Fold writes them
}

// ReadPolicy reads a policy file. A file that is not understood in full is an
// error: a veto that is misspelt must not be lost. So is one that others than
// root and the agent's own user may write, since it would not be the owner's.
func ReadPolicy(path string) (*Policy, error) {
	text, err := readOwned(path)
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
			err = fmt.Errorf("it has no member %s; there are actions, hours, scan_paths, deny_paths, engines, clamd, quarantine, report_neighbours, signatures and rules", member)
		}
		return nil, fmt.Errorf("the policy %s is not usable: %w", path, err)
	}
	return p, nil
}

// readOwned reads a file that nobody but the machine's owner can change.
func readOwned(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := host.CheckOwned(file); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPolicy+1))
	if err == nil && len(text) > maxPolicy {
		err = fmt.Errorf("%s is larger than %d kB", path, maxPolicy>>10)
	}
	return text, err
}

func (p *Policy) check() error {
	for name := range p.Actions {
		if !isAgents(name) {
			return fmt.Errorf("%q is not an action of the agent", name)
		}
	}
	for name := range p.Hours {
		if !isAgents(name) {
			return fmt.Errorf("hours are given for %q, which is not an action of the agent", name)
		}
	}
	for _, list := range []struct {
		what     string
		given    []string
		resolved *[]string
		written  func(string) string
	}{{"scan path", p.ScanPaths, &p.roots, filepath.Clean}, {"denied path", p.DenyPaths, &p.denied, host.Fold}} {
		for _, path := range list.given {
			if !filepath.IsAbs(path) {
				return fmt.Errorf("the %s %q is not absolute", list.what, path)
			}
			*list.resolved = append(*list.resolved, list.written(resolve(path)))
		}
	}
	if p.Engines != nil && len(p.Engines) == 0 {
		return errors.New("engines names none; forbid scan_threats under actions instead")
	}
	for _, name := range p.Engines {
		if !slices.Contains(scan.Names, name) {
			return fmt.Errorf("there is no engine %q; there are %s", name, strings.Join(scan.Names, ", "))
		}
	}
	if port, err := netip.ParseAddrPort(p.Clamd); p.Clamd != "" && !filepath.IsAbs(p.Clamd) && (err != nil || !port.Addr().IsLoopback()) {
		return fmt.Errorf("clamd is %q, which is neither the absolute path of a socket nor an address of this machine such as 127.0.0.1:3310", p.Clamd)
	}
	for _, folder := range []string{p.Signatures, p.Rules} {
		if folder != "" && !filepath.IsAbs(folder) {
			return fmt.Errorf("the folder %q is not absolute", folder)
		}
	}
	return nil
}

func isAgents(name string) bool {
	d, ok := action.Lookup(name)
	return ok && d.Agent && d.Since != ""
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
	if name != scanThreats || len(p.ScanPaths)+len(p.DenyPaths) == 0 {
		return ""
	}
	var scan struct {
		FullScan  int    `json:"full_scan"`
		ScanTypes []int  `json:"scan_types"`
		Path      string `json:"path"`
	}
	err := json.Unmarshal(params, &scan)
	path, other := resolve(scan.Path), func(t int) bool { return t != action.ScanSpecificPath }
	switch {
	case len(p.ScanPaths) > 0 && (err != nil || scan.FullScan != 0 || slices.ContainsFunc(scan.ScanTypes, other) || !within(path, p.roots)):
		return "the local policy allows only scans of " + strings.Join(p.ScanPaths, ", ")
	case slices.Contains(scan.ScanTypes, action.ScanSpecificPath) && within(host.Fold(path), p.denied):
		return "the local policy forbids scans of " + scan.Path
	}
	return ""
}

// MayScan reports whether the policy lets a scan look at a path, in which links
// are resolved.
func (p *Policy) MayScan(path string) bool {
	return (len(p.ScanPaths) == 0 || within(path, p.roots)) && !within(host.Fold(path), p.denied)
}

// within reports whether path is one of the roots or below one.
func within(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return act.Below(path, root) })
}

// MayReportNeighbours reports whether the server may be told of other machines
// that this one sees, if it asks for that.
func (p *Policy) MayReportNeighbours() bool { return p.ReportNeighbours == nil || *p.ReportNeighbours }

// MayQuarantine reports whether the policy lets files be moved to quarantine.
func (p *Policy) MayQuarantine() bool { return p.Quarantine == nil || *p.Quarantine }

// SignatureDir returns the folder of the signature files of an agent with the
// given state folder.
func (p *Policy) SignatureDir(state string) string {
	return cmp.Or(p.Signatures, filepath.Join(state, "signatures"))
}

// RuleDir returns the folder of the YARA rules, likewise.
func (p *Policy) RuleDir(state string) string {
	return cmp.Or(p.Rules, filepath.Join(state, "rules"))
}
