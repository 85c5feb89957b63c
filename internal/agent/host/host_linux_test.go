package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reeve/internal/agent/act"
)

// machine returns a Machine whose file system holds only files.
func machine(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	m := Open(t.TempDir())
	m.root = t.TempDir()
	for name, content := range files {
		path := filepath.Join(m.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestFacts(t *testing.T) {
	m := machine(t, map[string]string{
		"etc/os-release":                "PRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
		"etc/debian_version":            "12.11\n",
		"proc/stat":                     "cpu  1 2 3\nintr 5\nbtime 1795301720\nprocesses 9\n",
		"proc/cpuinfo":                  "processor\t: 0\nflags\t\t: fpu vme\n",
		"sys/class/dmi/id/chassis_type": "10\n",
		"run/systemd/sessions/1":        "USER=gdm\nACTIVE=1\nCLASS=greeter\n",
		"run/systemd/sessions/2":        "USER=grace\nACTIVE=0\nCLASS=user\n",
		"run/systemd/sessions/3":        "USER=ada\nACTIVE=1\nCLASS=user\n",
		"run/systemd/sessions/4":        "USER=ada\nACTIVE=0\nCLASS=user\n",
		"proc/meminfo":                  "MemTotal:       16777216 kB\nMemFree: 5 kB\n",
		"usr/lib/os-release":            "NAME=Other\n",
	})
	if err := syscall.Mkfifo(filepath.Join(m.root, "run/systemd/sessions/1.ref"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := m.Facts()
	got.Networks = nil
	want := got
	want.OSName, want.OSVersion, want.Architecture = "Debian GNU/Linux", "12.11", runtime.GOARCH
	want.User, want.Type, want.LastReboot = "ada", "laptop", time.Unix(1795301720, 0).UTC()
	want.Users, want.Memory = []string{"ada", "grace"}, 16<<30
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if vm := machine(t, map[string]string{"proc/cpuinfo": "flags : fpu hypervisor\n"}).Facts().Type; vm != "vm" {
		t.Errorf("a guest is a %q", vm)
	}
	if nothing := machine(t, nil).Facts(); nothing.OSName != "" || nothing.User != "" || !nothing.LastReboot.IsZero() {
		t.Errorf("an empty machine has facts %+v", nothing)
	}
}

func TestFactsOfThisMachine(t *testing.T) {
	m := Open(t.TempDir())
	facts := m.Facts()
	if facts.OSName == "" || facts.LastReboot.IsZero() || facts.Memory < 1<<20 || len(facts.Disks) == 0 || facts.Disks[0].Size == 0 || m.Hostname() == "" || m.System() != "linux" {
		t.Errorf("facts %+v of %s, a %s machine", facts, m.Hostname(), m.System())
	}
	for _, n := range facts.Networks {
		if n.MAC == "" || n.Name == "lo" {
			t.Errorf("network %+v has no hardware address", n)
		}
	}
}

func TestHardwareID(t *testing.T) {
	const id = "/etc/machine-id"
	of := func(m *Machine) string {
		t.Helper()
		got, err := m.HardwareID()
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got) {
			t.Errorf("id %q is not 32 hex digits", got)
		}
		return got
	}
	raw := "0123456789abcdef0123456789abcdef"
	one := of(machine(t, map[string]string{id: raw + "\n"}))
	if one != of(machine(t, map[string]string{id: raw})) || one == of(machine(t, map[string]string{id: raw[1:] + "0"})) || strings.Contains(one, raw[:8]) {
		t.Errorf("id %s does not follow the machine's, or shows it", one)
	}
	firmware := map[string]string{id: "uninitialized\n", "sys/class/dmi/id/product_uuid": "12345678-1234-1234-1234-123456789abc\n"}
	if two := of(machine(t, firmware)); two != of(machine(t, firmware)) || two == one {
		t.Error("the firmware's id was not used")
	}
	m := machine(t, map[string]string{id: "", "sys/class/dmi/id/product_uuid": "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF"})
	own := of(m)
	if own != of(m) || own == of(machine(t, nil)) {
		t.Error("an id of one's own does not stay, or is another machine's too")
	}
}

const mountTable = `22 27 0:21 / /proc rw - proc proc rw
24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw
30 25 0:27 / /dev/shm rw shared:3 - tmpfs tmpfs rw
26 27 8:33 / /media/my\040stick rw - vfat /dev/sdc1 rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 254:0 /srv/www /var/www rw - ext4 /dev/vda rw
29 27 253:1 / /secret rw - ext4 /dev/dm-1 rw
31 27 0:40 / /nfs rw - nfs4 server:/export rw
32 27 8:17 / /hidden rw - xfs /dev/sdb1 rw
33 32 0:50 / /hidden/below rw - tmpfs tmpfs rw
34 32 8:18 / /hidden rw - xfs /dev/sdb2 rw
35 27 0:60 /@home /home rw - btrfs /dev/vdc rw
36 27 0:60 /@var /opt rw - btrfs /dev/vdc rw
nonsense
`

func TestVolumes(t *testing.T) {
	m := machine(t, map[string]string{
		"proc/self/mountinfo":                      mountTable,
		"sys/devices/pci/block/sdc/removable":      "1\n",
		"sys/devices/pci/block/sdc/sdc1/dev":       "8:33\n",
		"sys/devices/pci/block/sdb/removable":      "0\n",
		"sys/devices/pci/block/sdb/sdb2/dev":       "8:18\n",
		"sys/devices/usb1/block/sdd/sdd1/dev":      "8:49\n",
		"sys/devices/virtual/block/dm-1/removable": "0\n",
	})
	link := func(target, name string) {
		t.Helper()
		name = filepath.Join(m.root, "sys", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(m.root, "sys/devices", target), name); err != nil {
			t.Fatal(err)
		}
	}
	link("pci/block/sdc/sdc1", "dev/block/8:33")
	link("pci/block/sdb/sdb2", "dev/block/8:18")
	link("usb1/block/sdd/sdd1", "dev/block/8:49")
	link("virtual/block/dm-1", "dev/block/253:1")
	link("usb1/block/sdd/sdd1", "devices/virtual/block/dm-1/slaves/sdd1")

	volumes, err := m.Volumes()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range volumes {
		got[v.Root] = [...]string{"system", "portable", "additional", "remote", "pseudo"}[v.Kind] + " " + v.Type
	}
	want := map[string]string{
		"/":               "system ext4",
		"/dev":            "pseudo devtmpfs",
		"/dev/shm":        "additional tmpfs",
		"/home":           "additional btrfs",
		"/opt":            "additional btrfs",
		"/hidden":         "additional xfs",
		"/media/my stick": "portable vfat",
		"/nfs":            "remote nfs4",
		"/proc":           "pseudo proc",
		"/secret":         "portable ext4", // encrypted, on a stick
	}
	if !reflect.DeepEqual(got, want) || len(volumes) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVolumesOfThisMachine(t *testing.T) {
	volumes, err := Open(t.TempDir()).Volumes()
	if err != nil {
		t.Fatal(err)
	}
	system := slices.DeleteFunc(volumes, func(v act.Volume) bool { return v.Kind != act.SystemVolume })
	if len(system) != 1 || system[0].Root != "/" || system[0].Used <= 0 {
		t.Errorf("system volumes %+v", system)
	}
}

func TestQuietly(t *testing.T) {
	nice := func() int {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		if err != nil {
			t.Fatal(err)
		}
		return 20 - n // the system call answers 20 minus the nice value
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := nice()
	m := Open(t.TempDir())
	m.Quietly(func() {
		if got := nice(); got != 19 {
			t.Errorf("nice value %d within, want 19", got)
		}
		class, _, _ := unix.Syscall(unix.SYS_IOPRIO_GET, 1, 0, 0)
		if class>>13 != 3 {
			t.Errorf("disk priority class %d within, want 3, idle", class>>13)
		}
	})
	if after := nice(); after != before {
		t.Errorf("nice value %d after, %d before", after, before)
	}
	defer func() {
		if fault := recover(); fault != "out of order" {
			t.Errorf("a panic within came out as %v", fault)
		}
	}()
	m.Quietly(func() { panic("out of order") })
}

func TestOpenFile(t *testing.T) {
	m := machine(t, map[string]string{"file": "x"})
	link, pipe := filepath.Join(m.root, "link"), filepath.Join(m.root, "pipe")
	if err := errors.Join(os.Symlink("file", link), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.OpenFile(nil, link, false); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("opening a link: %v", err)
	}
	file, err := m.OpenFile(nil, pipe, false) // which nobody writes to
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	here, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.Stat("/proc")
	if err != nil {
		t.Fatal(err)
	}
	if m.Device(here) == m.Device(there) {
		t.Error("two file systems have one device number")
	}
}

func TestWishes(t *testing.T) {
	c := client{
		args: strings.Fields("-v -4 -d -nw -pf /run/a.pid -lf /var/lib/b.leases -sf /sbin/script -cf /etc/c.conf " +
			"-e IF_METRIC=100 -i --no-pid -D LL eth0 eth1"),
		interfaces: []string{"eth0", "eth1"},
	}
	want := strings.Fields("-4 -cf /etc/c.conf -e IF_METRIC=100 -i -D LL")
	if got := c.wishes(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Only what root runs from its usual place is believed.
func TestTrusted(t *testing.T) {
	proc := func(uid, exe string) string {
		m := machine(t, map[string]string{"1/status": "Name:\tdhclient\nUid:\t" + uid + "\nGid:\t0\t0\t0\t0\n"})
		if err := os.Symlink(exe, filepath.Join(m.root, "1/exe")); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(m.root, "1")
	}
	root, user := "0\t0\t0\t0", "1000\t1000\t1000\t1000"
	tests := map[string]struct {
		uid, exe string
		want     bool
	}{
		"root's":             {root, "/usr/sbin/dhclient", true},
		"root's, updated":    {root, "/usr/sbin/dhclient (deleted)", true},
		"a user's":           {user, "/usr/sbin/dhclient", false},
		"a user's, set-uid":  {"1000\t0\t0\t0", "/usr/sbin/dhclient", false},
		"another program":    {root, "/tmp/dhclient", false},
		"a name that begins": {root, "/usr/sbin/dhclient2", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := trusted(proc(tt.uid, tt.exe), dhclients); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	repeat := []string{"-c", "while :; do echo a word >&2; done"}
	tests := []struct {
		name  string
		args  []string
		heard func(string) bool
		want  string
	}{
		{"until it says the word", repeat, func(line string) bool { return line == "a word" }, ""},
		{"until it ends", []string{"-c", "echo; echo sorry >&2; exit 3"}, func(string) bool { return false }, "/bin/sh ended by itself: sorry"},
		{"until it is called off", repeat, func(string) bool { cancel(stop); return false }, "enough"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := watch(ctx, "/bin/sh", tt.args, tt.heard)
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
