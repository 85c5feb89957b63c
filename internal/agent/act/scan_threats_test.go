package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"reeve/internal/agent/scan"
)

// eicar is put together here so that no file of the project holds it.
var eicar = strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}`, `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!`, `H+H*`}, "$")

// machine returns a host whose file systems are folders, each with a sample:
// system, usb below it, data, an NFS mount and a /proc.
func machine(t *testing.T) (h *fakeHost, root string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"system/srv", "usb", "data", "nfs", "proc"} {
		dir = filepath.Join(root, dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "sample"), []byte(eicar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &fakeHost{state: filepath.Join(root, "state"), volumes: []Volume{
		{SystemVolume, root + "/system", "ext4", 1000},
		{PortableVolume, root + "/usb", "vfat", 100},
		{AdditionalVolume, root + "/data", "tmpfs", 0},
		{RemoteVolume, root + "/nfs", "nfs4", -1},
		{PseudoVolume, root + "/proc", "proc", 0},
	}}, root
}

// states returns "name status reason" for each area, with root taken out.
func states(r scanResult, root string) (out []string) {
	for _, a := range r.Areas {
		line := strings.Join([]string{a.Name, a.Status, a.Reason}, "|")
		out = append(out, strings.ReplaceAll(line, root, ""))
	}
	return out
}

func TestFullScan(t *testing.T) {
	h, root := machine(t)
	var r scanResult
	o := run(t, h, "scan_threats", `{"full_scan":1,"scan_types":[99],"path":"/nowhere"}`, &r)
	want := []string{
		"Memory|not_scanned|no processes here",
		"System Volume|scanned|",
		"Portable Volumes|scanned|",
		"Additional Volumes|partial|/nfs is on another machine (nfs4)",
		"Boot Records|not_scanned|no disks here",
	}
	if got := states(r, root); !reflect.DeepEqual(got, want) {
		t.Errorf("areas %q, want %q", got, want)
	}
	wantMessage := "3 threats in 3 files; scanned in part: Additional Volumes; not scanned: Memory, Boot Records"
	if !o.OK || o.Message != wantMessage || h.quietly != 2 {
		t.Errorf("ended with %v %q, quietly %d times", o.OK, o.Message, h.quietly)
	}
	if r.Counts.Threats != 3 || len(r.Threats) != 3 || r.ThreatsTruncated || r.Threats[0].Path != root+"/system/srv/sample" {
		t.Errorf("threats %+v with counts %+v", r.Threats, r.Counts)
	}
	if len(r.Engines) != 1 || r.Engines[0].Name != "builtin" || r.Engines[0].Signatures != 1 {
		t.Errorf("engines %+v", r.Engines)
	}
	if r.Finished.Before(r.Started) || !strings.Contains(string(o.Result), `"started":"`+r.Started.Format("2006-01-02T15:04:05Z")+`"`) {
		t.Errorf("times in %s", o.Result)
	}
}

func TestCustomScan(t *testing.T) {
	h, root := machine(t)
	link := filepath.Join(root, "link")
	if err := os.Symlink(root+"/system/srv", link); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		types   []int
		path    string
		areas   []string
		threats int64
	}{
		"portable":                {[]int{2}, "", []string{"Portable Volumes|scanned|"}, 1},
		"a path":                  {[]int{4}, root + "/system/srv", []string{"Specific Path|scanned|"}, 1},
		"a file":                  {[]int{4}, root + "/system/srv/sample", []string{"Specific Path|scanned|"}, 1},
		"a link to a path":        {[]int{4}, link, []string{"Specific Path|scanned|"}, 1},
		"a path and memory":       {[]int{4, 0}, root + "/data", []string{"Memory|not_scanned|no processes here", "Specific Path|scanned|"}, 1},
		"a path in a volume":      {[]int{4, 1, 4}, root + "/system/srv", []string{"System Volume|scanned|", "Specific Path|scanned|"}, 1},
		"a remote path":           {[]int{4}, root + "/nfs", []string{"Specific Path|scanned|"}, 1},
		"a path above everything": {[]int{4}, root, []string{"Specific Path|partial|/nfs is on another machine (nfs4)"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			params, _ := json.Marshal(scanParams{ScanTypes: tt.types, Path: tt.path})
			var r scanResult
			o := run(t, h, "scan_threats", string(params), &r)
			if got := states(r, root); !o.OK || !reflect.DeepEqual(got, tt.areas) {
				t.Errorf("%q: areas %q, want %q", o.Message, got, tt.areas)
			}
			if tt.threats > 0 && r.Counts.Threats != tt.threats {
				t.Errorf("%d threats, want %d", r.Counts.Threats, tt.threats)
			}
		})
	}
}

func TestScanRefuses(t *testing.T) {
	h, root := machine(t)
	h.mayScan = func(path string) bool { return Below(path, root+"/data") || Below(path, root+"/proc") }
	refused(t, h, "scan_threats", `{}`, "neither a full scan nor")
	refused(t, h, "scan_threats", `{"full_scan":2,"scan_types":[1]}`, "neither a full scan nor")
	refused(t, h, "scan_threats", `{"scan_types":[6]}`, "neither a full scan nor")
	refused(t, h, "scan_threats", `{"scan_types":[4],"path":"srv"}`, "not absolute")
	refused(t, h, "scan_threats", `{"scan_types":[4],"path":"`+root+`/gone"}`, "/gone does not exist on this device")
	refused(t, h, "scan_threats", `{"scan_types":[4],"path":"`+root+`/system"}`, "the local policy does not allow scanning "+root+"/system")
	refused(t, h, "scan_threats", `{"scan_types":[4],"path":"`+root+`/proc"}`, "holds no files to scan")
	refused(t, h, "scan_threats", `{"scan_types":[0,5]}`, "nothing was scanned: Memory: no processes here; Boot Records: no disks here")

	// One area that policy refuses does not stop the others.
	var r scanResult
	o := run(t, h, "scan_threats", `{"scan_types":[1,3]}`, &r)
	want := []string{
		"System Volume|not_scanned|the local policy does not allow scanning /system",
		"Additional Volumes|partial|/nfs is on another machine (nfs4)",
	}
	if got := states(r, root); !o.OK || !reflect.DeepEqual(got, want) {
		t.Errorf("%q: areas %q, want %q", o.Message, got, want)
	}
}

// Processes and boot records are areas like the others, and EFI system
// partitions are scanned as the volumes that they are.
func TestScanOfMemoryAndBoot(t *testing.T) {
	h, root := machine(t)
	marker := "what a signature of this test looks for"
	signatures := h.SignatureDirs()[0]
	if err := os.MkdirAll(signatures, 0o755); err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("Test.Marker:0:*:%x\n", marker)
	if err := os.WriteFile(signatures+"/s.ndb", []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	record := func() *os.File {
		file, err := os.Create(filepath.Join(root, "record"))
		if err != nil {
			t.Fatal(err)
		}
		file.WriteString(marker)
		return file
	}
	h.processes = func(yield func(*scan.Process, error) bool) {
		memory := strings.NewReader("...." + marker)
		_ = yield(&scan.Process{ID: 7, Path: "/bin/good"}, nil) &&
			yield(&scan.Process{ID: 8, Path: "/bin/bad", Memory: memory, Regions: []scan.Region{{Start: 4, Size: memory.Size() - 4}}}, nil) &&
			yield(&scan.Process{ID: 9}, os.ErrPermission)
	}
	h.boot = Boot{Systems: []string{root + "/usb"}, Missing: []string{"one is not mounted"}}
	h.boot.Records = func(yield func(*scan.File, error) bool) {
		_ = yield(&scan.File{File: record(), Path: "/dev/sda: master boot record", Size: int64(len(marker))}, nil) &&
			yield(&scan.File{Path: "/dev/sdb"}, os.ErrPermission)
	}
	var r scanResult
	o := run(t, h, "scan_threats", `{"scan_types":[0,2,5]}`, &r)
	want := []string{
		"Memory|partial|in process memory, 1 entries could not be read",
		"Portable Volumes|scanned|",
		"Boot Records|partial|one is not mounted; in boot records, 1 entries could not be read",
	}
	if got := states(r, root); !o.OK || !reflect.DeepEqual(got, want) {
		t.Errorf("%q: areas %q, want %q", o.Message, got, want)
	}
	var found []string
	for _, threat := range r.Threats {
		found = append(found, strings.ReplaceAll(threat.Path, root, "")+" "+threat.Signature)
	}
	wantFound := []string{"process 8 (/bin/bad) Test.Marker", "/usb/sample Eicar-Test-Signature", "/dev/sda: master boot record Test.Marker"}
	if !reflect.DeepEqual(found, wantFound) || r.Counts.Processes != 2 || r.Counts.Files != 2 {
		t.Errorf("found %q with counts %+v, want %q", found, r.Counts, wantFound)
	}
	if r.Errors[0].Path != "process 9" || r.Errors[1].Path != "/dev/sdb" {
		t.Errorf("errors %+v", r.Errors)
	}
}

// A scan that is called off says how far it came, and is never clean.
func TestScanCalledOff(t *testing.T) {
	h, root := machine(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	h.openFile = func(path string) (*os.File, error) {
		if strings.Contains(path, "usb") {
			cancel(errors.New("the job was cancelled"))
		}
		return os.Open(path)
	}
	task := Task{Command: "c1", Action: "scan_threats", Params: json.RawMessage(`{"scan_types":[1,2,3]}`)}
	o := Run(ctx, h, task, nil)
	var r scanResult
	if err := json.Unmarshal(o.Result, &r); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"System Volume|scanned|",
		"Portable Volumes|partial|/usb was not finished: the job was cancelled",
		"Additional Volumes|not_scanned|/nfs is on another machine (nfs4); /data was not finished: the job was cancelled",
	}
	if got := states(r, root); o.OK || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v: areas %q, want %q", o, got, want)
	}
	if o.Message != "stopped before the end: the job was cancelled" {
		t.Errorf("message %q", o.Message)
	}
}

// lost is an engine that is not there.
type lost struct {
	name string
	why  error
}

func (e lost) Name() string                                   { return e.name }
func (e lost) Open(context.Context) (scan.Examination, error) { return nil, e.why }

// What an absent engine did not look at is no lack unless somebody expects it.
func TestScanWithoutAnEngine(t *testing.T) {
	none := fmt.Errorf("%w: no clamd", scan.ErrNotSetUp)
	for name, tt := range map[string]struct {
		why     error
		only    []string
		area    string
		engines []string
	}{
		"never set up":       {none, nil, "Specific Path|scanned|", []string{"builtin ", "clamav not set up here: no clamd"}},
		"broken":             {errors.New("it is silent"), nil, "Specific Path|partial|the engine clamav took no part: it is silent", []string{"builtin ", "clamav it is silent"}},
		"expected":           {none, []string{"clamav", "builtin"}, "Specific Path|partial|the engine clamav took no part: not set up here: no clamd", []string{"clamav not set up here: no clamd", "builtin "}},
		"not allowed":        {none, []string{"builtin"}, "Specific Path|scanned|", []string{"builtin "}},
		"not on this system": {none, []string{"builtin", "defender"}, "Specific Path|partial|the engine defender took no part: there is no engine defender on this system", []string{"builtin ", "defender there is no engine defender on this system"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, root := machine(t)
			h.engines, h.only = []scan.Engine{lost{"clamav", tt.why}}, tt.only
			var r scanResult
			o := run(t, h, "scan_threats", `{"scan_types":[4],"path":"`+root+`/data"}`, &r)
			var engines []string
			for _, e := range r.Engines {
				engines = append(engines, e.Name+" "+e.Unavailable)
			}
			if got := states(r, root); !o.OK || !reflect.DeepEqual(got, []string{tt.area}) || !reflect.DeepEqual(engines, tt.engines) {
				t.Errorf("%q: areas %q, engines %q", o.Message, got, engines)
			}
		})
	}
}

// A result must fit into a report, whatever the files are called.
func TestScanResultIsBounded(t *testing.T) {
	var r scanResult
	done := scan.Result{Counts: scan.Counts{Threats: scan.MaxThreats, Errors: 5000}}
	for i := range scan.MaxThreats {
		done.Threats = append(done.Threats, scan.Threat{Path: strings.Repeat("<\xff\x01", 1000) + fmt.Sprint(i)})
	}
	for range scan.MaxErrors {
		done.Errors = append(done.Errors, scan.Failure{Path: strings.Repeat("e", 4000)})
	}
	r.take(done)
	data := r.encode()
	var got scanResult
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(data) > maxScanResult || !got.ThreatsTruncated || len(got.Threats) == 0 {
		t.Errorf("%d bytes with %d threats, truncated: %v", len(data), len(got.Threats), got.ThreatsTruncated)
	}
	if got.Counts.Threats != scan.MaxThreats || got.Counts.Errors != 5000 {
		t.Errorf("the totals are lost: %+v", got.Counts)
	}
	if want := `<\xff\x01`; !strings.HasPrefix(got.Threats[0].Path, want) {
		t.Errorf("a path that is no text reads %.20q, want it to begin with %q", got.Threats[0].Path, want)
	}
}

func TestBelow(t *testing.T) {
	tests := map[[2]string]bool{
		{"/", "/"}: true, {"/a", "/"}: true, {"/a", "/a"}: true, {"/a/b", "/a"}: true,
		{"/ab", "/a"}: false, {"/", "/a"}: false, {"/a", "/b"}: false,
	}
	for pair, want := range tests {
		if Below(pair[0], pair[1]) != want {
			t.Errorf("Below(%q, %q) is %v", pair[0], pair[1], !want)
		}
	}
}
