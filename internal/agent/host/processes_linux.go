package host

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"reeve/internal/agent/scan"
)

// maxRegion is the largest part of a process's address space whose pages are
// looked up: those that are larger are reserved and hardly used.
const maxRegion = 256 << 30

// Processes lists what runs, with the pages that it has made or changed, and
// with the code that it runs: code of one file once, whoever runs it. The rest
// of what a process maps is files, unchanged, which scans of files find where
// they are. A process that this one may not look into comes with an error.
func (m *Machine) Processes() (iter.Seq2[*scan.Process, error], error) {
	folder := filepath.Join(m.root, "proc")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	code := map[string]bool{}
	return func(yield func(*scan.Process, error) bool) {
		for _, entry := range entries {
			id, err := strconv.Atoi(entry.Name())
			if err != nil {
				continue
			}
			for process, err := range lookAt(filepath.Join(folder, entry.Name()), id, code) {
				if !yield(process, err) {
					return
				}
			}
		}
	}, nil
}

// lookAt yields a process, once more with an error if a part of it cannot be
// looked at, and nothing for what has no memory: threads of the kernel, and
// processes that ended.
func lookAt(folder string, id int, code map[string]bool) iter.Seq2[*scan.Process, error] {
	return func(yield func(*scan.Process, error) bool) {
		// Held open, the folder is that of one process, whoever gets its id next.
		root, err := os.OpenRoot(folder)
		if err != nil {
			return
		}
		defer root.Close()
		process := &scan.Process{ID: id}
		path, err := root.Readlink("exe")
		process.Path = strings.TrimSuffix(path, " (deleted)")
		if process.Path == "" {
			name, _ := root.ReadFile("comm")
			process.Path = strings.TrimSpace(string(name))
		}
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		memory, err := root.Open("mem")
		if err == nil {
			defer memory.Close()
			var left int
			if process.Regions, left, err = regions(root, code); left > 0 {
				if !yield(process, fmt.Errorf("%d regions of more than %d bytes were left out", left, int64(maxRegion))) {
					return
				}
			}
		}
		if err != nil {
			yield(process, err)
			return
		}
		process.Memory = memory
		yield(process, nil)
	}
}

// A mapping is one of proc_pid_smaps(5).
type mapping struct {
	start, end int64
	readable   bool
	runs       bool   // is code
	file       string // device, inode and offset, empty if it is no file's
	device     bool
	resident   bool // has pages
	changed    bool // has pages that are not the file's
}

// regions returns the pages worth a look, and how many regions were too large.
func regions(root *os.Root, code map[string]bool) (out []scan.Region, left int, err error) {
	maps, err := root.Open("smaps")
	if err != nil {
		return nil, 0, err
	}
	defer maps.Close()
	pages, err := root.Open("pagemap")
	if err != nil {
		return nil, 0, err
	}
	defer pages.Close()
	for mapping, err := range mappings(maps) {
		switch {
		case err != nil:
			return nil, 0, err
		case !mapping.readable || mapping.device || !mapping.resident:
			continue
		case mapping.file == "" || mapping.changed:
		case mapping.runs && !code[mapping.file]:
			code[mapping.file] = true
		default:
			continue
		}
		if mapping.end-mapping.start > maxRegion {
			left++
			continue
		}
		if out, err = appendPages(out, pages, mapping.start, mapping.end); err != nil {
			return nil, 0, err
		}
	}
	return out, left, nil
}

func mappings(from io.Reader) iter.Seq2[mapping, error] {
	return func(yield func(mapping, error) bool) {
		lines := bufio.NewScanner(from)
		var m mapping
		for lines.Scan() {
			fields := strings.Fields(lines.Text())
			if len(fields) == 0 {
				continue
			}
			key, isValue := strings.CutSuffix(fields[0], ":")
			if !isValue {
				if m.end > 0 && !yield(m, nil) {
					return
				}
				m = parseMapping(fields)
				continue
			}
			some := len(fields) > 1 && fields[1] != "0"
			switch key {
			case "Rss":
				m.resident = m.resident || some
			case "Swap":
				m.resident, m.changed = m.resident || some, m.changed || some
			case "Anonymous":
				m.changed = m.changed || some
			}
		}
		if err := lines.Err(); err != nil {
			yield(mapping{}, err)
		} else if m.end > 0 {
			yield(m, nil)
		}
	}
}

// parseMapping reads "start-end perms offset device inode path".
func parseMapping(fields []string) (m mapping) {
	if len(fields) < 5 {
		return m
	}
	from, to, _ := strings.Cut(fields[0], "-")
	start, err1 := strconv.ParseInt(from, 16, 64)
	end, err2 := strconv.ParseInt(to, 16, 64)
	if err1 != nil || err2 != nil { // of the kernel, above what has a sign
		return m
	}
	m.start, m.end = start, end
	m.readable, m.runs = strings.HasPrefix(fields[1], "r"), strings.Contains(fields[1], "x")
	path := strings.Join(fields[5:], " ")
	shared := strings.HasPrefix(path, "/memfd:") || strings.HasPrefix(path, "/SYSV") || strings.HasPrefix(path, "/dev/zero")
	deleted := strings.HasSuffix(path, " (deleted)")
	switch {
	case strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/dev/shm/") && !shared, strings.HasPrefix(path, "[v"):
		m.device = true
	case strings.HasPrefix(path, "/") && !shared && !deleted:
		m.file = strings.Join(fields[2:5], " ")
	}
	return m
}

// appendPages appends the rows of pages that a process has between two
// addresses, in memory or in swap.
func appendPages(out []scan.Region, pagemap io.ReaderAt, start, end int64) ([]scan.Region, error) {
	const there = 1<<63 | 1<<62
	size := int64(os.Getpagesize())
	entries := make([]byte, min((end-start)/size*8, 32<<10))
	for at := start; at < end; {
		part := entries[:min(int64(len(entries)), (end-at)/size*8)]
		n, err := pagemap.ReadAt(part, at/size*8)
		if n < len(part) {
			if err == io.EOF { // it has ended, or ends
				err = fs.ErrNotExist
			}
			return nil, err
		}
		for ; len(part) > 0; part, at = part[8:], at+size {
			if binary.NativeEndian.Uint64(part)&there == 0 {
				continue
			}
			if last := len(out) - 1; last >= 0 && out[last].Start+out[last].Size == at {
				out[last].Size += size
			} else {
				out = append(out, scan.Region{Start: at, Size: size})
			}
		}
	}
	return out, nil
}
