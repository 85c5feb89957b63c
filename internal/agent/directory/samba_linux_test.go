package directory

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve"
)

// accounts fills the domain: more machines than fit on a page.
const accounts = `
import sys
from samba.samdb import SamDB
from samba.auth import system_session
from samba.param import LoadParm
lp = LoadParm()
lp.load(sys.argv[1])
sam = SamDB(url=sys.argv[2], session_info=system_session(), lp=lp)
sam.transaction_start()
for i in range(510):
    sam.add({"dn": "CN=PC%d,CN=Computers,DC=test,DC=lan" % i, "objectClass": "computer", "sAMAccountName": "PC%d$" % i,
        "userAccountControl": "4098" if i == 7 else "4096", "dNSHostName": "pc%d.test.lan" % i,
        "operatingSystem": "Windows 11 Pro", "operatingSystemVersion": "10.0 (26100)"})
sam.transaction_commit()
`

// domain starts a domain controller on an address of its own, and returns how to
// read it.
func domain(t *testing.T) Directory {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, program := range []string{"samba", "samba-tool"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			t.Fatalf("this test starts Samba as a domain controller, which needs root and the Debian packages samba, samba-ad-provision, samba-dsdb-modules and samba-vfs-modules")
		}
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	address := fmt.Sprintf("127.77.%d.%d", os.Getpid()>>8&0xff, os.Getpid()&0xff|1)
	run := func(program string, args ...string) {
		t.Helper()
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	certificate(t, address, file("key.pem"), file("cert.pem"))
	run("samba-tool", "domain", "provision", "--realm=TEST.LAN", "--domain=TEST", "--server-role=dc", "--dns-backend=NONE", "--adminpass=Passw0rd-of-a-test",
		"--host-name=dc1", "--host-ip="+address, "--targetdir="+file("dc"), "--option=server services=ldap")
	conf := file("dc/etc/smb.conf")
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("[global]\n\tinterfaces = %s/8\n\tbind interfaces only = yes\n\ttls enabled = yes\n\ttls keyfile = %s\n\ttls certfile = %s\n\ttls cafile = %s\n\tpid directory = %s\n\tncalrpc dir = %s\n",
		address, file("key.pem"), file("cert.pem"), file("cert.pem"), dir, file("ncalrpc"))
	text = []byte(strings.ReplaceAll(strings.Replace(string(text), "[global]\n", own, 1), "/var/log/samba/", dir+"/"))
	if err := os.WriteFile(conf, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run("/usr/bin/python3", "-c", accounts, conf, file("dc/private/sam.ldb"))
	samba := exec.Command("samba", "-i", "-M", "single", "-s", conf)
	samba.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	log, err := os.Create(file("samba.out"))
	if err == nil {
		samba.Stdout, samba.Stderr = log, log
		err = samba.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-samba.Process.Pid, syscall.SIGKILL)
		samba.Wait()
		log.Close()
	})
	// Another program is waited for, which says nothing when it is ready.
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", net.JoinHostPort(address, ldapsPort))
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			out, _ := os.ReadFile(file("samba.out"))
			t.Fatalf("Samba does not answer: %v\n%s", err, out)
		}
	}
	if err := os.WriteFile(file("password"), []byte("Passw0rd-of-a-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Directory{URL: "ldaps://" + address, User: "administrator@test.lan", PasswordFile: file("password"), CAFile: file("cert.pem")}
}

func certificate(t *testing.T, address, keyFile, certFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dc1.test.lan"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{keyFile: {Type: "PRIVATE KEY", Bytes: raw}, certFile: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A real domain controller is read, page after page, and nobody else.
func TestSambaDomain(t *testing.T) {
	d := domain(t)
	t.Run("computers", func(t *testing.T) {
		all, err := d.Computers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		byName, objects := map[string]reeve.Sighting{}, map[string]bool{}
		for _, s := range all {
			byName[s.Hostname], objects[s.Object] = s, true
		}
		// 509 enabled ones and the domain controller itself.
		if len(all) != 510 || len(byName) != 510 || len(objects) != 510 || byName["pc7.test.lan"].Object != "" || byName["dc1.test.lan"].System != reeve.Linux {
			t.Errorf("%d machines, %d names, %d objects", len(all), len(byName), len(objects))
		}
		pc := byName["pc509.test.lan"]
		if pc.Origin != reeve.ByDirectory || len(pc.Object) != 32 || pc.System != reeve.Windows || pc.OSName != "Windows 11 Pro" || pc.OSVersion != "10.0 (26100)" {
			t.Errorf("%+v", pc)
		}
	})
	fails := func(name, why string, change func(d *Directory)) {
		t.Run(name, func(t *testing.T) {
			d := d
			change(&d)
			if all, err := d.Computers(t.Context()); err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "Passw0rd") {
				t.Errorf("%d machines, %v", len(all), err)
			}
		})
	}
	other := filepath.Join(t.TempDir(), "cert.pem")
	certificate(t, "127.0.0.1", other+".key", other)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails("a certificate of somebody else", "certificate", func(d *Directory) { d.CAFile = other })
	fails("authorities of the system", "certificate", func(d *Directory) { d.CAFile = "" })
	fails("a wrong password", "user or the password is wrong", func(d *Directory) { d.PasswordFile = wrong })
	fails("a port where nobody is", "refused", func(d *Directory) { d.URL += ":1" })
	t.Run("called off", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Computers(ctx); err == nil {
			t.Error("it was read all the same")
		}
	})
}
