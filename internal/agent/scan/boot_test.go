package scan

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// diskOf returns an image that sfdisk wrote a table on.
func diskOf(t *testing.T, size int64, script string) *os.File {
	t.Helper()
	image, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { image.Close() })
	if err := image.Truncate(size); err != nil {
		t.Fatal(err)
	}
	sfdisk := exec.Command("/usr/sbin/sfdisk", "--no-reread", "--no-tell-kernel", image.Name())
	sfdisk.Stdin = strings.NewReader(script)
	if said, err := sfdisk.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return image
}

func TestBootRecords(t *testing.T) {
	const size = 64 << 20
	tests := map[string]struct {
		script string
		want   []string
	}{
		"MBR": {"label: dos\nstart=2048, size=8M, type=c\nstart=32768, size=8M, type=ef\n", []string{
			"master boot record 0 512", "first sectors of partition 1 1048576 8192",
			"first sectors of partition 2 16777216 8192 EFI 2", "boot code 512 1048064"}},
		"extended": {"label: dos\nstart=2048, size=8M, type=83\nstart=20480, size=40M, type=5\nstart=22528, size=8M\nstart=43008, size=8M\n", []string{
			"master boot record 0 512", "first sectors of partition 1 1048576 8192",
			"extended boot record of partition 5 10485760 512", "first sectors of partition 5 11534336 8192",
			"extended boot record of partition 6 20971520 512", "first sectors of partition 6 22020096 8192", "boot code 512 1048064"}},
		"GPT": {"label: gpt\nstart=2048, size=8M, type=U\nstart=32768, size=8M, type=L\n", []string{
			"master boot record 0 512", "GPT header 512 512", fmt.Sprintf("backup GPT header %d 512", size-512), "GPT entries 1024 16384",
			"first sectors of partition 1 1048576 8192 EFI 1", "first sectors of partition 2 16777216 8192", "boot code 512 1048064"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			records, err := BootRecords(diskOf(t, size, tt.script), size, 512)
			var got []string
			for _, r := range records {
				line := fmt.Sprintf("%s %d %d", r.Name, r.At, r.Size)
				if r.EFISystem > 0 {
					line += fmt.Sprintf(" EFI %d", r.EFISystem)
				}
				got = append(got, line)
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v, got\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestBootRecordsWithoutATable(t *testing.T) {
	plain := bytes.NewReader(make([]byte, 4096))
	records, err := BootRecords(plain, 4096, 512)
	if err != nil || len(records) != 2 || records[1] != (Record{Name: "first sectors", Size: 4096}) {
		t.Errorf("got %+v, %v", records, err)
	}
	lost := make([]byte, 4096)
	lost[510], lost[511], lost[450] = 0x55, 0xaa, 0xee // a GPT that is not there
	if records, err := BootRecords(bytes.NewReader(lost), 4096, 512); err == nil || len(records) == 0 {
		t.Errorf("got %+v, %v: want what there is, and that it is not all", records, err)
	}
}

// Tables are written by whoever had the disk: whatever they say, the records
// are few and on the disk.
func FuzzBootRecords(f *testing.F) {
	loop := make([]byte, 2048)
	copy(loop[446:], "\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00") // an extended partition
	copy(loop[510:], "\x55\xaa")
	copy(loop[512+446+16:], "\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00") // that leads to itself
	copy(loop[512+510:], "\x55\xaa")
	f.Add(loop)
	f.Fuzz(func(t *testing.T, disk []byte) {
		size := int64(len(disk))
		records, _ := BootRecords(bytes.NewReader(disk), size, 512)
		if len(records) > 10*maxPartitions {
			t.Errorf("%d records", len(records))
		}
		for _, r := range records {
			if r.At < 0 || r.Size <= 0 || r.At+r.Size > size {
				t.Errorf("record %+v on a disk of %d bytes", r, size)
			}
		}
	})
}
