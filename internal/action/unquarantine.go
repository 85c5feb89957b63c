package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// unquarantineParams name files that scans put into quarantine, as Threat does.
type unquarantineParams struct {
	Quarantine []string `json:"quarantine"`
}

// MaxBroughtBack is how many files one order brings back.
const MaxBroughtBack = 100

var putAway = Param{
	Name: "quarantine", Rule: fmt.Sprintf("quarantine must name 1 to %d files in quarantine, as the threats of the device do", MaxBroughtBack),
	Ask: Ask{Kind: Lines, Most: MaxBroughtBack},
}

func init() {
	define(Definition{
		Name:    "unquarantine",
		Title:   "Bring files back from quarantine",
		Since:   Own,
		Rules:   map[Version]Rule{Own: agents(persistent...)},
		Agent:   true,
		Lives:   lives(24*time.Hour, time.Hour),
		Example: `{"quarantine":["k3v7q2m5x4abcdef"]}`,
		Params:  []Param{putAway},
		Parse: func(params json.RawMessage) (json.RawMessage, error) {
			var p unquarantineParams
			if err := putAway.read(params, &p.Quarantine); err != nil {
				return nil, err
			}
			if len(p.Quarantine) == 0 || len(p.Quarantine) > MaxBroughtBack {
				return nil, putAway.refuse()
			}
			for _, id := range p.Quarantine {
				if len(id) == 0 || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
					return nil, reeve.Errorf(reeve.Invalid, "%.40q names nothing in quarantine; take the word from the threats of the device", id)
				}
			}
			return must(p), nil
		},
	})
}
