package simkube

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Version is the version of the SDK whose types the cluster follows.
const Version = "4.33.0"

// Options describe the simulated API servers.
type Options struct {
	// File keeps the objects between runs. Empty keeps them in memory only.
	File string
	// Clock tells the time of creation. Defaults to the real one.
	Clock func() time.Time
}

// Clusters are the API servers behind all kubeconfigs of a program, told apart by their addresses. It is the model
// of one provider server.
type Clusters struct {
	options Options
	store   *simprovider.Store
	kinds   map[string]kind
	checked atomic.Int64
}

var _ simprovider.Model = (*Clusters)(nil)

// New opens the clusters.
func New(options Options) (*Clusters, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	store, err := simprovider.OpenStore(options.File)
	if err != nil {
		return nil, fmt.Errorf("opening the simulated clusters: %w", err)
	}
	return &Clusters{options: options, store: store, kinds: table()}, nil
}

// Package is "kubernetes".
func (c *Clusters) Package() string { return "kubernetes" }

// Version is the version of the SDK whose types the cluster follows.
func (c *Clusters) Version() string { return Version }

// Checked counts the objects that were decoded and checked.
func (c *Clusters) Checked() int { return int(c.checked.Load()) }

// Object is one live object.
type Object struct {
	// Type is the type token, Server the address of the API server.
	Type, Server, Namespace, Name, URN string
	// Properties hold the object; secrets are sealed.
	Properties resource.PropertyMap
}

// Objects returns what exists, in a stable order.
func (c *Clusters) Objects() []Object {
	var out []Object
	for _, r := range c.store.All() {
		namespace, name := split(r.ID)
		out = append(out, Object{
			Type: r.Type, Server: r.Region, Namespace: namespace, Name: name, URN: r.URN, Properties: r.Live,
		})
	}
	return out
}

// Drift changes top-level properties of a live object behind the engine's back, as kubectl would.
func (c *Clusters) Drift(typ, id string, properties map[string]any) error {
	return c.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) {
		r.Live = simprovider.Merge(r.Live, resource.NewPropertyMapFromMap(properties))
		tx.Put(r)
	})
}

// Lose removes a live object behind the engine's back.
func (c *Clusters) Lose(typ, id string) error {
	return c.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) { tx.Remove(r.Key()) })
}

func (c *Clusters) outside(typ, id string, change func(*simprovider.Tx, simprovider.Record)) error {
	return c.store.Do(func(tx *simprovider.Tx) error {
		for _, r := range tx.All() {
			if r.Type == typ && r.ID == id {
				change(tx, r)
				return nil
			}
		}
		return fmt.Errorf("no cluster has a %s %q", typ, id)
	})
}
