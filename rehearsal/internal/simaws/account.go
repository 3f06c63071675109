package simaws

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Version is the version of the SDK whose types the account follows.
const Version = "6.83.2"

// Defaults of Options.
const (
	defaultAccountID = "123456789012"
	defaultCaller    = "arn:aws:iam::123456789012:role/deploy"
)

// Options describe an account.
type Options struct {
	// File keeps the account between runs. Empty keeps it in memory only.
	File string
	// AccountID defaults to 123456789012, the number that AWS uses in its documents.
	AccountID string
	// CallerARN is who calls AWS. Defaults to the role "deploy" of that account.
	CallerARN string
	// Clock tells the time, which decides the versions of Kubernetes that EKS offers. Defaults to the real one.
	Clock func() time.Time
	// ControlPlanes run the clusters. Optional.
	ControlPlanes ControlPlanes
}

// Account is a simulated account. It is the model of one provider server.
type Account struct {
	options Options
	store   *simprovider.Store
	kinds   map[string]*kind
}

var _ simprovider.Model = (*Account)(nil)

// New opens an account.
func New(options Options) (*Account, error) {
	if options.AccountID == "" {
		options.AccountID = defaultAccountID
	}
	if options.CallerARN == "" {
		options.CallerARN = defaultCaller
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	store, err := simprovider.OpenStore(options.File)
	if err != nil {
		return nil, fmt.Errorf("opening the simulated account: %w", err)
	}
	return &Account{options: options, store: store, kinds: table()}, nil
}

// Package is "aws".
func (a *Account) Package() string { return "aws" }

// Version is the version of the SDK whose types the account follows.
func (a *Account) Version() string { return Version }

// Cancel does nothing: no call takes long.
func (a *Account) Cancel() {}

// Resource is one live resource of the account.
type Resource struct {
	Type, ID, Region, URN string
	// Made is false for what AWS makes by itself and removes with its owner, such as a VPC's main route table.
	Made bool
	// Properties are inputs and outputs; secrets are sealed.
	Properties resource.PropertyMap
}

// Resources returns what exists, in a stable order.
func (a *Account) Resources() []Resource {
	var out []Resource
	for _, r := range a.store.All() {
		out = append(out, Resource{
			Type: r.Type, ID: r.ID, Region: r.Region, URN: r.URN, Made: r.Owner == "", Properties: r.Live,
		})
	}
	return out
}

// LiveCount counts the resources that a program made, and those that AWS made and will not remove by itself.
func (a *Account) LiveCount() int {
	n := 0
	for _, r := range a.store.All() {
		if r.Owner == "" {
			n++
		}
	}
	return n
}

// Drift changes properties of a live resource behind the engine's back, as a person at the console would.
func (a *Account) Drift(typ, id string, properties map[string]any) error {
	return a.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) {
		r.Live = simprovider.Merge(r.Live, resource.NewPropertyMapFromMap(properties))
		tx.Put(r)
	})
}

// Lose removes a live resource behind the engine's back.
func (a *Account) Lose(typ, id string) error {
	return a.outside(typ, id, func(tx *simprovider.Tx, r simprovider.Record) { tx.Remove(r.Key()) })
}

func (a *Account) outside(typ, id string, change func(*simprovider.Tx, simprovider.Record)) error {
	return a.store.Do(func(tx *simprovider.Tx) error {
		for _, r := range tx.All() {
			if r.Type == typ && r.ID == id {
				change(tx, r)
				return nil
			}
		}
		return fmt.Errorf("the account has no %s %q", typ, id)
	})
}
