package packaging

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// pack makes parts of what is released, as of a version, in a new folder.
func pack(t *testing.T, version string, parts ...string) (folder string) {
	t.Helper()
	for _, program := range []string{"dpkg-deb", "rpmbuild", "zip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install the Debian packages dpkg, rpm and zip", program)
		}
	}
	folder = t.TempDir()
	cmd := exec.Command("../scripts/dist.sh", append([]string{folder}, parts...)...)
	cmd.Env = append(os.Environ(), "REEVE_VERSION="+version, "SOURCE_DATE_EPOCH=1700000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dist.sh: %v\n%s", err, out)
	}
	return folder
}

// onlyRoot stops a test that needs namespaces.
func onlyRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test installs in a root of its own, which only root may: run it as root or through scripts/gotest.sh")
	}
}

// enter runs a script of testdata in a copy of this machine's file system that
// lasts as long as the script, with the folder test in its root. $1 is where the
// copy is made, $2 the folder, $3 the script.
const enter = `set -eu
mount -t tmpfs tmpfs "$1"
mkdir "$1/over" "$1/work" "$1/system"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/over,workdir=$1/work" "$1/system"
cp -r "$2" "$1/system/test"
mount -t proc proc "$1/system/proc"
mount --rbind /dev "$1/system/dev"
chroot "$1/system" /bin/sh "/test/$3"
find "$1/over" -path "$1/over/test" -prune -o -name '*reeve-agent*' ! -type c -print
`

// Packages are installed, upgraded and removed on this machine's file system,
// whose changes are then forgotten.
func TestPackages(t *testing.T) {
	onlyRoot(t)
	folder := t.TempDir()
	arch := runtime.GOARCH
	for name, version := range map[string]string{"old": "26.0.1", "new": "26.0.2"} {
		if err := os.Rename(pack(t, version, "deb-"+arch, "rpm-"+arch), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(folder, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"deb.sh", "rpm.sh"} {
		cmd := exec.Command("unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", enter, "enter", t.TempDir(), folder, script)
		cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
		var left, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, &said)
			continue
		}
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "/over/") {
				left.WriteString(line)
			}
		}
		if left.Len() > 0 {
			t.Errorf("%s: these are left:\n%s", script, &left)
		}
	}
}

// systemd understands the unit, and finds it bound.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("../internal/agent/setup/reeve-agent.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "reeve-agent.service")
	// The program must be there, and on this machine it is not.
	if err := os.WriteFile(unit, bytes.ReplaceAll(text, []byte("/usr/bin/reeve-agent "), []byte("/bin/true ")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// It tells the exposure as 5.2 of 10; more needs a reason.
	if out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=52", unit).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
	drop, err := os.ReadFile("../internal/agent/setup/quarantine.conf")
	if err == nil {
		err = os.MkdirAll(unit+".d", 0o755)
	}
	if err == nil {
		err = os.WriteFile(unit+".d/quarantine.conf", drop, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify with quarantine.conf: %v\n%s", err, out)
	}
}
