package scan

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestClamdVerdict(t *testing.T) {
	long := "fd[10]: " + strings.Repeat("n", 300) + " FOUND"
	for name, tt := range map[string]struct {
		answers    string
		findings   []string
		missed     int
		reason     Reason
		unfinished bool
	}{
		"clean":               {answers: "fd[10]: OK\x00"},
		"a stream":            {answers: "stream: OK\x00"},
		"a threat":            {answers: "fd[10]: Win.Test.EICAR_HDB-1 FOUND\x00", findings: []string{"Win.Test.EICAR_HDB-1"}},
		"with details":        {answers: "stream: Eicar-Test(44d88612fea8a8f36de82e1278abb02f:68) FOUND\x00", findings: []string{"Eicar-Test"}},
		"several":             {answers: "fd[10]: A FOUND\x00fd[10]: B FOUND\x00", findings: []string{"A", "B"}},
		"beyond its limits":   {answers: "fd[10]: Heuristics.Limits.Exceeded.MaxFileSize FOUND\x00", missed: 1, reason: TooLarge},
		"a stream too large":  {answers: "INSTREAM size limit exceeded. ERROR\x00", missed: 1, reason: TooLarge},
		"an error":            {answers: "fd[10]: Can't allocate memory ERROR\x00", missed: 1, reason: Unjudged},
		"nothing it may say":  {answers: "UNKNOWN COMMAND\x00", missed: 1, reason: Unjudged},
		"an empty answer":     {answers: "\x00", missed: 1, reason: Unjudged},
		"OK of nobody":        {answers: "OK\x00"},
		"a name with escapes": {answers: "fd[10]: a\x1b[2J FOUND\x00", missed: 1, reason: Unjudged},
		"a name too long":     {answers: long + "\x00", missed: 1, reason: Unjudged},
		"half an answer":      {answers: "fd[10]: OK\x00fd[10", unfinished: true},
	} {
		t.Run(name, func(t *testing.T) {
			answers, whole := splitClamd([]byte(tt.answers))
			if whole == tt.unfinished {
				t.Fatalf("whole is %v", whole)
			}
			v := clamdVerdict(answers)
			var findings []string
			for _, f := range v.Findings {
				findings = append(findings, f.Signature)
			}
			if !reflect.DeepEqual(findings, tt.findings) || len(v.Missed) != tt.missed || tt.missed > 0 && v.Missed[0].Reason != tt.reason {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestClamdVersion(t *testing.T) {
	for answer, want := range map[string]Description{
		"ClamAV 1.4.6": {Version: "1.4.6"},
		"ClamAV 1.4.6/27812/Sat Nov 21 09:12:34 2026": {Version: "1.4.6",
			Signatures: Signatures{Version: "27812", Date: time.Date(2026, 11, 21, 9, 12, 34, 0, time.Local).UTC()}},
		"ClamAV 0.103.8/26800/Sun Feb  5 08:00:00 2023": {Version: "0.103.8",
			Signatures: Signatures{Version: "26800", Date: time.Date(2023, 2, 5, 8, 0, 0, 0, time.Local).UTC()}},
		"ClamAV 1.4.6/1/whenever": {Version: "1.4.6", Signatures: Signatures{Version: "1"}},
	} {
		if got, err := parseClamdVersion(answer); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{"", "PONG", "ClamAV \x1b", "HTTP/1.1 400 Bad Request\r\n"} {
		if got, err := parseClamdVersion(answer); err == nil {
			t.Errorf("%q is read as %+v", answer, got)
		}
	}
}
