//go:build unix

package engine

import (
	"fmt"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
	"github.com/slipway-eks/slipway/rehearsal/internal/simkube"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Account is the AWS account of a run. The zero value is an account as in AWS's own examples.
type Account struct {
	// ID has twelve digits.
	ID string
	// Caller is the ARN of who runs the program.
	Caller string
}

// Cloud is the simulated account and the simulated cluster, with the servers that the engine reaches them through.
type Cloud struct {
	AWS  *simaws.Account
	Kube *simkube.Cluster

	awsServer, kubeServer *simprovider.Server
}

func openCloud(dir layout, account Account) (*Cloud, error) {
	aws, err := simaws.New(simaws.Options{File: dir.file("account.json"), AccountID: account.ID, CallerARN: account.Caller})
	if err != nil {
		return nil, fmt.Errorf("opening the simulated account: %w", err)
	}
	kube, err := simkube.New(simkube.Options{File: dir.file("cluster.json")})
	if err != nil {
		return nil, fmt.Errorf("opening the simulated cluster: %w", err)
	}
	c := &Cloud{AWS: aws, Kube: kube}
	if c.awsServer, err = simprovider.Serve(aws); err != nil {
		return nil, err
	}
	if c.kubeServer, err = simprovider.Serve(kube); err != nil {
		c.awsServer.Close()
		return nil, err
	}
	return c, nil
}

// Events are the calls of the engine to both providers, since the last operation began.
func (c *Cloud) Events() []simprovider.Event {
	return append(c.awsServer.Events(), c.kubeServer.Events()...)
}

func (c *Cloud) reset() {
	c.awsServer.Reset()
	c.kubeServer.Reset()
}

func (c *Cloud) close() {
	for _, server := range []*simprovider.Server{c.awsServer, c.kubeServer} {
		if server != nil {
			server.Close()
		}
	}
}
