package line

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"reeve/internal/link"
)

// The certificate of a bus is judged by the server's time, as far as it is
// known, and never by this machine's.
func TestCheckBus(t *testing.T) {
	issued := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC) // far from this machine's time
	authority := func() (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: issued.AddDate(-1, 0, 0),
			NotAfter: issued.AddDate(50, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
		der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	leaf := func(name string, ca *x509.Certificate, key *ecdsa.PrivateKey) []*x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: issued,
			NotAfter: issued.AddDate(0, 3, 0), DNSNames: []string{name}}, ca, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return []*x509.Certificate{cert}
	}
	root, key := authority()
	other, otherKey := authority()
	trust, err := trustIn(&key.PublicKey, root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	good := leaf(link.ServerName, root, key)
	for name, tt := range map[string]struct {
		shown []*x509.Certificate
		known time.Time
		want  bool
	}{
		"nothing known":         {good, time.Time{}, true},
		"known from long ago":   {good, issued.AddDate(-20, 0, 0), true},
		"in its time":           {good, issued.AddDate(0, 1, 0), true},
		"ended, as is known":    {good, issued.AddDate(0, 4, 0), false},
		"of another authority":  {leaf(link.ServerName, other, otherKey), time.Time{}, false},
		"for another name":      {leaf("reeve.example", root, key), time.Time{}, false},
		"the authority's own":   {[]*x509.Certificate{root}, time.Time{}, false},
		"no certificate at all": {nil, time.Time{}, false},
	} {
		if err := trust.checkBus(tt.shown, tt.known); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
