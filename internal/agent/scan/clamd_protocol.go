package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"
)

// What is said to clamd and what it answers: clamd(8), "COMMANDS". Commands
// that begin with z end with a zero byte, and so do their answers.

var errClamdStream = errors.New("the file is larger than clamd takes as a stream")

// streamFile sends the content of a file.
func streamFile(conn net.Conn, f *File) error {
	if _, err := io.WriteString(conn, "zINSTREAM\x00"); err != nil {
		return err
	}
	content := io.NewSectionReader(f, 0, f.Size)
	chunk := make([]byte, 4+64<<10)
	for {
		n, err := content.Read(chunk[4:])
		if err != nil && err != io.EOF {
			return err
		}
		binary.BigEndian.PutUint32(chunk, uint32(n)) // zero ends the stream
		if _, err := conn.Write(chunk[:4+n]); err != nil || n == 0 {
			return err
		}
	}
}

// splitClamd returns the answers in a text, and whether the last one has its
// end.
func splitClamd(text []byte) (answers []string, whole bool) {
	for len(text) > 0 {
		answer, rest, ended := bytes.Cut(text, []byte{0})
		if !ended {
			return answers, false
		}
		answers, text = append(answers, string(answer)), rest
	}
	return answers, true
}

// extended is what clamd adds to a signature's name with ExtendedDetectionInfo.
var extended = regexp.MustCompile(`\([0-9a-f]{32}:[0-9]+\)$`)

// clamdVerdict reads the answers on one file: "fd[12]: Name FOUND",
// "stream: OK" or "fd[12]: Why not ERROR".
func clamdVerdict(answers []string) (v Verdict) {
	for _, answer := range answers {
		_, said, named := strings.Cut(answer, ": ")
		if !named {
			said = answer
		}
		if said == "OK" {
			continue
		}
		name, found := strings.CutSuffix(said, " FOUND")
		name = extended.ReplaceAllString(name, "")
		switch {
		case found && strings.HasPrefix(name, "Heuristics.Limits.Exceeded"): // see AlertExceedsMax
			v.Missed = append(v.Missed, Miss{Reason: TooLarge, Err: errors.New("ClamAV's limits were exceeded")})
		case found && validName([]byte(name)):
			v.Findings = append(v.Findings, Finding{Signature: name})
		case strings.HasPrefix(said, "INSTREAM size limit exceeded"):
			v.Missed = append(v.Missed, Miss{Reason: TooLarge, Err: errClamdStream})
		default:
			v.Missed = append(v.Missed, Miss{Reason: Unjudged, Err: fmt.Errorf("clamd answered %q", answer[:min(len(answer), maxName)])})
		}
	}
	return v
}

// parseClamdVersion reads "ClamAV 1.4.6/27812/Sat Nov 21 09:12:34 2026": the
// program's version and, where it has the daily signatures of its makers, their
// number and date.
func parseClamdVersion(answer string) (Description, error) {
	version, ok := strings.CutPrefix(answer, "ClamAV ")
	if !ok || !validName([]byte(version)) {
		return Description{}, fmt.Errorf("%q is not the answer of ClamAV", answer[:min(len(answer), maxName)])
	}
	version, daily, _ := strings.Cut(version, "/")
	d := Description{Version: version}
	number, date, _ := strings.Cut(daily, "/")
	d.Signatures.Version = number
	if made, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", date, time.Local); err == nil {
		d.Signatures.Date = made.UTC()
	}
	return d, nil
}
