package proof

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFirstStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	// The folder may hold other files.
	must(t, os.MkdirAll(s.data, 0o755))
	other := filepath.Join(s.data, "notes.txt")
	must(t, os.WriteFile(other, []byte("mine"), 0o644))
	s.launch()
	eventually(t, time.Minute, "a port accepts", func() bool {
		c, err := net.Dial("tcp", s.listen)
		if err != nil {
			c, err = net.Dial("tcp", s.agents)
		}
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	info, err := os.Stat(s.file)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("when the first port accepts the file is %v, %v", info, err)
	}
	s.ready()
	before, err := os.ReadFile(s.file)
	must(t, err)
	var members map[string]string
	must(t, json.Unmarshal(before, &members))
	for _, name := range []string{"url", "operator", "password", "client_id", "client_secret", "registration_code", "pin", "console"} {
		if members[name] == "" {
			t.Errorf("the file has no %s", name)
		}
	}
	if len(members) != 8 {
		t.Errorf("the file has %d members, want 8", len(members))
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.get(path); status != 200 {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	s.grant()
	token := s.token

	// A second server on the folder is refused, and harms nothing.
	second := newServer(t)
	second.data = s.data
	second.launch()
	if code := second.wait(t); code != 1 {
		t.Errorf("a second server on the folder ended with %d", code)
	}
	if text := second.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "another reeve server is using this directory") {
		t.Errorf("a second server said %q", text)
	}
	if _, err := os.Stat(second.file); !os.IsNotExist(err) {
		t.Errorf("a second server left a file of credentials: %v", err)
	}

	// The file is left alone from now on, also if it was changed or removed.
	must(t, os.WriteFile(s.file, []byte("moved to the vault\n"), 0o600))
	if code, _ := s.terminate(t); code != 0 {
		t.Errorf("ended with %d", code)
	}
	s.start()
	if text, _ := os.ReadFile(s.file); string(text) != "moved to the vault\n" {
		t.Errorf("a restart wrote %q", text)
	}
	must(t, os.Remove(s.file))
	s.kill()
	s.start()
	if _, err := os.Stat(s.file); !os.IsNotExist(err) {
		t.Errorf("a restart wrote the file again: %v", err)
	}
	s.token = token
	if status, body := s.get("/api/v1/account"); status != 200 {
		t.Errorf("after a kill the token answers %d %s", status, body)
	}
	if text, _ := os.ReadFile(other); string(text) != "mine" {
		t.Errorf("the other file holds %q", text)
	}
	if beside, _ := filepath.Glob(s.file + "*"); len(beside) > 0 {
		t.Errorf("left %v", beside)
	}
}

// Whenever the first start is killed: if there is an account then its
// credentials are in the file once the server has served again. Half of the
// kills come at any time, half when the credentials are being written.
func TestFirstStartKilled(t *testing.T) {
	t.Parallel()
	killFirstStarts(t, 6)
}

func TestFirstStartKilledProof(t *testing.T) {
	if isProof() {
		killFirstStarts(t, 40)
	}
}

func killFirstStarts(t *testing.T, kills int) {
	t.Helper()
	random := newRandom(t)
	whole := timeToServe(t)
	before, between := 0, 0
	for round := range kills {
		s := newServer(t)
		s.launch()
		if round%2 == 0 {
			pass(time.Duration(random.Int64N(int64(whole*11/10))), s.done)
		} else {
			waitForFile(s.done, s.file+".new", s.file)
			pass(time.Duration(random.Int64N(int64(10*time.Millisecond))), s.done)
		}
		s.kill()
		promised, err := os.ReadFile(s.file)
		_, besideErr := os.Stat(s.file + ".new")
		switch {
		case err != nil && besideErr == nil:
			between++
		case err != nil:
			before++
		}
		s.start()
		s.grant() // the credentials in the file are those of the account
		if now, err := os.ReadFile(s.file); err != nil || promised != nil && string(now) != string(promised) {
			t.Errorf("the file was %q, now %q, %v", promised, now, err)
		}
		if info, err := os.Stat(s.file); err != nil || info.Mode() != 0o600 {
			t.Errorf("the file is %v, %v", info, err)
		}
		if beside, _ := filepath.Glob(s.file + ".*"); len(beside) > 0 {
			t.Errorf("left %v", beside)
		}
		s.kill()
	}
	t.Logf("of %d kills %d came before the credentials were written, %d before they were in their place", kills, before, between)
}

// waitForFile waits until one of the files is there, or stop is closed.
func waitForFile(stop <-chan struct{}, names ...string) {
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for {
		for _, name := range names {
			if _, err := os.Lstat(name); err == nil {
				return
			}
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}

// timeToServe measures a first start.
func timeToServe(t *testing.T) time.Duration {
	began := time.Now()
	s := newServer(t).start()
	took := time.Since(began)
	s.kill()
	return took
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"plain HTTP for others":  {[]string{"--tls", "off", "--listen", "0.0.0.0:0"}, "--tls off is only for loopback"},
		"plain bus for others":   {[]string{"--tls", "off", "--agents", "0.0.0.0:0"}, "--tls off is only for loopback"},
		"plain on every address": {[]string{"--tls", "off", "--listen", ":0"}, "--tls off is only for loopback"},
		"half a certificate":     {[]string{"--tls", "cert.pem"}, "--tls must be"},
		"no rate":                {[]string{"--rate-limit", "many"}, "--rate-limit must be"},
		"no URL":                 {[]string{"--public", "reeve.example"}, "--public must be"},
		"no such flag":           {[]string{"--port", "1"}, "--port"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "first.json")
			args := append([]string{"serve", "--data", filepath.Join(dir, "data"), "--bootstrap", file,
				"--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0"}, c.args...)
			p := run(t, newTranscript(t, "the server"), program("reeve"), args...)
			code := p.wait(t)
			text := p.log.String()
			if code != 2 || !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 {
				t.Errorf("ended with %d and %q", code, text)
			}
			if _, err := os.Stat(file); !os.IsNotExist(err) {
				t.Errorf("a refused start left a file of credentials: %v", err)
			}
		})
	}
}

