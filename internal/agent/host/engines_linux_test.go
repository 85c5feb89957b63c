package host

import (
	"crypto/md5"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent/scan"
)

// write makes files below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// eicar is put together here so that no file of the project holds it.
var eicar = strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}`, `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!`, `H+H*`}, "$")

// Debian's clamd and yara, found where they are, and the built-in engine name
// the same file in one pass.
func TestEnginesOfThisMachine(t *testing.T) {
	state, root := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{
		"etc/clamav/clamd.conf":  "# ours\nLocalSocket " + "/run/clamav/clamd.ctl" + "\nMaxFileSize 1M\nForeground yes\n",
		"run/clamav/own.hdb":     fmt.Sprintf("%x:%d:Own.Eicar\n", md5.Sum([]byte(eicar)), len(eicar)),
		"files/sample":           eicar,
		"files/clean":            "clean",
		"files/large":            strings.Repeat("x", 2<<20),
		"rules/eicar.yar":        `rule Own_EICAR { strings: $a = "EICAR-STANDARD" condition: $a }`,
		"run/clamav/daemon.conf": "DatabaseDirectory " + root + "/run/clamav\nLocalSocket " + root + "/run/clamav/clamd.ctl\nForeground yes\n",
	})
	clamd := exec.Command("clamd", "--config-file", root+"/run/clamav/daemon.conf")
	clamd.Env = []string{searchPath, "TMPDIR=" + state}
	if err := clamd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		clamd.Process.Kill()
		clamd.Wait()
	})
	until(t, func() bool {
		conn, err := net.Dial("unix", root+"/run/clamav/clamd.ctl")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})

	m := Open(state)
	m.root = root
	setup := EngineSetup{Rules: []string{root + "/rules"}, Cache: state + "/yara"}
	engines := append([]scan.Engine{scan.BuiltIn(nil, m.Quietly)}, m.Engines(setup)...)
	r := scan.Scan(t.Context(), engines, []scan.Root{{Path: root + "/files"}}, scan.Options{}, nil)
	var found []string
	for _, threat := range r.Threats {
		found = append(found, threat.Engine+" "+threat.Signature+" "+filepath.Base(threat.Path))
		if threat.SHA256 != "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f" {
			t.Errorf("its digest is %s", threat.SHA256)
		}
	}
	slices.Sort(found)
	want := []string{"builtin Eicar-Test-Signature sample", "clamav Own.Eicar.UNOFFICIAL sample", "yara Own_EICAR sample"}
	if !slices.Equal(found, want) || r.Counts.Files != 3 || r.Counts.Missed != 1 {
		t.Errorf("found %q in %+v, engines %+v", found, r.Counts, r.Engines)
	}
}

// until asks until the answer is yes. It waits for other programs, which say
// nothing when they are ready.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within a minute")
		}
	}
}

// What yara's programs inherit: nothing but low priority.
func TestYaraRunsQuietly(t *testing.T) {
	m := Open(t.TempDir())
	programs := yaraPrograms
	t.Cleanup(func() { yaraPrograms = programs })
	yaraPrograms = map[string][]string{"yara": {"/no/yara", "/usr/bin/nice"}, "disk": {"/usr/bin/ionice"}, "env": {"/usr/bin/env"}}
	for program, want := range map[string]string{"yara": "19\n", "disk": "idle\n", "env": searchPath + "\n"} {
		var out strings.Builder
		if err := m.runYara(t.Context(), program, nil, nil, &out, &out); err != nil || out.String() != want {
			t.Errorf("%s says %q, %v", program, out.String(), err)
		}
	}
	if err := m.runYara(t.Context(), "yarac", nil, nil, nil, nil); err == nil || err.Error() != "yarac is not installed: file does not exist" {
		t.Errorf("without the program: %v", err)
	}
}
