package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// The scan types of a custom scan, as published with v3.3.
const (
	ScanMemory            = 0
	ScanSystemVolume      = 1
	ScanPortableVolumes   = 2
	ScanAdditionalVolumes = 3
	ScanSpecificPath      = 4
	ScanBootRecords       = 5
)

type scanParams struct {
	FullScan  int    `json:"full_scan"`
	ScanTypes []int  `json:"scan_types,omitempty"` // custom scans only
	Path      string `json:"path,omitempty"`       // with ScanSpecificPath only

	// Quarantine is Reeve's own: whether what is found is put away. Without it
	// the settings of the device's group decide.
	Quarantine *bool `json:"quarantine,omitempty"`
}

// maxPath is the longest path of a custom scan in bytes, that of Linux.
const maxPath = 4096

var (
	fullScan = Param{
		Name: "full_scan", Rule: "full_scan must be 0 for a custom scan or 1 for a full one",
		Ask: Ask{Kind: One, Choices: []string{"1", "0"}, Default: "1"},
	}
	scanTypes = Param{
		Name: "scan_types", Rule: fmt.Sprintf("scan_types must be a list of whole numbers from %d to %d", ScanMemory, ScanBootRecords),
		Ask: Ask{Kind: Many, Choices: []string{"0", "1", "2", "3", "4", "5"}, When: "full_scan=0"},
	}
	scanPath = Param{
		Name: "path", Rule: fmt.Sprintf("scan type %d needs path, absolute as in /srv or C:\\Data, of at most %d bytes", ScanSpecificPath, maxPath),
		Ask: Ask{Kind: Text, Most: maxPath, When: "scan_types=4"},
	}
	scanQuarantine = Param{
		Name: "quarantine", Rule: "quarantine must be true or false",
		Ask: Ask{Kind: One, Choices: []string{"", "true", "false"}},
	}
)

func init() {
	define(Definition{
		Name:  "scan_threats",
		Title: "Scan for threats",
		Since: V3_2,
		Rules: map[Version]Rule{V3_2: agents(
			AgentRule{Kind: reeve.Persistent, System: reeve.Windows, Minimum: reeve.Version{7, 6, 206, 0}},
			AgentRule{Kind: reeve.Persistent, System: reeve.MacOS, Minimum: reeve.Version{10, 4, 205, 0}},
			AgentRule{Kind: reeve.Persistent, System: reeve.Linux}, // ours
		)},
		Agent:   true,
		Pauses:  true,
		Returns: true,
		Example: `{"full_scan":0,"scan_types":[4],"path":"/srv"}`,
		Params:  []Param{fullScan, scanTypes, scanPath, scanQuarantine},
		Lives: func(params json.RawMessage) (time.Duration, time.Duration) {
			if scanOf(params).FullScan == 1 {
				return 24 * time.Hour, 48 * time.Hour
			}
			return 24 * time.Hour, 24 * time.Hour
		},
		Parse: parseScan,
		Fits: func(params json.RawMessage, system reeve.System) reeve.Reason {
			path := scanOf(params).Path
			if path != "" && (system == reeve.Windows) == strings.HasPrefix(path, "/") {
				return reeve.ForeignPath
			}
			return reeve.NoReason
		},
	})
}

// parseScan reads only the members that count, since the others are ignored
// whatever they hold.
func parseScan(params json.RawMessage) (json.RawMessage, error) {
	var p scanParams
	if err := fullScan.read(params, &p.FullScan); err != nil {
		return nil, err
	}
	if err := scanQuarantine.read(params, &p.Quarantine); err != nil {
		return nil, err
	}
	switch p.FullScan {
	case 1: // everything: types and path are ignored
		return must(p), nil
	case 0:
	default:
		return nil, fullScan.refuse()
	}
	var types []*int // pointers, since a null is no scan of the memory
	if err := scanTypes.read(params, &types); err != nil {
		return nil, err
	}
	if len(types) == 0 {
		return nil, reeve.Errorf(reeve.Invalid, "a custom scan needs at least one of scan_types 0 to 5")
	}
	var seen [ScanBootRecords + 1]bool
	for _, t := range types {
		if t == nil || *t < ScanMemory || *t > ScanBootRecords {
			return nil, scanTypes.refuse()
		}
		if !seen[*t] {
			p.ScanTypes = append(p.ScanTypes, *t)
		}
		seen[*t] = true
	}
	if !seen[ScanSpecificPath] {
		return must(p), nil
	}
	if err := scanPath.read(params, &p.Path); err != nil {
		return nil, err
	}
	if !isAbsolute(p.Path) || len(p.Path) > maxPath || strings.ContainsRune(p.Path, 0) {
		return nil, scanPath.refuse()
	}
	return must(p), nil
}

// isAbsolute reports whether a path is absolute in POSIX or Windows style:
// /srv, C:\Data, C:/Data or \\server\share.
func isAbsolute(path string) bool {
	if strings.HasPrefix(path, "/") || strings.HasPrefix(path, `\\`) {
		return true
	}
	if len(path) < 3 || path[1] != ':' || (path[2] != '\\' && path[2] != '/') {
		return false
	}
	drive := path[0] | 0x20
	return drive >= 'a' && drive <= 'z'
}

func scanOf(params json.RawMessage) (p scanParams) {
	json.Unmarshal(params, &p) // parseScan made it
	return p
}
