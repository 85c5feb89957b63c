package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits on what a disk's tables may say.
const (
	maxPartitions = 128     // looked at on one disk; what usual tables hold
	maxBootCode   = 1 << 20 // bytes between the first sector and the first partition
	firstSectors  = 8 << 10 // bytes of a partition that start a system; the most are those of NTFS
)

// A Record is a part of a disk that is read, or leads to what is, before the
// system runs.
type Record struct {
	Name      string
	At, Size  int64
	EFISystem int // number of the partition if it is an EFI system partition's, else 0
}

var errTable = errors.New("the partition table cannot be read to its end")

// efiSystem is the type of an EFI system partition, as it stands in a GPT.
var efiSystem = []byte("\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b")

// BootRecords returns the boot records of a disk of so many bytes: the master
// boot record and the code behind it, the GPT, the first sectors of every
// partition. A disk without a table is one partition. The error says that
// there may be more.
func BootRecords(disk io.ReaderAt, size, sector int64) ([]Record, error) {
	first := make([]byte, 512)
	if size < 512 || sector < 512 {
		return nil, errTable
	}
	if _, err := disk.ReadAt(first, 0); err != nil {
		return nil, err
	}
	t := table{disk: disk, size: size, sector: sector}
	t.add("master boot record", 0, sector)
	if first[510] != 0x55 || first[511] != 0xaa {
		t.add("first sectors", 0, firstSectors)
		return t.records, nil
	}
	parts := slots(first)
	err := t.mbr(parts)
	if parts[0].kind == 0xee || parts[1].kind == 0xee || parts[2].kind == 0xee || parts[3].kind == 0xee {
		err = errors.Join(err, t.gpt())
	}
	if t.lowest == 0 { // a file system with a boot sector, and no table
		t.add("first sectors", 0, firstSectors)
	} else {
		t.add("boot code", sector, min(t.lowest, maxBootCode)-sector)
	}
	return t.records, err
}

// A table gathers records.
type table struct {
	disk         io.ReaderAt
	size, sector int64
	records      []Record
	lowest       int64 // where the first partition begins, 0 if there is none
	partitions   int
}

func (t *table) add(name string, at, size int64) {
	if size = min(size, t.size-at); at >= 0 && size > 0 {
		t.records = append(t.records, Record{Name: name, At: at, Size: size})
	}
}

// partition adds the first sectors of a partition, and reports whether it is
// on the disk.
func (t *table) partition(number int, at int64, efi bool) bool {
	if at <= 0 || at >= t.size || t.partitions == maxPartitions {
		return false
	}
	t.partitions++
	if t.lowest == 0 || at < t.lowest {
		t.lowest = at
	}
	t.add(fmt.Sprintf("first sectors of partition %d", number), at, firstSectors)
	if efi {
		t.records[len(t.records)-1].EFISystem = number
	}
	return true
}

// An mbrSlot is one of the four entries of a boot record.
type mbrSlot struct {
	kind  byte
	start int64 // in sectors
}

func slots(record []byte) (out [4]mbrSlot) {
	for i := range out {
		entry := record[446+16*i:]
		out[i] = mbrSlot{entry[4], int64(binary.LittleEndian.Uint32(entry[8:]))}
	}
	return out
}

func (t *table) mbr(parts [4]mbrSlot) (err error) {
	number := 5 // of the first in an extended partition
	for i, part := range parts {
		switch part.kind {
		case 0, 0xee: // the second stands for the whole of a GPT
		case 5, 0xf, 0x85:
			err = errors.Join(err, t.extended(part.start, &number))
		default:
			if !t.partition(i+1, part.start*t.sector, part.kind == 0xef) {
				err = errTable
			}
		}
	}
	return err
}

// extended follows the chain of records in an extended partition, each of
// which has one partition and leads to the next.
func (t *table) extended(start int64, number *int) error {
	record := make([]byte, 512)
	at := start
	for range maxPartitions {
		if _, err := t.disk.ReadAt(record, at*t.sector); err != nil || record[510] != 0x55 || record[511] != 0xaa {
			return errTable
		}
		t.add(fmt.Sprintf("extended boot record of partition %d", *number), at*t.sector, t.sector)
		chain := slots(record)
		if chain[0].kind != 0 {
			if !t.partition(*number, (at+chain[0].start)*t.sector, chain[0].kind == 0xef) {
				return errTable
			}
			*number++
		}
		if chain[1].kind == 0 {
			return nil
		}
		at = start + chain[1].start
	}
	return errTable
}

func (t *table) gpt() error {
	header := make([]byte, t.sector)
	if _, err := t.disk.ReadAt(header, t.sector); err != nil || !bytes.HasPrefix(header, []byte("EFI PART")) {
		return errTable
	}
	t.add("GPT header", t.sector, t.sector)
	t.add("backup GPT header", int64(binary.LittleEndian.Uint64(header[32:])%uint64(t.size))*t.sector, t.sector)
	at := int64(binary.LittleEndian.Uint64(header[72:])%uint64(t.size)) * t.sector
	count, width := int64(binary.LittleEndian.Uint32(header[80:])), int64(binary.LittleEndian.Uint32(header[84:]))
	if width < 128 || width > 4096 || count > 4096 {
		return errTable
	}
	t.add("GPT entries", at, count*width)
	entries := make([]byte, count*width)
	if _, err := t.disk.ReadAt(entries, at); err != nil {
		return errTable
	}
	var err error
	for i := range int(count) {
		entry := entries[int64(i)*width:]
		if kind := entry[:16]; bytes.Equal(kind, make([]byte, 16)) {
			continue
		} else if !t.partition(i+1, int64(binary.LittleEndian.Uint64(entry[32:])%uint64(t.size))*t.sector, bytes.Equal(kind, efiSystem)) {
			err = errTable
		}
	}
	return err
}
