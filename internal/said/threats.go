package said

import (
	"bytes"
	"encoding/json"
	"strings"

	"reeve"
)

// Limits on what is kept of a scan's threats: as many as an agent lists, and the
// longest path that systems allow.
const (
	maxThreats = 1000
	maxPath    = 4 << 10
)

// Threats returns what the result of a scan lists as found. Other results, and
// lists that are not of threats, have none: what is wrong in a result is for
// its reader to see, who gets the whole of it.
func Threats(result json.RawMessage) []reeve.Threat {
	if !bytes.Contains(result, []byte(`"threats"`)) {
		return nil
	}
	var r struct {
		Threats []struct {
			Path      string `json:"path"`
			Signature string `json:"signature"`
			Engine    string `json:"engine"`
			Size      int64  `json:"size"`
			SHA256    string `json:"sha256"`
			MD5       string `json:"md5"`

			Quarantine string `json:"quarantine"`
		} `json:"threats"`
	}
	if json.Unmarshal(result, &r) != nil {
		return nil
	}
	var out []reeve.Threat
	for _, t := range r.Threats[:min(len(r.Threats), maxThreats)] {
		// A path stays as it is, line feeds and all: it is to be found by it.
		out = append(out, reeve.Threat{
			Path: strings.ToValidUTF8(t.Path[:min(len(t.Path), maxPath)], ""), Signature: Line(t.Signature, MaxText), Engine: Line(t.Engine, MaxText),
			Size: max(t.Size, -1), SHA256: Line(t.SHA256, MaxText), MD5: Line(t.MD5, MaxText), Quarantine: Line(t.Quarantine, MaxText),
		})
	}
	return out
}

// Restored returns what the result of an unquarantine lists as brought back.
func Restored(result json.RawMessage) []string {
	if !bytes.Contains(result, []byte(`"restored"`)) {
		return nil
	}
	var r struct {
		Restored []struct {
			ID string `json:"id"`
		} `json:"restored"`
	}
	if json.Unmarshal(result, &r) != nil {
		return nil
	}
	var out []string
	for _, f := range r.Restored[:min(len(r.Restored), maxThreats)] {
		out = append(out, Line(f.ID, MaxText))
	}
	return out
}
