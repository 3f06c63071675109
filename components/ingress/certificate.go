package ingress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// certificateYears is how long the webhook's certificate is good. Only the API server checks it, against an authority
// that exists for it alone; raising the generation replaces it.
const certificateYears = 10

// clockSkew is by how much the API server's clock may be behind.
const clockSkew = time.Hour

// serialBits is the length of a serial number: RFC 5280 allows 160 bits, of which the first must be 0.
const serialBits = 128

// certificate is what a webhook serves and what its clients trust, as PEM.
type certificate struct{ authority, serving, key []byte }

// newCertificate makes an authority and a certificate for hosts. The authority's key is kept nowhere: nothing else can
// ever be signed with it.
func newCertificate(hosts []string, now time.Time) (*certificate, error) {
	from, until := now.Add(-clockSkew), now.AddDate(certificateYears, 0, 0)
	authority, err := template("slipway ingress webhook authority", from, until)
	if err != nil {
		return nil, err
	}
	authority.IsCA, authority.BasicConstraintsValid, authority.MaxPathLenZero = true, true, true
	authority.KeyUsage = x509.KeyUsageCertSign
	serving, err := template(hosts[0], from, until)
	if err != nil {
		return nil, err
	}
	serving.DNSNames = hosts
	serving.KeyUsage = x509.KeyUsageDigitalSignature
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return sign(authority, serving)
}

func template(name string, from, until time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
	}, nil
}

func sign(authority, serving *x509.Certificate) (*certificate, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return nil, fmt.Errorf("making the authority: %w", err)
	}
	servingDER, err := x509.CreateCertificate(rand.Reader, serving, authority, &key.PublicKey, authorityKey)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key: %w", err)
	}
	return &certificate{
		authority: encode("CERTIFICATE", authorityDER), serving: encode("CERTIFICATE", servingDER),
		key: encode("PRIVATE KEY", keyDER),
	}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
