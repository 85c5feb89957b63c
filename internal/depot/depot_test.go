package depot

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestDepot(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string, age time.Duration) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if none, err := Open(filepath.Join(dir, "nowhere")).Packages(); err != nil || none != nil {
		t.Errorf("a folder that is not there: %v, %v", none, err)
	}
	put("reeve-agent_26.11.0_amd64.deb", "old", 2*time.Hour)
	put("reeve-agent_26.12.0_amd64.deb", "new", time.Hour)
	put("reeve-agent-26.12.0-1.aarch64.rpm", "rpm", time.Hour)
	put("reeve-agent-26.12.0+git1.ab-windows-amd64.zip", "zip", time.Hour)
	put("reeve-agent-26.12.0-macos-arm64.tar.gz", "mac", time.Hour)
	put("reeve-26.12.0-linux-amd64.tar.gz", "the server", 0)
	put("secret.txt", "secret", 0)
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "reeve-agent_99_arm64.deb")); err != nil {
		t.Fatal(err)
	}
	d := Open(dir)
	got, err := d.Packages()
	if err != nil {
		t.Fatal(err)
	}
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	want := []Package{
		{"reeve-agent_26.12.0_amd64.deb", "debian", "amd64", "", hash("new")},
		{"reeve-agent-26.12.0-1.aarch64.rpm", "fedora", "arm64", "", hash("rpm")},
		{"reeve-agent-26.12.0-macos-arm64.tar.gz", "macos", "arm64", "reeve-agent-26.12.0-macos-arm64", hash("mac")},
		{"reeve-agent-26.12.0+git1.ab-windows-amd64.zip", "windows", "amd64", "reeve-agent-26.12.0+git1.ab-windows-amd64", hash("zip")},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	put("reeve-agent_26.12.0_amd64.deb", "changed", 0)
	if got, _ := d.Packages(); got[0].SHA256 != hash("changed") {
		t.Error("the sum is that of the file before")
	}
	for path, want := range map[string]int{
		"reeve-agent_26.11.0_amd64.deb": 200, "reeve-agent_99_arm64.deb": 404, "secret.txt": 404, "reeve-26.12.0-linux-amd64.tar.gz": 404,
		"": 404, "../depot.go": 404, "reeve-agent_1_arm64.deb": 404,
	} {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest("GET", "http://x"+Prefix+path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