// Without TLS the file has an empty pin.
func TestPlainFirstStart(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--tls", "off").start()
	if s.first.Pin != "" || s.first.URL != "http://"+s.listen {
		t.Errorf("the file says url %s, pin %q", s.first.URL, s.first.Pin)
	}
	s.grant()
}

// Without a file the credentials are shown, once.
func TestShownFirstStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.file = ""
	s.launch()
	eventually(t, time.Minute, "the server serves", func() bool { return strings.Contains(s.log.String(), `"serving"`) })
	s.terminate(t)
	shown := s.out.String()
	if strings.Count(shown, "client secret") != 1 || strings.Count(shown, "registration code") != 1 {
		t.Errorf("showed %q", shown)
	}
	s.launch()
	eventually(t, time.Minute, "the server serves again", func() bool { return strings.Count(s.log.String(), `"serving"`) == 2 })
	s.terminate(t)
	if again := s.out.String(); again != "" {
		t.Errorf("a restart showed %q", again)
	}
}

// Where the credentials cannot be written, no account is made: the next start is
// the first one.
func TestFirstStartWithoutAPlaceForTheFile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := s.file
	s.file = filepath.Join(filepath.Dir(good), "missing", "first.json")
	s.launch()
	if code := s.wait(t); code == 0 || !strings.Contains(s.log.String(), "cannot write the file of --bootstrap") {
		t.Errorf("ended with %d and %q", code, s.log.String())
	}
	s.file = good
	s.start()
	s.grant()
}

// Credentials that a set-up left beside their file and that are not those of the
// store never get to be the file.
func TestLeftoverOfAnotherSetUp(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.terminate(t)
	must(t, os.Remove(s.file))
	for name, left := range map[string]string{
		"of a set-up that was not stored": `{"url":"https://127.0.0.1:1","client_id":"NOBODY","client_secret":"NOTHING"}`,
		"cut off":                         `{"url":"https://127`,
		"empty":                           "",
	} {
		must(t, os.WriteFile(s.file+".new", []byte(left), 0o600))
		s.start()
		if files, _ := filepath.Glob(s.file + "*"); len(files) > 0 {
			t.Errorf("%s: left %v", name, files)
		}
		s.terminate(t)
	}
}
