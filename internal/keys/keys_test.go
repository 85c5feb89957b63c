package keys

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"reeve/internal/seal"
)

// A clock that tests move by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func noon() *clock { return &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func open(t *testing.T, dir string, c *clock) *Keys {
	t.Helper()
	k, err := Open(dir, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysStay(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "keys"), noon()
	first := open(t, dir, c)
	signature := first.Seal().SignCancel(7, c.t)

	c.t = c.t.Add(time.Hour)
	second := open(t, dir, c)
	if first.Pin() != second.Pin() {
		t.Error("the pin changed when the folder was opened again")
	}
	if string(first.Head()) != string(second.Head()) || len(first.Head()) != 32 {
		t.Error("the head key changed when the folder was opened again")
	}
	// The same seal key with another certificate of the same root.
	if err := second.Verifier().CheckCancel(7, c.t.Add(-time.Hour), signature, second.Seal().Certificate()); err != nil {
		t.Error("the seal key changed when the folder was opened again:", err)
	}
}

func TestFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	open(t, dir, noon())
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 4 {
		t.Errorf("the folder holds %v", files)
	}
	for _, f := range files {
		if info, _ := f.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", f.Name(), info.Mode())
		}
	}
}

func TestTwoServersAgreeOnAnEmptyFolder(t *testing.T) {
	dir, c := t.TempDir(), noon()
	pins := make(chan string)
	for range 8 {
		go func() {
			k, err := Open(dir, c.now)
			if err != nil {
				t.Error(err)
				pins <- ""
				return
			}
			pins <- k.Pin()
		}()
	}
	first := <-pins
	for range 7 {
		if pin := <-pins; pin != first {
			t.Errorf("two pins, %s and %s", first, pin)
		}
	}
}

func TestDamagedFileIsNotReplaced(t *testing.T) {
	for _, file := range []string{rootFile, certFile, sealFile, headFile} {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir, noon())
			if err := os.WriteFile(filepath.Join(dir, file), []byte("nothing"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, noon().now); err == nil {
				t.Error("opened with a damaged file")
			}
		})
	}
}

func TestForeignRootCertificate(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	open(t, dir, noon())
	open(t, other, noon())
	if err := os.Rename(filepath.Join(other, certFile), filepath.Join(dir, certFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, noon().now); err == nil {
		t.Error("opened with another root's certificate")
	}
}

func TestSealKeyIsRenewedInTime(t *testing.T) {
	c := noon()
	k := open(t, t.TempDir(), c)
	old, at := k.Seal(), c.t
	verifier := k.Verifier()
	for range 100 {
		c.t = c.t.Add(30 * 24 * time.Hour)
		key := k.Seal()
		if err := verifier.CheckCancel(1, c.t, key.SignCancel(1, c.t), key.Certificate()); err != nil {
			t.Fatalf("at %v: %v", c.t, err)
		}
	}
	if string(k.Seal().Certificate()) == string(old.Certificate()) {
		t.Error("the seal key is the same after eight years")
	}
	if err := verifier.CheckCancel(1, at, old.SignCancel(1, at), old.Certificate()); err != nil {
		t.Error("what the old key signed is no longer good:", err)
	}
}

func TestPorts(t *testing.T) {
	c := noon()
	k := open(t, t.TempDir(), c)
	server, err := k.ServerTLS("localhost", "127.0.0.1:8443", "[::1]:8443", "reeve.example:443")
	if err != nil {
		t.Fatal(err)
	}
	agents, err := k.AgentsTLS("reeve-agents")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		port *tls.Config
		name string
		most uint16
		good bool
	}{
		"name":                 {server, "reeve.example", tls.VersionTLS12, true},
		"address":              {server, "127.0.0.1", tls.VersionTLS13, true},
		"address, version 6":   {server, "::1", tls.VersionTLS13, true},
		"another name":         {server, "example.org", tls.VersionTLS13, false},
		"agents":               {agents, "reeve-agents", tls.VersionTLS13, true},
		"agents, old protocol": {agents, "reeve-agents", tls.VersionTLS12, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := handshake(k, tt.port, tt.name, tt.most)
			if (err == nil) != tt.good {
				t.Errorf("handshake: %v", err)
			}
		})
	}
}

func TestEndorsementOutlivesCertificate(t *testing.T) {
	c := noon()
	k := open(t, t.TempDir(), c)
	port, err := k.ServerTLS("localhost")
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := k.Endorse(port)
	if err != nil {
		t.Fatal(err)
	}
	before, err := handshake(k, port, "localhost", tls.VersionTLS13)
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(leafLife - leafRenew + time.Hour)
	after, err := handshake(k, port, "localhost", tls.VersionTLS13)
	if err != nil {
		t.Fatal(err)
	}
	if before.Equal(after) {
		t.Error("the certificate was not renewed")
	}
	if _, err := seal.PinnedRoot(k.Root(), k.Pin(), after, endorsement); err != nil {
		t.Error("the endorsement does not fit the renewed certificate:", err)
	}
	other := open(t, t.TempDir(), c)
	if _, err := seal.PinnedRoot(other.Root(), k.Pin(), after, endorsement); err == nil {
		t.Error("another root was taken for the pinned one")
	}
}

// With a certificate of one's own the pin still holds.
func TestCertificateOfOnesOwn(t *testing.T) {
	c := noon()
	k, theirs := open(t, t.TempDir(), c), open(t, t.TempDir(), c)
	issued, err := theirs.ServerTLS("localhost")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := issued.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "own.crt"), filepath.Join(dir, "own.key")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := write(file, block, keeping); err != nil {
			t.Fatal(err)
		}
	}
	port, err := LoadTLS(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	endorsement, err := k.Endorse(port)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := handshake(theirs, port, "localhost", tls.VersionTLS12)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.PinnedRoot(k.Root(), k.Pin(), shown, endorsement); err != nil {
		t.Error("the endorsement does not fit the certificate:", err)
	}
	if _, err := LoadTLS(keyFile, certFile); err == nil {
		t.Error("loaded the files the wrong way round")
	}
	if _, err := k.Endorse(&tls.Config{}); err == nil {
		t.Error("endorsed a port without a certificate")
	}
}

// handshake returns the certificate that the port shows to a client who trusts
// the root alone.
func handshake(k *Keys, port *tls.Config, name string, most uint16) (*x509.Certificate, error) {
	pool := x509.NewCertPool()
	authority, err := x509.ParseCertificate(k.RootCert())
	if err != nil {
		return nil, err
	}
	pool.AddCert(authority)
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		_ = tls.Server(there, port).Handshake()
		there.Close()
	}()
	client := tls.Client(here, &tls.Config{RootCAs: pool, ServerName: name, MaxVersion: most, Time: k.now})
	if err := client.Handshake(); err != nil {
		return nil, err
	}
	return client.ConnectionState().PeerCertificates[0], nil
}
