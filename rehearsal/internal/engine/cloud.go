//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/clusters"
	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// Account is the AWS account of a run. The zero value is an account as in AWS's own examples.
type Account struct {
	// ID has twelve digits.
	ID string
	// Caller is the ARN of who runs the program.
	Caller string
}

// Clusters say how the account's clusters run. The zero value is as in AWS, but faster.
type Clusters struct {
	// Speed is how much faster than in AWS time passes for nodes and pods. Default: DefaultSpeed.
	Speed float64
	// Timing is what else is shortened. Default: all that Kubernetes can shorten, by as much.
	Timing controlplane.Timing
	// Death is what a node dies of. Default: fleet.DefaultDeath.
	Death fleet.Death
	// Timeout is how long an object may take to become ready. Default: as in Pulumi's provider.
	Timeout time.Duration
}

// DefaultSpeed has a service that starts in 40 s be ready in two.
const DefaultSpeed = 20

// Cloud is the simulated account with its clusters, and the servers through which the engine reaches them.
type Cloud struct {
	AWS      *simaws.Account
	Kube     *kubeprovider.Cluster
	Clusters *clusters.Set

	options               Clusters
	cancel                context.CancelFunc
	awsServer, kubeServer *simprovider.Server
}

func openCloud(dir layout, tools toolchain.Set, account Account, options Clusters) (*Cloud, error) {
	c := &Cloud{}
	if err := c.open(dir, tools, account, options); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *Cloud) open(dir layout, tools toolchain.Set, account Account, options Clusters) error {
	if options.Speed == 0 {
		options.Speed = DefaultSpeed
	}
	if options.Timing == (controlplane.Timing{}) {
		options.Timing = controlplane.Faster(options.Speed)
	}
	c.options = options
	c.Clusters = clusters.New(clusters.Options{
		Dir: dir.file("clusters"), Binary: tools.ControlPlane, KWOK: tools.KWOK,
		Speed: options.Speed, Timing: options.Timing, Death: options.Death,
	})
	var err error
	c.AWS, err = simaws.New(simaws.Options{
		File: dir.file("account.json"), AccountID: account.ID, CallerARN: account.Caller, ControlPlanes: c.Clusters,
	})
	if err != nil {
		return fmt.Errorf("opening the simulated account: %w", err)
	}
	if err := c.Clusters.Attach(c.AWS, c.AWS.Clusters()); err != nil {
		return err
	}
	cli := filepath.Join(dir.shims(), "aws")
	if err := os.WriteFile(cli, c.Clusters.CLI(), 0o700); err != nil {
		return fmt.Errorf("writing the AWS CLI's stand-in: %w", err)
	}
	life, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.Kube, err = kubeprovider.New(life, kubeprovider.Options{
		File: dir.file("objects.json"), AWS: cli, Timeout: options.Timeout,
	})
	if err != nil {
		return err
	}
	if c.awsServer, err = simprovider.Serve(c.AWS); err != nil {
		return err
	}
	c.kubeServer, err = simprovider.Serve(c.Kube)
	return err
}

// kubernetesPackage is the name of the package of Kubernetes objects.
const kubernetesPackage = "kubernetes"

// provider is one that runs already, and its port.
type provider struct {
	name string
	port int
}

// providers are those of the cloud, with pulumi-eks on a port of its own.
func (c *Cloud) providers(eksPort int) []provider {
	return []provider{{"aws", c.awsServer.Port()}, {kubernetesPackage, c.kubeServer.Port()}, {"eks", eksPort}}
}

// Events are the calls of the engine to both providers, since the last operation began.
func (c *Cloud) Events() []simprovider.Event {
	return append(c.awsServer.Events(), c.kubeServer.Events()...)
}

func (c *Cloud) reset() {
	c.awsServer.Reset()
	c.kubeServer.Reset()
}

func (c *Cloud) close() error {
	if c.cancel != nil {
		c.cancel()
	}
	for _, server := range []*simprovider.Server{c.kubeServer, c.awsServer} {
		if server != nil {
			server.Close()
		}
	}
	return c.Clusters.Close()
}
