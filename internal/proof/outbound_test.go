package proof

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/client"
)

// TestOutbound has a server push to a webhook and export to a file and to
// rsyslog, kills it in the middle and starts it again: nothing is missing, and
// what comes twice has the same name.
func TestOutbound(t *testing.T) {
	t.Parallel()
	flows(t, false)
}

// TestOutboundProof exports to S3-compatible storage of other people as well,
// whose building takes minutes.
func TestOutboundProof(t *testing.T) {
	if isProof() {
		flows(t, true)
	}
}

const fleetOfFlows = 400

func flows(t *testing.T, withStorage bool) {
	s := newServer(t).start()
	s.grant()
	pushed := newReceiver(t, "deleted")
	key, all, on := "key-123", []string{}, true
	hook, err := s.own.SetWebhook(t.Context(), client.WebhookSpec{URL: pushed.URL, APIKey: &key, Events: []string{"deleted"}})
	must(t, err)
	if reply, err := s.own.TestWebhook(t.Context()); err != nil || !reply.Received || hook.Behind != 0 {
		t.Fatalf("a sample: %+v, %v", reply, err)
	}
	dir := t.TempDir()
	places := map[string]func() []byte{"file": func() []byte { return allBelow(t, filepath.Join(s.data, "exports")) }}
	specs := []client.ExportSpec{{Kind: "file"}}
	tcp, udp := rsyslog(t, dir)
	for network, address := range map[string]string{"tcp": tcp, "udp": udp} {
		specs = append(specs, client.ExportSpec{Kind: "syslog", Network: &network, Address: &address})
		places["syslog-"+network] = func() []byte { text, _ := os.ReadFile(filepath.Join(dir, network)); return text }
	}
	if withStorage {
		endpoint, root := gateway(t)
		text := func(s string) *string { return &s }
		every := int64(1)
		specs = append(specs, client.ExportSpec{Kind: "s3", Endpoint: &endpoint, Bucket: text("logs"), Region: text("us-east-1"),
			AccessKey: text("AK"), SecretKey: text("SECRET"), Prefix: text("a b+ü/"), PathStyle: &on, Every: &every})
		places["s3"] = func() []byte { return allBelow(t, filepath.Join(root, "logs")) }
	}
	for _, spec := range specs {
		name := spec.Kind
		if spec.Network != nil {
			name += "-" + *spec.Network
		}
		spec.Name, spec.Devices, spec.Events = &name, &on, &all
		_, err := s.own.CreateExport(t.Context(), spec)
		must(t, err)
	}
	var devices []client.NewDevice
	for i := range fleetOfFlows {
		devices = append(devices, client.NewDevice{Hostname: fmt.Sprint("pc-", i), MACs: []string{fmt.Sprintf("00:00:5e:00:%02x:%02x", i/256, i%256)}})
	}
	_, err = s.own.Import(t.Context(), client.Import{Devices: devices})
	must(t, err)
	_, err = s.own.Place(t.Context(), client.Order{Action: "delete", All: true}, "")
	must(t, err)
	eventually(t, time.Minute, "a good part is pushed", func() bool { return pushed.count() > fleetOfFlows/4 })
	s.kill()
	s.start()
	eventually(t, 2*time.Minute, "every deletion is pushed", func() bool { return pushed.count() == fleetOfFlows })
	if again := pushed.again(); again > 64 {
		t.Errorf("%d pushes came twice", again)
	}
	for name, text := range places {
		wanted := fleetOfFlows
		if name == "syslog-udp" { // which loses what comes too fast for a busy machine
			wanted /= 2
		}
		eventually(t, 2*time.Minute, "every line has come to "+name, func() bool { return len(devicesIn(text())) >= wanted })
	}
	eventually(t, time.Minute, "nothing waits", func() bool {
		for e, err := range s.own.Exports(t.Context()) {
			must(t, err)
			if e.Behind > 0 || e.LastSuccess.IsZero() {
				return false
			}
		}
		return true
	})
	if out, code := call(t, s.environment(), program("reeve"), "exports", "list"); code != 0 || !strings.Contains(out, "syslog-udp") {
		t.Errorf("exports list: %d %s", code, out)
	}
	for _, secret := range []string{"key-123", "SECRET"} {
		if strings.Contains(s.log.String(), secret) || bytes.Contains(allBelow(t, s.data), []byte(secret)) {
			t.Errorf("%s is in the server's folder or log", secret)
		}
	}
}

