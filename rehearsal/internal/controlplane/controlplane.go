//go:build unix

package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
)

const (
	// startLimit is how long a start may take. A quiet machine needs 3 s.
	startLimit = 2 * time.Minute
	// startTries is how often ports are chosen anew when another process took one first.
	startTries = 3
	// stopGrace is what each part gets to end in order.
	stopGrace = 10 * time.Second
)

// ControlPlane is a running one.
type ControlPlane struct {
	layout   layout
	options  Options
	identity *identity
	ports    ports
	// running are the parts in the order of their start.
	running   []*process
	closeOnce sync.Once
	closeErr  error
}

// Start starts a control plane and returns when all of it is ready. It runs until Close; ctx is only for the start.
//
// The first start in a folder chooses the API server's port. Later ones use the same, because kubeconfigs name it, and
// fail if another process listens there.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %s", startLimit))
	defer cancel()
	l := layout{dir: options.Dir}
	id, err := openIdentity(l, options)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		c := &ControlPlane{layout: l, options: options, identity: id}
		err := c.start(ctx)
		if err == nil {
			return c, nil
		}
		err = errors.Join(err, c.Close())
		if !errors.Is(err, errPortTaken) || try == startTries {
			return nil, fmt.Errorf("starting the control plane: %w", err)
		}
	}
}

func (c *ControlPlane) start(ctx context.Context) error {
	if err := c.choosePorts(); err != nil {
		return err
	}
	if err := c.identity.writeConfigs(c.layout, c.options, c.ports); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if _, err := c.launch(etcd, c.options.Binary, c.layout.etcdFlags(c.ports)); err != nil {
		return err
	}
	// It waits for etcd by itself.
	server, err := c.launch(apiserver, c.options.Binary, c.layout.apiserverFlags(c.options, c.ports))
	if err != nil {
		return err
	}
	if err := server.await(ctx, answers(client, c.Endpoint()+"/readyz")); err != nil {
		return c.blame(err)
	}
	var clients errgroup.Group
	for _, next := range []struct {
		part   part
		binary string
		flags  []string
		ready  string
	}{
		{manager, c.options.Binary, c.layout.managerFlags(c.options, c.ports), address(c.ports.manager) + "/healthz"},
		{scheduler, c.options.Binary, c.layout.schedulerFlags(c.ports), address(c.ports.scheduler) + "/readyz"},
		{kwok, c.options.KWOK, c.layout.kwokFlags(c.ports), address(c.ports.kwok) + "/healthz"},
	} {
		p, err := c.launch(next.part, next.binary, next.flags)
		if err != nil {
			return err
		}
		clients.Go(func() error { return p.await(ctx, answers(client, next.ready)) })
	}
	if err := clients.Wait(); err != nil {
		return err
	}
	return c.keepPort()
}

func (c *ControlPlane) launch(of part, binary string, arguments []string) (*process, error) {
	p, err := launch(c.layout.dir, of, binary, arguments)
	if err != nil {
		return nil, err
	}
	c.running = append(c.running, p)
	return p, nil
}

// Err says which part has ended by itself, and why; nil while all run.
func (c *ControlPlane) Err() error { return c.blame(nil) }

// blame finds the part whose end kept another one from being ready: without etcd the API server only waits.
func (c *ControlPlane) blame(err error) error {
	for _, p := range c.running {
		select {
		case <-p.ended:
			return p.failure()
		default:
		}
	}
	return err
}

// choosePorts takes the API server's port from the folder, if it is there, and the others anew.
func (c *ControlPlane) choosePorts() error {
	kept, err := c.keptPort()
	if err != nil {
		return err
	}
	if kept != 0 && !isFree(kept) {
		return fmt.Errorf("port %d of the rehearsal's API server is in use by another process, and kubeconfigs name it; "+
			"end that process, or destroy the rehearsal", kept)
	}
	taken := map[int]bool{kept: true}
	c.ports.apiserver = kept
	for _, port := range []*int{&c.ports.apiserver, &c.ports.etcd, &c.ports.manager, &c.ports.scheduler, &c.ports.kwok} {
		if *port != 0 {
			continue
		}
		if *port, err = freePort(rand.IntN, taken); err != nil {
			return err
		}
	}
	return nil
}

func (c *ControlPlane) keptPort() (int, error) {
	text, err := os.ReadFile(c.layout.path("port"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the port of the rehearsal's API server: %w", err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("reading the port of the rehearsal's API server: %w", err)
	}
	return port, nil
}

func (c *ControlPlane) keepPort() error {
	if err := os.WriteFile(c.layout.path("port"), []byte(strconv.Itoa(c.ports.apiserver)), 0o600); err != nil {
		return fmt.Errorf("keeping the port of the rehearsal's API server: %w", err)
	}
	return nil
}

// client is for the questions whether the parts are ready.
func (c *ControlPlane) client() (*http.Client, error) {
	certificate, err := tls.X509KeyPair(c.identity.admin.certificate, c.identity.admin.key)
	if err != nil {
		return nil, fmt.Errorf("reading our own certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.identity.cluster.certificate)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}}, nil
}

// answers asks whether url says OK.
func answers(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		said, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s says %s: %s", url, response.Status, said)
		}
		return nil
	}
}

// Endpoint returns the URL of the API server.
func (c *ControlPlane) Endpoint() string { return address(c.ports.apiserver) }

// CA returns the authority of the API server's certificate, in PEM.
func (c *ControlPlane) CA() []byte { return c.identity.cluster.pem }

// FrontProxyCA returns the authority of the certificate with which the API server shows aggregated APIs that it is the
// one that asks, in PEM.
func (c *ControlPlane) FrontProxyCA() []byte { return c.identity.frontProxy.pem }

// Config returns the configuration of a client that may do anything, with limits that a test does not notice.
func (c *ControlPlane) Config() *rest.Config {
	return &rest.Config{
		Host: c.Endpoint(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   c.CA(),
			CertData: c.identity.admin.certificate,
			KeyData:  c.identity.admin.key,
		},
		QPS:   clientQPS,
		Burst: clientBurst,
	}
}

// ServingCertificate issues a certificate of the cluster's authority, for a server with these names or addresses.
func (c *ControlPlane) ServingCertificate(names ...string) (tls.Certificate, error) {
	if len(names) == 0 {
		return tls.Certificate{}, errors.New("a server's certificate needs a name")
	}
	made, err := c.identity.cluster.issue(subject{name: names[0], hosts: names})
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(made.certificate, made.key)
}

// Close stops the control plane and returns when every part has ended: first the clients of the API server, then it,
// then etcd. What it holds is in the folder. A part that does not end by itself within 10 s is killed, and the error says
// so. Later calls return what the first returned.
func (c *ControlPlane) Close() error {
	c.closeOnce.Do(func() {
		var clients errgroup.Group
		var errs []error
		for _, p := range c.running {
			if p.part != etcd && p.part != apiserver {
				clients.Go(func() error { return p.stop(stopGrace) })
			}
		}
		errs = append(errs, clients.Wait())
		for _, last := range []part{apiserver, etcd} {
			for _, p := range c.running {
				if p.part == last {
					errs = append(errs, p.stop(stopGrace))
				}
			}
		}
		c.closeErr = errors.Join(errs...)
	})
	return c.closeErr
}
