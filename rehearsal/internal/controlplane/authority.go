//go:build unix

package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	// An authority outlives every rehearsal that is kept; its certificates are issued at each start.
	authorityLife   = 10 * 365 * 24 * time.Hour
	certificateLife = 365 * 24 * time.Hour
	// clockSlack lets certificates begin in the past, for a clock that is set back.
	clockSlack = time.Hour
)

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// pair is a certificate and its key, in PEM.
type pair struct{ certificate, key []byte }

// subject is whom a certificate is for: a client with a name and groups, a server with hosts, or both.
type subject struct {
	name   string
	groups []string
	// hosts are names and addresses.
	hosts  []string
	client bool
}

// openAuthority returns the authority that an earlier start left in the folder, or a new one.
func openAuthority(folder, name string) (*authority, error) {
	certificateFile, keyFile := filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key")
	certificate, err := os.ReadFile(certificateFile)
	if errors.Is(err, fs.ErrNotExist) {
		made, err := newAuthority(name)
		if err != nil {
			return nil, fmt.Errorf("making authority %s: %w", name, err)
		}
		// The certificate comes last: an interrupted start leaves an authority that is made anew, not half of one.
		if err := errors.Join(
			os.WriteFile(keyFile, made.key, 0o600),
			os.WriteFile(certificateFile, made.certificate, 0o600),
		); err != nil {
			return nil, fmt.Errorf("keeping authority %s: %w", name, err)
		}
		certificate = made.certificate
	} else if err != nil {
		return nil, fmt.Errorf("reading authority %s: %w", name, err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading authority %s: %w", name, err)
	}
	both, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("reading authority %s: %w", name, err)
	}
	signer, ok := both.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("reading authority %s: its key cannot sign", name)
	}
	return &authority{certificate: both.Leaf, key: signer, pem: certificate}, nil
}

func newAuthority(name string) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "slipway rehearsal " + name},
		NotBefore:             time.Now().Add(-clockSlack),
		NotAfter:              time.Now().Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	return sign(template, template, key, key)
}

// issue makes a certificate with a new key.
func (a *authority) issue(to subject) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("making a key for %s: %w", to.name, err)
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: to.name, Organization: to.groups},
		NotBefore: time.Now().Add(-clockSlack),
		NotAfter:  time.Now().Add(certificateLife),
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
	if to.client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if len(to.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, host := range to.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	made, err := sign(template, a.certificate, key, a.key)
	if err != nil {
		return pair{}, fmt.Errorf("issuing a certificate for %s: %w", to.name, err)
	}
	return made, nil
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, parentKey crypto.Signer) (pair, error) {
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return pair{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return pair{}, err
	}
	return pair{
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		key:         keyPEM,
	}, nil
}

// encodeKey uses the form in which the API server also finds the public key of service accounts.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), nil
}

// openKey returns the file of a key that signs without certificates, and makes it if it is not there.
func openKey(folder, name string) (string, error) {
	file := filepath.Join(folder, name+".key")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("making key %s: %w", name, err)
	}
	encoded, err := encodeKey(key)
	if err != nil {
		return "", fmt.Errorf("making key %s: %w", name, err)
	}
	if err := os.WriteFile(file, encoded, 0o600); err != nil {
		return "", fmt.Errorf("keeping key %s: %w", name, err)
	}
	return file, nil
}
