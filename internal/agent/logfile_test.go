package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogRotates(t *testing.T) {
	dir := t.TempDir()
	log, err := OpenLog(dir)
	must(t, err)
	defer func() { log.Close() }()
	entry := []byte(strings.Repeat("x", 99_999) + "\n")
	for i := range 12 * logFileMax / len(entry) {
		if i == 30 { // a restart goes on where it was
			must(t, log.Close())
			log, err = OpenLog(dir)
			must(t, err)
		}
		if _, err := log.Write(entry); err != nil {
			t.Fatal(err)
		}
	}
	files := Logs(dir)
	if len(files) != logFiles || files[0] != filepath.Join(dir, "logs", "agent.log") || !strings.HasSuffix(files[4], "agent.log.4") {
		t.Errorf("files %v", files)
	}
	for _, path := range files {
		info, err := os.Stat(path)
		must(t, err)
		if info.Size() > logFileMax || info.Size()%int64(len(entry)) != 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has %d bytes and mode %v", path, info.Size(), info.Mode())
		}
	}
}
