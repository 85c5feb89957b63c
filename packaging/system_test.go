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

// needs of the system that is made besides what it starts with.
const includes = "systemd-sysv,dbus,init-system-helpers,iproute2,isc-dhcp-client,dnsmasq-base,yara,curl,jq"

// A new system starts in a container, with systemd as its first process. There
// the agent is installed from its package, enrols, acts, is upgraded, crashes,
// loses its cable in the middle of every action, and is removed, and then all
// again without a package.
func TestSystemProof(t *testing.T) {
	if os.Getenv("REEVE_PROOF") == "" {
		return
	}
	onlyRoot(t)
	folder, root := t.TempDir(), filepath.Join(t.TempDir(), "root")
	debootstrap(t, root)
	arch := runtime.GOARCH
	for name, version := range map[string]string{"old": "26.0.1", "new": "26.0.2"} {
		if err := os.Rename(pack(t, version, "deb-"+arch, "agent-linux-"+arch), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "reeve"), "../cmd/reeve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // the C library of the container is another
	output(t, build)
	if err := os.CopyFS(folder, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}

	unit, err := os.ReadFile("testdata/proof.service")
	units := filepath.Join(root, "etc/systemd/system")
	if err == nil {
		err = os.WriteFile(filepath.Join(units, "proof.service"), unit, 0o644)
	}
	if err == nil {
		err = os.Symlink("../proof.service", filepath.Join(units, "multi-user.target.wants", "proof.service"))
	}
	if err != nil {
		t.Fatal(err)
	}
	// The script says how it went; the container then ends by itself.
	container := exec.Command("timeout", "--kill-after=10s", "900s", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
		"--directory="+root, "--private-network", "--resolv-conf=off", "--bind="+folder+":/test", "--boot")
	container.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	console, _ := container.CombinedOutput() // what systemd itself says tells nothing
	said, err := os.ReadFile(filepath.Join(folder, "said"))
	if err != nil || !strings.HasSuffix(string(said), "PROVEN\n") {
		t.Fatalf("%v\n%s\nThe console said\n%s", err, said, console)
	}
	t.Logf("%s", said)
}

// debootstrap makes a system of the same release as this one, from where this
// one gets its packages.
func debootstrap(t *testing.T, root string) {
	t.Helper()
	for _, program := range []string{"debootstrap", "systemd-nspawn"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: install the Debian packages debootstrap and systemd-container", program)
		}
	}
	release := strings.TrimSpace(output(t, exec.Command("/bin/sh", "-c", `. /etc/os-release; echo "$VERSION_CODENAME"`)))
	sources := output(t, exec.Command("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(SITE)", "Created-By: Packages"))
	for line := range strings.Lines(sources) {
		source := strings.Fields(line)
		if len(source) == 3 && (source[0] == "Debian" || source[0] == "Ubuntu") && source[1] == release {
			output(t, exec.Command("debootstrap", "--variant=minbase", "--include="+includes, release, root, source[2]))
			return
		}
	}
	t.Fatalf("this machine has no source of %s itself: %s", release, sources)
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, &errors)
	}
	return string(out)
}
