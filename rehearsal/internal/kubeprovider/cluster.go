package kubeprovider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Version is the version of the SDK whose types and provider this package follows.
const Version = "4.33.0"

// defaultTimeout is how long Pulumi's provider waits for a Deployment, a Service or an Ingress.
const defaultTimeout = 10 * time.Minute

// Options say how clusters are reached.
type Options struct {
	// File keeps the list of what was made between runs, by type and name alone. Empty keeps it in memory only.
	File string
	// AWS is the absolute path of the command that takes the place of "aws" in a kubeconfig. Empty looks "aws" up on
	// PATH.
	AWS string
	// Timeout is how long an object may take to become ready, or to go. The annotation pulumi.com/timeoutSeconds of an
	// object wins. Defaults to 10 minutes, as in Pulumi's provider.
	Timeout time.Duration
}

// Cluster is the model of one provider server. Its providers reach as many API servers as there are kubeconfigs.
type Cluster struct {
	options Options
	parent  context.Context //nolint:containedctx // a Provider's methods have no context of their own
	store   *simprovider.Store
	kinds   map[string]kind
	checked atomic.Int64

	mu sync.Mutex
	// current ends the calls and waits that are going on.
	current context.Context //nolint:containedctx // see above
	cancel  context.CancelFunc
	// clients holds one client a kubeconfig: a client starts the kubeconfig's command for its token.
	clients map[string]dynamic.Interface
	// places holds the last client of each cluster.
	places map[string]dynamic.Interface
	// warnings are what the API servers warned of.
	warnings map[string]bool
}

var _ simprovider.Model = (*Cluster)(nil)

// New opens the list of what was made. When ctx ends, calls to API servers and waits end too.
func New(ctx context.Context, options Options) (*Cluster, error) {
	if options.Timeout == 0 {
		options.Timeout = defaultTimeout
	}
	store, err := simprovider.OpenStore(options.File)
	if err != nil {
		return nil, fmt.Errorf("opening the list of Kubernetes objects: %w", err)
	}
	c := &Cluster{
		options: options, parent: ctx, store: store, kinds: table(),
		clients: map[string]dynamic.Interface{}, places: map[string]dynamic.Interface{}, warnings: map[string]bool{},
	}
	c.current, c.cancel = context.WithCancel(ctx)
	return c, nil
}

// Cancel ends the calls to API servers, and the waits, that are going on. The engine also calls it when it has ended
// an operation in order; there may be others after that.
func (c *Cluster) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.current, c.cancel = context.WithCancel(c.parent)
}

// life is for one call.
func (c *Cluster) life() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// Package is "kubernetes".
func (c *Cluster) Package() string { return "kubernetes" }

// Version is the version of the SDK whose types the provider follows.
func (c *Cluster) Version() string { return Version }

// Checked counts the objects that were decoded and checked.
func (c *Cluster) Checked() int { return int(c.checked.Load()) }

// Object is something that a program made.
type Object struct {
	// Type is the type token, Cluster the provider's cluster identifier or else the address of the API server.
	Type, Cluster, Namespace, Name, URN string
}

// Objects returns what programs made and what is still there, in a stable order. Helm releases are among them. An object
// whose server cannot be asked counts as there, and the error says so.
func (c *Cluster) Objects(ctx context.Context) ([]Object, error) {
	var out []Object
	var errs []error
	for _, r := range c.store.All() {
		there, err := c.there(ctx, r)
		errs = append(errs, err)
		if !there && err == nil {
			continue
		}
		namespace, name := split(r.ID)
		out = append(out, Object{Type: r.Type, Cluster: r.Region, Namespace: namespace, Name: name, URN: r.URN})
	}
	return out, errors.Join(errs...)
}

func (c *Cluster) there(ctx context.Context, r simprovider.Record) (bool, error) {
	k := c.kinds[r.Type]
	if k.chart {
		return true, nil
	}
	client := c.client(r.Region)
	if client == nil {
		return false, fmt.Errorf("looking for %s %q: no provider is configured for cluster %q", r.Type, r.ID, r.Region)
	}
	namespace, name := split(r.ID)
	_, err := k.in(client, namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s %q: %w", r.Type, r.ID, err)
	}
	return true, nil
}

func (c *Cluster) client(place string) dynamic.Interface {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.places[place]
}

// note keeps a record of what was made, and of what it consists if that cannot be asked for later.
func (c *Cluster) note(record simprovider.Record) error {
	return c.store.Do(func(tx *simprovider.Tx) error {
		tx.Put(record)
		return nil
	})
}

func (c *Cluster) forget(record simprovider.Record) error {
	return c.store.Do(func(tx *simprovider.Tx) error {
		tx.Remove(record.Key())
		return nil
	})
}
