//go:build unix

package clusters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/eksauth"
	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// Account is what the clusters need to know of the account that they belong to.
type Account interface {
	eksauth.Directory
	NodeGroups(cluster string) []simaws.NodeGroup
	Addons(cluster string) []string
}

// Options describe how clusters run.
type Options struct {
	// Dir holds a folder for each cluster.
	Dir string
	// Binary and KWOK are the executables.
	Binary, KWOK string
	// Speed is how much faster than in AWS time passes for nodes and pods. Default: 1.
	Speed float64
	// Timing is what else is shortened.
	Timing controlplane.Timing
	// Death is what a node dies of. Default: fleet.DefaultDeath.
	Death fleet.Death
}

// Set is the clusters of one account. It is the account's simaws.ControlPlanes.
type Set struct {
	options Options
	account Account
	auth    *eksauth.Server
	// life ends a start that is still waiting.
	life   context.Context //nolint:containedctx // Start is called by the account, which has no context
	cancel context.CancelFunc

	mu   sync.Mutex
	open map[string]*Cluster
}

var _ simaws.ControlPlanes = (*Set)(nil)

// New prepares for clusters. Attach must follow before the first of them.
func New(options Options) *Set {
	s := &Set{options: options, open: map[string]*Cluster{}}
	s.life, s.cancel = context.WithCancel(context.Background())
	return s
}

// Attach says whose clusters they are, and opens those that were there in an earlier run.
func (s *Set) Attach(account Account, existing []string) error {
	s.account = account
	var err error
	if s.auth, err = eksauth.Serve(account); err != nil {
		return err
	}
	for _, name := range existing {
		if _, _, err := s.Start(name); err != nil {
			return fmt.Errorf("opening cluster %s of the earlier run: %w", name, err)
		}
	}
	return nil
}

// Start starts the control plane of a cluster.
func (s *Set) Start(name string) (endpoint string, authority []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, there := s.open[name]; there { // a creation that failed after this
		return c.plane.Endpoint(), c.plane.CA(), nil
	}
	c, err := s.start(name)
	if err != nil {
		return "", nil, err
	}
	s.open[name] = c
	return c.plane.Endpoint(), c.plane.CA(), nil
}

// Stop ends the control plane of a cluster, and removes all that was in it.
func (s *Set) Stop(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if c, there := s.open[name]; there {
		err = c.close()
		delete(s.open, name)
	}
	return errors.Join(err, os.RemoveAll(s.folder(name)))
}

// Names returns the names of the clusters that run, in order.
func (s *Set) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.open))
}

// Cluster returns a cluster that runs.
func (s *Set) Cluster(name string) (*Cluster, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, there := s.open[name]
	if !there {
		return nil, fmt.Errorf("no cluster %s is running", name)
	}
	return c, nil
}

// Err says what of the clusters has ended by itself; nil while all runs.
func (s *Set) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, c := range s.open {
		if err := c.Err(); err != nil {
			errs = append(errs, fmt.Errorf("cluster %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// CLI is a shell script that takes the place of the AWS CLI, for kubeconfigs of the clusters.
func (s *Set) CLI() []byte { return s.auth.CLI() }

// Close closes all clusters. Their folders stay.
func (s *Set) Close() error {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, c := range s.open {
		errs = append(errs, c.close())
		delete(s.open, name)
	}
	if s.auth != nil {
		errs = append(errs, s.auth.Close())
	}
	return errors.Join(errs...)
}

func (s *Set) folder(name string) string { return filepath.Join(s.options.Dir, name) }
