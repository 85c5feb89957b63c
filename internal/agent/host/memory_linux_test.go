package host

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reeve/internal/agent/scan"
)

// A real process holds a marker in its memory: among its environment.
func TestProcesses(t *testing.T) {
	child := exec.Command("/bin/sleep", "60")
	child.Env = []string{"HELD=a row of bytes that only the child holds"}
	must(t, child.Start())
	defer child.Wait()
	defer child.Process.Kill()
	signatures := t.TempDir()
	line := "Test.Marker:0:*:" + hex.EncodeToString([]byte("bytes that only the child")) + "\n"
	must(t, os.WriteFile(filepath.Join(signatures, "m.ndb"), []byte(line), 0o644))

	m := Open(t.TempDir())
	processes, err := m.Processes()
	must(t, err)
	only := func(yield func(*scan.Process, error) bool) {
		for p, err := range processes {
			if (p.ID == child.Process.Pid || p.ID == os.Getpid()) && !yield(p, err) {
				return
			}
		}
	}
	r := scan.Scan(t.Context(), []scan.Engine{scan.BuiltIn([]string{signatures}, nil)},
		[]scan.Root{{Path: "process memory", Processes: only}}, scan.Options{}, nil)
	if len(r.Threats) != 1 || r.Threats[0].Signature != "Test.Marker" || !strings.HasPrefix(r.Threats[0].Path, "process ") ||
		!strings.HasSuffix(r.Threats[0].Path, "/sleep)") && !strings.HasSuffix(r.Threats[0].Path, "/coreutils)") {
		t.Errorf("threats %+v, errors %+v, counts %+v", r.Threats, r.Errors, r.Counts)
	}
	if r.Counts.Processes != 1 || r.Roots[0].Skipped[scan.Self] != 1 {
		t.Errorf("counts %+v, skipped %v: want the child, and this process left out", r.Counts, r.Roots[0].Skipped)
	}
}

func TestMappings(t *testing.T) {
	const text = `
00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/prog
Rss: 100 kB
Anonymous: 0 kB
Swap: 0 kB
VmFlags: rd ex mr mw me dw
00e03000-00e24000 rw-p 00000000 00:00 0 [heap]
Rss: 0 kB
Swap: 8 kB
7f0000000000-7f0000001000 rw-s 00000000 00:05 7 /dev/mem
Rss: 4 kB
7f1000000000-7f1000001000 rw-s 00000000 00:05 7 /dev/shm/a b (deleted)
Rss: 4 kB
7f2000000000-7f2000001000 ---p 00000000 08:02 9 /lib/x.so
Rss: 4 kB
Anonymous: 4 kB
7fff00000000-7fff00001000 r--p 00000000 00:00 0 [vvar]
Rss: 4 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
Rss: 4 kB
`
	want := []mapping{
		{start: 0x400000, end: 0x452000, readable: true, runs: true, file: "00000000 08:02 173521", resident: true},
		{start: 0xe03000, end: 0xe24000, readable: true, resident: true, changed: true},
		{start: 0x7f0000000000, end: 0x7f0000001000, readable: true, device: true, resident: true},
		{start: 0x7f1000000000, end: 0x7f1000001000, readable: true, resident: true},
		{start: 0x7f2000000000, end: 0x7f2000001000, file: "00000000 08:02 9", resident: true, changed: true},
		{start: 0x7fff00000000, end: 0x7fff00001000, readable: true, device: true, resident: true},
	}
	var got []mapping
	for m, err := range mappings(strings.NewReader(text)) {
		must(t, err)
		got = append(got, m)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

// A machine with one disk that can be read, an image, and one that cannot.
func TestBoot(t *testing.T) {
	m := machine(t, map[string]string{
		"sys/block/sda/size": "8\n", "sys/block/sda/sda1/dev": "8:1\n",
		"sys/block/nvme0n1/size": "8\n", "sys/block/zram0/size": "8\n", "sys/block/sdb/size": "0\n", "sys/block/sdc/size": "8\n",
		"proc/self/mountinfo": "22 1 8:2 / / rw - ext4 /dev/sda2 rw\n30 22 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n",
	})
	disk := make([]byte, 8192)
	copy(disk, "code of a master boot record")
	copy(disk[450:], "\xef\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00") // an EFI system partition, from sector 2
	copy(disk[510:], "\x55\xaa")
	must(t, os.MkdirAll(m.root+"/dev", 0o755))
	must(t, os.WriteFile(m.root+"/dev/sda", disk, 0o600))
	must(t, os.WriteFile(m.root+"/dev/nvme0n1", disk, 0o600))
	boot, err := m.Boot()
	must(t, err)
	if !slices.Equal(boot.Systems, []string{"/boot/efi"}) || !slices.Equal(boot.Missing, []string{"the EFI system partition /dev/nvme0n1p1 is not mounted"}) {
		t.Errorf("systems %q, missing %q", boot.Systems, boot.Missing)
	}
	var got []string
	for file, err := range boot.Records {
		if err != nil {
			got = append(got, file.Path+" cannot be read")
			continue
		}
		content := make([]byte, file.Size)
		if _, err := file.ReadAt(content, 0); err != nil || file.Path == "/dev/sda: master boot record" && !bytes.Equal(content, disk[:512]) {
			t.Errorf("%s holds %q, %v", file.Path, content, err)
		}
		file.Close()
		got = append(got, file.Path)
	}
	want := []string{
		"/dev/nvme0n1: master boot record", "/dev/nvme0n1: first sectors of partition 1", "/dev/nvme0n1: boot code",
		"/dev/sda: master boot record", "/dev/sda: first sectors of partition 1", "/dev/sda: boot code", "/dev/sdc cannot be read",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
