package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// unquarantineParams say which files that scans put into quarantine come back:
// those that are listed by their names there, those in which something was
// found, those with one content, or all.
type unquarantineParams struct {
	Which      string   `json:"which,omitempty"` // left out for those that are listed
	Quarantine []string `json:"quarantine,omitempty"`
	Signature  string   `json:"signature,omitempty"`
	SHA256     string   `json:"sha256,omitempty"`
}

// What which says.
const (
	everythingAway = "all"
	bySignature    = "signature"
	byContent      = "sha256"
	byList         = "listed"
)

// MaxBroughtBack is how many files one order lists.
const MaxBroughtBack = 100

// maxSignature is the longest name of a threat in bytes, as agents tell it.
const maxSignature = 256

var (
	whichAway = Param{
		Name: "which", Rule: "which must be all, signature, sha256 or listed, and go with the member of this name, or with quarantine if it is listed",
		Ask: Ask{Kind: One, Choices: []string{bySignature, byContent, everythingAway, byList}, Default: bySignature},
	}
	awaySignature = Param{
		Name: "signature", Rule: fmt.Sprintf("signature must be the name of a threat as scans tell it, of at most %d bytes", maxSignature),
		Ask: Ask{Kind: Text, Most: maxSignature, When: "which=" + bySignature},
	}
	awayContent = Param{
		Name: "sha256", Rule: "sha256 must be the SHA-256 of a file, 64 hex digits",
		Ask: Ask{Kind: Text, Most: 64, When: "which=" + byContent},
	}
	putAway = Param{
		Name: "quarantine", Rule: fmt.Sprintf("quarantine must name 1 to %d files in quarantine, as the threats of the device do", MaxBroughtBack),
		Ask: Ask{Kind: Lines, Most: MaxBroughtBack, When: "which=" + byList},
	}
)

func init() {
	define(Definition{
		Name:    "unquarantine",
		Title:   "Bring files back from quarantine",
		Since:   Own,
		Rules:   map[Version]Rule{Own: agents(persistent...)},
		Agent:   true,
		Lives:   lives(24*time.Hour, time.Hour),
		Example: `{"quarantine":["k3v7q2m5x4abcdef"]}`,
		Params:  []Param{whichAway, awaySignature, awayContent, putAway},
		Parse:   parseUnquarantine,
		Away: func(params json.RawMessage) (reeve.Quarantined, bool) {
			var p unquarantineParams
			json.Unmarshal(params, &p) // Parse made it
			return reeve.Quarantined{SHA256: p.SHA256, Signature: p.Signature}, p.Which != ""
		},
	})
}

func parseUnquarantine(params json.RawMessage) (json.RawMessage, error) {
	var p unquarantineParams
	for _, member := range []struct {
		param Param
		value any
	}{{whichAway, &p.Which}, {awaySignature, &p.Signature}, {awayContent, &p.SHA256}, {putAway, &p.Quarantine}} {
		if err := member.param.read(params, member.value); err != nil {
			return nil, err
		}
	}
	given := ""
	for which, is := range map[string]bool{bySignature: p.Signature != "", byContent: p.SHA256 != "", byList: len(p.Quarantine) > 0} {
		switch {
		case is && given != "":
			return nil, whichAway.refuse()
		case is:
			given = which
		}
	}
	switch {
	case given == "" && p.Which == everythingAway:
		return must(p), nil
	case given == "" && p.Which == bySignature:
		return nil, awaySignature.refuse()
	case given == "" && p.Which == byContent:
		return nil, awayContent.refuse()
	case given == "" && (p.Which == "" || p.Which == byList):
		return nil, putAway.refuse()
	case p.Which != "" && p.Which != given:
		return nil, whichAway.refuse()
	}
	p.Which = given
	switch given {
	case bySignature:
		if len(p.Signature) > maxSignature {
			return nil, awaySignature.refuse()
		}
	case byContent:
		p.SHA256 = strings.ToLower(p.SHA256)
		if len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != "" {
			return nil, awayContent.refuse()
		}
	case byList:
		p.Which = ""
		if len(p.Quarantine) > MaxBroughtBack {
			return nil, putAway.refuse()
		}
		for _, id := range p.Quarantine {
			if len(id) == 0 || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
				return nil, reeve.Errorf(reeve.Invalid, "%.40q names nothing in quarantine; take the word from the threats of the device", id)
			}
		}
	}
	return must(p), nil
}
