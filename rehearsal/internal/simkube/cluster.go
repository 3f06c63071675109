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

// Options describe a cluster.
type Options struct {
	// File keeps the objects between runs. Empty keeps them in memory only.
	File string
	// Clock tells the time of creation. Defaults to the real one.
	Clock func() time.Time
}

// Cluster is a simulated cluster: the model of one provider server. Kubeconfigs with different addresses see
// different objects, as if each address had a cluster of its own.
type Cluster struct {
	options Options
	store   *simprovider.Store
	kinds   map[string]kind
	checked atomic.Int64
}

var _ simprovider.Model = (*Cluster)(nil)

// New opens a cluster.
func New(options Options) (*Cluster, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	store, err := simprovider.OpenStore(options.File)
	if err != nil {
		return nil, fmt.Errorf("opening the simulated cluster: %w", err)
	}
	return &Cluster{options: options, store: store, kinds: table()}, nil
}

// Package is "kubernetes".
func (c *Cluster) Package() string { return "kubernetes" }

// Version is the version of the SDK whose types the cluster follows.
func (c *Cluster) Version() string { return Version }

// Checked counts the objects that were decoded and checked.
func (c *Cluster) Checked() int { return int(c.checked.Load()) }

// Object is one live object.
type Object struct {
	// Type is the type token, Server the address of the API server.
	Type, Server, Namespace, Name, URN string
	// Properties hold the object; secrets are sealed.
	Properties resource.PropertyMap
}

// Objects returns what exists, in a stable order.
func (c *Cluster) Objects() []Object {
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
func (c *Cluster) Drift(typ, id string, properties map[string]any) error {
	return c.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) {
		r.Live = simprovider.Merge(r.Live, resource.NewPropertyMapFromMap(properties))
		tx.Put(r)
	})
}

// Lose removes a live object behind the engine's back.
func (c *Cluster) Lose(typ, id string) error {
	return c.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) { tx.Remove(r.Key()) })
}

func (c *Cluster) outside(typ, id string, change func(*simprovider.Tx, simprovider.Record)) error {
	return c.store.Do(func(tx *simprovider.Tx) error {
		for _, r := range tx.All() {
			if r.Type == typ && r.ID == id {
				change(tx, r)
				return nil
			}
		}
		return fmt.Errorf("the cluster has no %s %q", typ, id)
	})
}
