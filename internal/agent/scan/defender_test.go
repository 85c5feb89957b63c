package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// exit is how a program ended.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
func (e exit) ExitCode() int { return int(e) }

const defenderFound = `Scan starting...
Scan finished.
Scanning C:\samples found 2 threats.

<===========================LIST OF DETECTED THREATS==========================>
----------------------------- Threat information ------------------------------
Threat                  : Virus:DOS/EICAR_Test_File
Resources               : 2 total
    containerfile       : C:\samples\archive.zip
    file                : C:\samples\archive.zip->eicar.com
-------------------------------------------------------------------------------
----------------------------- Threat information ------------------------------
Threat                  : Trojan:Win32/Test
Resources               : 1 total
    file                : C:\samples\a : b.exe
-------------------------------------------------------------------------------
`

func TestDefender(t *testing.T) {
	dir := tree(t, map[string]string{"file": "x"})
	for name, tt := range map[string]struct {
		said  string
		ended error
		want  []string
		why   string
	}{
		"threats": {defenderFound, exit(2), []string{
			`C:\samples\archive.zip|eicar.com|Virus:DOS/EICAR_Test_File`, `C:\samples\a : b.exe||Trojan:Win32/Test`}, ""},
		"nothing":  {"Scan starting...\r\nScan finished.\r\nScanning C:\\samples found no threats.\r\n", nil, nil, ""},
		"failed":   {"CmdTool: Failed with hr = 0x800106ba. Check C:\\Windows\\Temp\\MpCmdRun.log for more information\r\n", exit(2), nil, "exit status 2: CmdTool: Failed with hr = 0x800106ba"},
		"silent":   {"", nil, nil, "did not say that it had finished"},
		"too soon": {"Scan starting...\n", nil, nil, "did not say that it had finished: Scan starting..."},
		"broken":   {defenderFound, exit(3), []string{`C:\samples\archive.zip|eicar.com|Virus:DOS/EICAR_Test_File`, `C:\samples\a : b.exe||Trojan:Win32/Test`}, "exit status 3"},
		"gone":     {"", errors.New("no such file"), nil, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			var ran []string
			d := Defender{
				Describe: func() (Description, error) { return Description{Version: "1.1"}, nil },
				Run: func(_ context.Context, args []string, out io.Writer) error {
					ran = append(ran, strings.Join(args, " "))
					io.WriteString(out, tt.said)
					return tt.ended
				},
			}
			r := Scan(t.Context(), []Engine{d.Engine(), BuiltIn(nil, nil)}, []Root{{Path: dir}}, Options{}, nil)
			var got []string
			for _, threat := range r.Threats {
				got = append(got, strings.Join([]string{threat.Path, threat.Within, threat.Signature}, "|"))
			}
			if !reflect.DeepEqual(got, tt.want) || r.Counts.Threats != int64(len(tt.want)) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			why := ""
			for _, failure := range r.Errors {
				why += failure.Error
			}
			if (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("failed with %q, want %q", why, tt.why)
			}
			if want := []string{"-Scan -ScanType 3 -File " + dir + " -DisableRemediation"}; !reflect.DeepEqual(ran, want) {
				t.Errorf("ran %q, want %q", ran, want)
			}
		})
	}
}

// A program that goes over a tree by itself cannot be kept from what the
// policy leaves out: it does not go.
func TestDefenderIsKeptFromWhatIsNotAllowed(t *testing.T) {
	d := Defender{
		Describe: func() (Description, error) { return Description{}, nil },
		Run: func(context.Context, []string, io.Writer) error {
			t.Error("it ran")
			return nil
		},
	}
	dir := tree(t, map[string]string{"private": "x", "file": "x"})
	o := Options{Allow: func(path string) bool { return filepath.Base(path) != "private" }}
	r := Scan(t.Context(), []Engine{d.Engine()}, []Root{{Path: dir}}, o, nil)
	if r.Roots[0].Missed[Lack{"defender", Refused}] != 1 {
		t.Errorf("got %+v", r)
	}
}