// devicesIn returns the devices that lines of a deletion tell of, whatever
// stands before the lines.
func devicesIn(text []byte) map[string]bool {
	devices := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var row client.Entry
		_, object, _ := bytes.Cut(lines.Bytes(), []byte("{"))
		if json.Unmarshal(append([]byte("{"), object...), &row) == nil && row.Event == "job_placed" && row.Device != "" {
			devices[row.Device] = true
		}
	}
	return devices
}

// allBelow returns the contents of all files of a folder.
func allBelow(t *testing.T, folder string) (text []byte) {
	t.Helper()
	filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			b, _ := os.ReadFile(path) // it may be gone by now
			text = append(text, b...)
		}
		return nil
	})
	return text
}

// A receiver takes pushes slowly and remembers their names.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	names map[string]string // by device
	twice int
}

func newReceiver(t *testing.T, status string) *receiver {
	r := &receiver{names: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var push struct {
			DeviceID string `json:"device_id"`
			Status   string `json:"status"`
		}
		if err := json.NewDecoder(q.Body).Decode(&push); err != nil || q.Header.Get("Authorization") != "key-123" || push.Status != status {
			t.Errorf("a push: %+v, %v", push, err)
		}
		pass(20*time.Millisecond, q.Context().Done())
		r.mu.Lock()
		defer r.mu.Unlock()
		name := q.Header.Get("X-Reeve-Delivery")
		switch had, ok := r.names[push.DeviceID]; {
		case push.DeviceID == strings.Repeat("0", 32): // the sample
		case ok && had != name:
			t.Errorf("%s came as %s and as %s", push.DeviceID, had, name)
		case ok:
			r.twice++
		default:
			r.names[push.DeviceID] = name
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.names) }
func (r *receiver) again() int { r.mu.Lock(); defer r.mu.Unlock(); return r.twice }

// rsyslog starts a real one, which writes what comes to the files tcp and udp.
func rsyslog(t *testing.T, dir string) (tcp, udp string) {
	t.Helper()
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		path = "/usr/sbin/rsyslogd"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal("rsyslogd is missing: install the Debian package rsyslog")
	}
	tcp, udp = freeAddress(t), freeAddress(t)
	config := fmt.Sprintf("global(workDirectory=%q maxMessageSize=\"64k\")\n", dir) +
		"template(name=\"line\" type=\"string\" string=\"%programname% %msgid% %msg%\\n\")\n"
	for network, address := range map[string]string{"tcp": tcp, "udp": udp} {
		_, port, _ := net.SplitHostPort(address)
		config += fmt.Sprintf("module(load=\"im%[1]s\")\ninput(type=\"im%[1]s\" address=\"127.0.0.1\" port=%[2]q ruleset=%[1]q)\n"+
			"ruleset(name=%[1]q) { action(type=\"omfile\" file=%[3]q template=\"line\") }\n", network, port, filepath.Join(dir, network))
	}
	file := filepath.Join(dir, "rsyslog.conf")
	must(t, os.WriteFile(file, []byte(config), 0o600))
	run(t, newTranscript(t, "rsyslogd"), path, "-n", "-f", file, "-i", filepath.Join(dir, "rsyslog.pid"))
	listens(t, tcp)
	return tcp, udp
}

func listens(t *testing.T, address string) {
	t.Helper()
	eventually(t, time.Minute, address+" listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// gateway builds and starts Versity's S3 gateway over a folder that it returns,
// with a bucket named logs.
func gateway(t *testing.T) (endpoint, root string) {
	t.Helper()
	dir := t.TempDir()
	root = filepath.Join(dir, "root")
	must(t, os.MkdirAll(filepath.Join(root, "logs"), 0o700))
	must(t, os.Mkdir(filepath.Join(dir, "meta"), 0o700))
	built := filepath.Join(dir, "gateway")
	if out, err := exec.Command("go", "-C", "../../tools/s3", "build", "-o", built, "github.com/versity/versitygw/cmd/versitygw").CombinedOutput(); err != nil {
		t.Fatalf("building the gateway: %v\n%s", err, out)
	}
	address := freeAddress(t)
	run(t, newTranscript(t, "the gateway"), built, "--quiet", "--port", address, "--access", "AK", "--secret", "SECRET",
		"posix", "--sidecar", filepath.Join(dir, "meta"), root)
	listens(t, address)
	return "http://" + address, root
}
