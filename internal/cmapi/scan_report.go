package cmapi

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// scanResult is what an agent reports of a scan, as far as the report's tables
// need it; scan.json carries the whole of it.
type scanResult struct {
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`

	Interrupted int    `json:"interrupted"` // how often
	BeganAnew   string `json:"began_anew"`  // why it did not go on then

	Engines []scanEngine `json:"engines"`
	Areas   []struct {
		Name   string   `json:"name"`
		Roots  []string `json:"roots"`
		Status string   `json:"status"`
		Reason string   `json:"reason"`
	} `json:"areas"`
	Counts struct {
		Files       int64 `json:"files"`
		Bytes       int64 `json:"bytes"`
		Directories int64 `json:"directories"`
		Skipped     int64 `json:"skipped"`
		Errors      int64 `json:"errors"`
		Threats     int64 `json:"threats"`
	} `json:"counts"`
	Threats          []threat `json:"threats"`
	ThreatsTruncated bool     `json:"threats_truncated"`
	Errors           []struct {
		Path  string `json:"path"`
		Error string `json:"error"`
	} `json:"errors"`
}

// A scanEngine is what an agent reports of an engine.
type scanEngine struct {
	Name          string     `json:"name"`
	Version       string     `json:"version"`
	Unavailable   string     `json:"unavailable"`
	Signatures    int64      `json:"signatures"`        // zero if it does not say
	SignatureSet  string     `json:"signature_version"` // likewise, and so are the others
	SignatureDate *time.Time `json:"signature_date"`
	Judged        int64      `json:"judged"`
}

// String says in a line with what the engine looked at how much, or why it did
// not.
func (e scanEngine) String() string {
	if e.Unavailable != "" {
		return plain(e.Name) + " took no part: " + plain(e.Unavailable)
	}
	text := plain(e.Name) + prefixed(" ", e.Version)
	if e.Signatures > 0 {
		text += fmt.Sprintf(" with %d signatures", e.Signatures)
	}
	if e.SignatureSet != "" {
		text += ", signatures " + plain(e.SignatureSet)
	}
	if e.SignatureDate != nil {
		text += " of " + timestamp(*e.SignatureDate)
	}
	return text + fmt.Sprintf("; judged %d", e.Judged)
}

type threat struct {
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Engine    string `json:"engine"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	MD5       string `json:"md5"`
}

// writeScanReport writes the zip of a scan: scan.json with everything,
// threats.csv for a spreadsheet, scan.log for reading.
func writeScanReport(w io.Writer, job reeve.Job, c reeve.Command, raw json.RawMessage) error {
	var result scanResult
	if err := json.Unmarshal(raw, &result); err != nil {
		return err
	}
	full, err := json.MarshalIndent(struct {
		CommandID string          `json:"command_id"`
		DeviceID  string          `json:"device_id"`
		HostName  string          `json:"host_name"`
		Issued    string          `json:"issued"`
		Params    json.RawMessage `json:"params"`
		Result    json.RawMessage `json:"result"`
	}{c.ID.String(), c.DeviceID, c.Hostname, timestamp(job.Issued), job.Params, raw}, "", "  ")
	if err != nil {
		return err
	}
	archive := zip.NewWriter(w)
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{"scan.json", append(full, '\n')},
		{"threats.csv", threatTable(result.Threats)},
		{"scan.log", scanLog(c, result)},
	} {
		part, err := archive.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: c.Changed.UTC()})
		if err != nil {
			return err
		}
		if _, err := part.Write(file.content); err != nil {
			return err
		}
	}
	return archive.Close()
}

func threatTable(threats []threat) []byte {
	var out bytes.Buffer
	table := csv.NewWriter(&out)
	table.Write([]string{"path", "threat", "engine", "size", "sha256", "md5"})
	for _, t := range threats {
		table.Write([]string{door.Cell(t.Path), door.Cell(t.Signature), door.Cell(t.Engine), strconv.FormatInt(t.Size, 10), door.Cell(t.SHA256), door.Cell(t.MD5)})
	}
	table.Flush() // a buffer takes everything
	return out.Bytes()
}

func scanLog(c reeve.Command, r scanResult) []byte {
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("Scan of %s (device %s), command %s", plain(c.Hostname), c.DeviceID, c.ID)
	line("From %s to %s, %s", timestamp(r.Started), timestamp(r.Finished), r.Finished.Sub(r.Started).Round(time.Second))
	switch {
	case r.BeganAnew != "":
		line("Interrupted, and begun again: %s", plain(r.BeganAnew))
	case r.Interrupted > 0:
		line("Interruptions: %d; it went on where it was", r.Interrupted)
	}
	for _, e := range r.Engines {
		line("Engine %s", e)
	}
	for _, a := range r.Areas {
		line("Area %s: %s%s%s", plain(a.Name), plain(a.Status), prefixed(" in ", strings.Join(a.Roots, " ")), prefixed("; ", a.Reason))
	}
	n := r.Counts
	line("%d files, %d bytes, %d directories; %d skipped, %d errors, %d threats", n.Files, n.Bytes, n.Directories, n.Skipped, n.Errors, n.Threats)
	for _, t := range r.Threats {
		line("Threat %s found by %s in %s, %d bytes, SHA-256 %s", plain(t.Signature), plain(t.Engine), plain(t.Path), t.Size, plain(t.SHA256))
	}
	if r.ThreatsTruncated {
		line("More threats were found than are listed")
	}
	for _, e := range r.Errors {
		line("Error in %s: %s", plain(e.Path), plain(e.Error))
	}
	return out.Bytes()
}

// plain keeps text of a device on one line, whatever it holds.
func plain(s string) string {
	quoted := strconv.Quote(s)
	if quoted == `"`+s+`"` {
		return s
	}
	return quoted
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + plain(s)
}
