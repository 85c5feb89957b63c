package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// The agent's own logs never take more than this.
const (
	logFiles   = 5
	logFileMax = 1 << 20
)

// A LogFile is the agent's log in its state folder: agent.log and, older,
// agent.log.1 to agent.log.4. It is safe for concurrent use.
type LogFile struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
}

// OpenLog opens the log in the logs folder of the state folder dir.
func OpenLog(dir string) (*LogFile, error) {
	dir = filepath.Join(dir, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the logs: %w", err)
	}
	l := &LogFile{path: filepath.Join(dir, "agent.log")}
	return l, l.open()
}

func (l *LogFile) open() error {
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("opening the log: %w", err)
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Write appends one entry and starts a new file when the present one is full.
// What a full disk takes in part is taken back, so that entries stay whole.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(p)) > logFileMax {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	if err != nil {
		return 0, errors.Join(err, l.file.Truncate(l.size))
	}
	l.size += int64(n)
	return n, nil
}

// rotate begins a new file. If none can be made yet the next call tries again,
// and moves nothing before there is one.
func (l *LogFile) rotate() error {
	if _, err := os.Stat(l.path); err == nil {
		l.file.Close()
		for i := logFiles - 1; i > 0; i-- {
			os.Rename(l.name(i-1), l.name(i)) // a gap in the row is no harm
		}
	}
	return l.open()
}

func (l *LogFile) name(i int) string {
	if i == 0 {
		return l.path
	}
	return l.path + "." + strconv.Itoa(i)
}

// Close closes the file.
func (l *LogFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// Logs lists the log files in a state folder, the newest first.
func Logs(dir string) []string {
	l := LogFile{path: filepath.Join(dir, "logs", "agent.log")}
	var files []string
	for i := range logFiles {
		if _, err := os.Stat(l.name(i)); err == nil {
			files = append(files, l.name(i))
		}
	}
	return files
}
