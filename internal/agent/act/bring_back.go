package act

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"reeve"
	"reeve/internal/action"
)

// bringBackParams name files, or say which of them are meant.
type bringBackParams struct {
	Which      string   `json:"which"` // empty if they are named
	Quarantine []string `json:"quarantine"`
	Signature  string   `json:"signature"`
	SHA256     string   `json:"sha256"`
}

type bringBackResult struct {
	Restored []broughtBack `json:"restored"`
	Failed   []broughtBack `json:"failed,omitempty"`
}

type broughtBack struct {
	ID   string `json:"id"`
	Path string `json:"path,omitempty"`
	Why  string `json:"why,omitempty"` // it was not
}

func init() { perform("unquarantine", true, bringBack) }

func bringBack(ctx context.Context, h Host, t Task, p bringBackParams, _ func(Progress)) (Outcome, error) {
	left := 0
	if p.Which != "" {
		meant, err := meantBy(h, t, p)
		if err != nil {
			return Outcome{}, err
		}
		p.Quarantine, left = fitting(meant)
	} else if len(p.Quarantine) == 0 || len(p.Quarantine) > action.MaxBroughtBack {
		return Outcome{}, reeve.Errorf(reeve.Invalid, "the command names %d files; it takes 1 to %d", len(p.Quarantine), action.MaxBroughtBack)
	}
	result := bringBackResult{Restored: []broughtBack{}}
	for _, id := range p.Quarantine {
		path, err := h.BringBack(ctx, id)
		if err != nil {
			result.Failed = append(result.Failed, broughtBack{ID: id, Path: path, Why: err.Error()})
			continue
		}
		result.Restored = append(result.Restored, broughtBack{ID: id, Path: path})
	}
	o := Outcome{Message: fmt.Sprintf("%d of %d files are back in their places", len(result.Restored), len(p.Quarantine)+left), Result: encode(result)}
	switch {
	case len(result.Failed) > 0:
		return o, reeve.Errorf(reeve.Conflict, "%s; %s: %s", o.Message, result.Failed[0].ID, result.Failed[0].Why)
	case left > 0:
		return o, reeve.Errorf(reeve.Unavailable, "%s: no more fit one report; order it again for the rest", o.Message)
	}
	return o, nil
}

// meantBy lists the files in quarantine that are meant, oldest first: of those
// that were there when it was ordered, since nobody had what came later in mind.
func meantBy(h Host, t Task, p bringBackParams) ([]PutAway, error) {
	files, err := h.PutAwayBy("")
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f PutAway) bool {
		isMeant := false
		switch p.Which {
		case "all":
			isMeant = true
		case "signature":
			isMeant = f.Signature == p.Signature
		case "sha256":
			isMeant = f.SHA256 == p.SHA256
		}
		return !isMeant || !t.Issued.IsZero() && f.At.After(t.Issued)
	})
	slices.SortFunc(files, func(a, b PutAway) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return files, nil
}

// fitting are the names of as many files as one report tells of, and how many
// are left.
func fitting(files []PutAway) (ids []string, left int) {
	room := maxPutAway
	for i, f := range files {
		if room -= costOf(f.Path); room < 0 {
			return ids, len(files) - i
		}
		ids = append(ids, f.ID)
	}
	return ids, 0
}
