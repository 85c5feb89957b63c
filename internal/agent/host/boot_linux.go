package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/scan"
)

// notDisks are the block devices that no machine starts from: memory, and
// drives whose media say so themselves.
var notDisks = []string{"ram", "zram", "sr", "fd", "nbd"}

// Boot says what this machine can be started from: the boot records of its
// disks, and the EFI system partitions that the tables on them name.
func (m *Machine) Boot() (act.Boot, error) {
	entries, err := os.ReadDir(filepath.Join(m.root, "sys/block"))
	if err != nil {
		return act.Boot{}, err
	}
	var boot act.Boot
	var records []iter.Seq2[*scan.File, error]
	for _, entry := range entries {
		name := entry.Name()
		isKind := func(kind string) bool { return strings.HasPrefix(name, kind) }
		if slices.ContainsFunc(notDisks, isKind) || m.block(name, "size") == "0" {
			continue
		}
		path := filepath.Join("/dev", strings.ReplaceAll(name, "!", "/"))
		disk, err := openDisk(filepath.Join(m.root, path))
		if errors.Is(err, fs.ErrNotExist) { // as in a container: no file vanished, a disk cannot be read
			err = errors.New("this disk has no device file here")
		}
		if err != nil {
			records = append(records, unread(path, err))
			continue
		}
		found, err := disk.records()
		records = append(records, disk.files(path, found))
		disk.Close()
		if err != nil {
			records = append(records, unread(path, err))
		}
		for _, r := range found {
			if r.EFISystem > 0 {
				m.addSystem(&boot, name, r.EFISystem)
			}
		}
	}
	if len(records) == 0 {
		return act.Boot{}, reeve.Errorf(reeve.Unavailable, "no disk of this machine can be seen")
	}
	boot.Records = func(yield func(*scan.File, error) bool) {
		for _, row := range records {
			for file, err := range row {
				if !yield(file, err) {
					return
				}
			}
		}
	}
	return boot, nil
}

func (m *Machine) block(path ...string) string {
	text, _ := os.ReadFile(filepath.Join(m.root, "sys/block", filepath.Join(path...)))
	return strings.TrimSpace(string(text))
}

// addSystem finds where an EFI system partition is mounted.
func (m *Machine) addSystem(boot *act.Boot, disk string, number int) {
	name := fmt.Sprint(disk, number)
	if last := disk[len(disk)-1]; last >= '0' && last <= '9' {
		name = fmt.Sprint(disk, "p", number)
	}
	table, _ := os.ReadFile(filepath.Join(m.root, "proc/self/mountinfo"))
	device := m.block(disk, name, "dev")
	for _, mount := range reachable(parseMounts(string(table))) {
		if device != "" && mount.device == device {
			boot.Systems = append(boot.Systems, mount.point)
			return
		}
	}
	boot.Missing = append(boot.Missing, fmt.Sprintf("the EFI system partition /dev/%s is not mounted", name))
}

func unread(path string, err error) iter.Seq2[*scan.File, error] {
	return func(yield func(*scan.File, error) bool) { yield(&scan.File{Path: path}, err) }
}

// A disk is a block device that is open, or an image of one.
type disk struct {
	*os.File
	size, sector int64
}

func openDisk(path string) (*disk, error) {
	file, err := os.OpenFile(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	d := &disk{File: file, sector: 512}
	if sector, err := unix.IoctlGetInt(int(file.Fd()), unix.BLKSSZGET); err == nil {
		d.sector = int64(sector)
	}
	if d.size, err = file.Seek(0, io.SeekEnd); err != nil {
		file.Close()
		return nil, err
	}
	return d, nil
}

func (d *disk) records() ([]scan.Record, error) {
	return scan.BootRecords(d, d.size, d.sector)
}

// files yields records as files in memory, which is what engines take. The
// disk is opened anew for it: it need not stay open until then.
func (d *disk) files(path string, records []scan.Record) iter.Seq2[*scan.File, error] {
	device := d.Name()
	return func(yield func(*scan.File, error) bool) {
		disk, err := openDisk(device)
		if err != nil {
			yield(&scan.File{Path: path}, err)
			return
		}
		defer disk.Close()
		for _, r := range records {
			file := &scan.File{Path: path + ": " + r.Name, Size: r.Size}
			file.File, err = inMemory(io.NewSectionReader(disk, r.At, r.Size))
			if !yield(file, err) {
				return
			}
		}
	}
}

// inMemory returns a file without a name that holds what from does.
func inMemory(from io.Reader) (*os.File, error) {
	fd, err := unix.MemfdCreate("boot record", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, &fs.PathError{Op: "memfd_create", Path: "boot record", Err: err}
	}
	file := os.NewFile(uintptr(fd), "boot record")
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
