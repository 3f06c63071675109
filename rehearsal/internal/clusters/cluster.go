//go:build unix

package clusters

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/egress"
	"github.com/slipway-eks/slipway/rehearsal/internal/eksauth"
	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
	"github.com/slipway-eks/slipway/rehearsal/internal/nginxhook"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// metricsService is the Service of metrics-server.
const metricsService = "metrics-server"

// Cluster is one running cluster.
type Cluster struct {
	plane  *controlplane.ControlPlane
	fleet  *fleet.Fleet
	client kubernetes.Interface
	// standIns are known once all is started; the API server asks from its own start on.
	standIns atomic.Pointer[standIns]
	// closers end the rest, the last first.
	closers []func() error
}

// Config reaches the cluster with all rights.
func (c *Cluster) Config() *rest.Config { return c.plane.Config() }

// Client reaches the cluster with all rights.
func (c *Cluster) Client() kubernetes.Interface { return c.client }

// Err says what of the cluster has ended by itself; nil while all runs.
func (c *Cluster) Err() error { return c.plane.Err() }

// Fleet is the cluster's nodes.
func (c *Cluster) Fleet() *fleet.Fleet { return c.fleet }

func (s *Set) start(name string) (*Cluster, error) {
	c := &Cluster{}
	if err := s.build(c, name); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (s *Set) build(c *Cluster, name string) error {
	sockets, err := os.MkdirTemp("", "slipway-") // a socket's path must be short
	if err != nil {
		return fmt.Errorf("making a folder for sockets: %w", err)
	}
	c.closers = append(c.closers, func() error { return os.RemoveAll(sockets) })
	socket := filepath.Join(sockets, "egress")
	proxy, err := egress.Serve(socket, func(ctx context.Context, address string) (string, error) { return c.resolve(ctx, address) })
	if err != nil {
		return err
	}
	c.closers = append(c.closers, proxy.Close)
	c.plane, err = controlplane.Start(s.life, controlplane.Options{
		Dir: s.folder(name), Binary: s.options.Binary, KWOK: s.options.KWOK, Timing: s.options.Timing, Speed: s.options.Speed,
		Auth: &controlplane.Webhook{URL: s.auth.URL(name), CA: s.auth.CA()}, Egress: socket,
	})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, c.plane.Close)
	if c.client, err = kubernetes.NewForConfig(c.plane.Config()); err != nil {
		return fmt.Errorf("preparing a client: %w", err)
	}
	if err := c.prepare(s.life); err != nil {
		return err
	}
	return c.populate(s, name)
}

// prepare makes what EKS has in a cluster from the start.
func (c *Cluster) prepare(ctx context.Context) error {
	for _, b := range eksauth.Bindings() {
		_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, b, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("binding access policies: %w", err)
		}
	}
	return c.announceMetrics(ctx)
}

// announceMetrics tells the API server of the metrics API. It answers once pods of metrics-server are ready.
func (c *Cluster) announceMetrics(ctx context.Context) error {
	services := c.client.CoreV1().Services(metav1.NamespaceSystem)
	_, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: metricsService},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"k8s-app": metricsService}, Ports: []corev1.ServicePort{{Name: "https", Port: 443}},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making the service of %s: %w", metricsService, err)
	}
	client, err := dynamic.NewForConfig(c.plane.Config())
	if err != nil {
		return fmt.Errorf("preparing a client: %w", err)
	}
	api := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1beta1.metrics.k8s.io"},
		"spec": map[string]any{
			"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"insecureSkipTLSVerify": true, // as in metrics-server's own manifest
			"service":               map[string]any{"namespace": metav1.NamespaceSystem, "name": metricsService},
		},
	}}
	kind := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	_, err = client.Resource(kind).Create(ctx, api, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("announcing the metrics API: %w", err)
	}
	return nil
}

// populate starts the nodes and the stand-ins.
func (c *Cluster) populate(s *Set, name string) error {
	events, err := os.OpenFile(filepath.Join(s.folder(name), "fleet.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening log: %w", err)
	}
	c.closers = append(c.closers, events.Close)
	c.fleet, err = fleet.Start(fleet.Options{
		Config: c.plane.Config(), Speed: s.options.Speed, Death: s.options.Death, Log: events,
		Groups: func() []simaws.NodeGroup { return s.account.NodeGroups(name) },
		Addons: func() []string { return s.account.Addons(name) },
	})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, func() error { c.fleet.Close(); return nil })
	return c.serveStandIns()
}

// standIns are the addresses of what answers in the place of pods.
type standIns struct{ metrics, nginx string }

func (c *Cluster) serveStandIns() error {
	hook, err := nginxhook.Serve(c.client)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, hook.Close)
	metrics, err := c.serveMetrics()
	if err != nil {
		return err
	}
	c.standIns.Store(&standIns{metrics: metrics, nginx: hook.Address()})
	return nil
}

// serveMetrics serves the metrics API to the API server and nobody else.
func (c *Cluster) serveMetrics() (string, error) {
	certificate, err := c.plane.ServingCertificate(metricsService + "." + metav1.NamespaceSystem + ".svc")
	if err != nil {
		return "", err
	}
	callers := x509.NewCertPool()
	callers.AppendCertsFromPEM(c.plane.FrontProxyCA())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listening for the metrics API: %w", err)
	}
	server := &http.Server{
		Handler: c.fleet.Metrics(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate},
			ClientCAs: callers, ClientAuth: tls.RequireAndVerifyClientCert,
		},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }() // ends with Close
	c.closers = append(c.closers, server.Close)
	return listener.Addr().String(), nil
}

// resolve finds the stand-in for a Service by its address. It answers only while a pod of the Service is ready.
func (c *Cluster) resolve(ctx context.Context, address string) (string, error) {
	at := c.standIns.Load()
	if at == nil {
		return "", errors.New("the cluster is starting")
	}
	service, err := c.serviceAt(ctx, address)
	if err != nil {
		return "", err
	}
	pods, err := c.client.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String(), ResourceVersion: "0",
	})
	if err != nil {
		return "", fmt.Errorf("finding the pods of %s/%s: %w", service.Namespace, service.Name, err)
	}
	for i := range pods.Items {
		switch pod := &pods.Items[i]; {
		case !isReady(pod):
		case service.Namespace == metav1.NamespaceSystem && service.Name == metricsService:
			return at.metrics, nil
		case nginxhook.Serves(pod):
			return at.nginx, nil
		default:
			return "", fmt.Errorf("nothing stands in for service %s/%s", service.Namespace, service.Name)
		}
	}
	return "", fmt.Errorf("no pod of service %s/%s is ready", service.Namespace, service.Name)
}

// serviceAt finds a Service by the address that the API server dials: its cluster IP or its name.
func (c *Cluster) serviceAt(ctx context.Context, address string) (*corev1.Service, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", address, err)
	}
	services, err := c.client.CoreV1().Services("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, fmt.Errorf("listing services: %w", err)
	}
	for i := range services.Items {
		s := &services.Items[i]
		if s.Spec.ClusterIP == host || s.Name+"."+s.Namespace+".svc" == host {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no service has the address %s", host)
}

func isReady(p *corev1.Pod) bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// close ends what was started, the last first.
func (c *Cluster) close() error {
	var errs []error
	for _, end := range slices.Backward(c.closers) {
		errs = append(errs, end())
	}
	c.closers = nil
	return errors.Join(errs...)
}
