//go:build unix

package stories_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/components/cluster"
	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/internal/rules"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// plan is a platform of one node group that a test both has checked and runs.
type plan struct {
	nodes    spec.NodeGroup
	services map[string]spec.Service
	// refusal is in what the rules say of it; "" where they accept it.
	refusal string
}

// accepted says whether the rules let a plan be deployed.
func (p plan) accepted(t *testing.T) bool {
	t.Helper()
	whole := &spec.Platform{
		Network: spec.Network{CIDR: "10.20.0.0/16", Zones: spec.Zones{Count: 3}},
		Nodes:   map[string]spec.NodeGroup{"general": p.nodes}, Services: p.services,
	}
	whole.Default()
	errs := rules.Check(whole)
	for _, err := range errs {
		require.NotEmpty(t, p.refusal, "%v", err)
		require.ErrorContains(t, err, p.refusal)
	}
	return len(errs) == 0
}

// group is the plan's node group, as an account has it.
func (p plan) group() simaws.NodeGroup {
	g := group("general", p.nodes.InstanceTypes[0], p.nodes.Min)
	g.Max = p.nodes.Max
	if policy := p.nodes.Scaling.CPU; policy != nil {
		g.CPU = &simaws.CPUPolicy{Percent: float64(policy.Percent), ScaleIn: policy.AllowScaleIn, WarmUpSeconds: policy.WarmUpSeconds}
	}
	return g
}

// start runs a plan, whatever the rules say of it. Services start one after the other, as they would when each was
// released by itself: all at once, their start alone could be too much.
func (p plan) start(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, account{groups: groups(p.group()), addons: everyAddon})
	for name, s := range p.services {
		w.deploy(platform(t, map[string]spec.Service{name: s}))
	}
	return w
}

// twoServices are a web and an API server with two pods each, which need so much CPU for a minute and a half to start.
func twoServices(startCPU string) map[string]spec.Service {
	one := func() spec.Service {
		return service(func(s *spec.Service) {
			s.Startup = spec.Startup{Seconds: 90, CPU: startCPU}
			s.Resources = spec.Resources{CPU: "200m", Memory: "128Mi", MemoryLimit: "512Mi"}
			s.Scale = &spec.Scale{Min: 2, Max: 2}
		})
	}
	return map[string]spec.Service{"web": one(), "api": one()}
}

// S10: one node died, its pods moved, and the CPU that their start took killed the next, until none was left. A node
// dies, in this model, of pods that want a fifth more CPU than it has, for a minute (fleet.DefaultDeath). What the rules
// refuse dies of the loss of one node, and what they accept does not.
func TestS10_whatIsAcceptedOutlivesTheLossOfANode(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]plan{
		"as it was": {
			nodes:    spec.NodeGroup{InstanceTypes: []string{"t3.medium"}, Min: 2, Max: 4},
			services: twoServices("1500m"), refusal: "when a node is lost, the start of its pods takes 3000m CPU",
		},
		"larger nodes": {
			nodes:    spec.NodeGroup{InstanceTypes: []string{"t3.xlarge"}, Min: 2, Max: 4},
			services: twoServices("1500m"),
		},
		"a start that costs less": {
			nodes:    spec.NodeGroup{InstanceTypes: []string{"t3.medium"}, Min: 2, Max: 4},
			services: twoServices("600m"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accepted := p.accepted(t)
			w := p.start(t)
			options := w.drill()
			options.Patience = 6 * time.Minute
			r, err := drill.NodeLoss(t.Context(), options)
			require.NoError(t, err)
			assert.Equal(t, accepted, r.Kept, "accepted, and kept its promises: %v", r.Broken)
			if !accepted {
				assert.Contains(t, strings.Join(r.Broken, "; "), "more nodes died after the first")
			}
		})
	}
}

// S10: nodes were to be added at half of their CPU, and never were: pods had no place while the nodes had little to do.
func TestS10_whatIsAcceptedTakesASpike(t *testing.T) {
	t.Parallel()
	at := func(percent int, refusal string) plan {
		return plan{
			nodes: spec.NodeGroup{
				InstanceTypes: []string{"t3.medium"}, Min: 2, Max: 4, NoHeadRoom: "this test is about the policy",
				Scaling: spec.Scaling{CPU: &spec.CPUScaling{Percent: 50, WarmUpSeconds: 60}},
			},
			services: map[string]spec.Service{"chat": service(func(s *spec.Service) {
				s.Startup = spec.Startup{Seconds: 20, CPU: "100m"}
				s.Resources = spec.Resources{CPU: "700m", Memory: "256Mi", MemoryLimit: "512Mi"}
				s.Scale = &spec.Scale{Min: 2, Max: 5, CPUPercent: percent} // an autoscaler adds 4 pods at once, and then waits
			})},
			refusal: refusal,
		}
	}
	for name, p := range map[string]plan{
		"services hold 30 % of their CPU": at(30, "the policy cannot fire before pods are Pending"),
		"services hold 70 % of their CPU": at(70, ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			accepted := p.accepted(t)
			w := p.start(t)
			options := w.drill()
			options.Patience = 10 * time.Minute
			r, err := drill.Spike(t.Context(), options, "chat")
			require.NoError(t, err)
			assert.Equal(t, accepted, r.Kept, "accepted, and kept its promises: %v", r.Broken)
			if !accepted {
				assert.Contains(t, strings.Join(r.Broken, "; "), "no policy on CPU will add a node")
			}
		})
	}
}

// small is a service of so many pods that are next to nothing.
func small(pods int) spec.Service {
	return spec.Service{
		Port: 8080, Health: spec.Health{TCP: true}, Scale: &spec.Scale{Min: pods, Max: pods},
		Resources: spec.Resources{CPU: "10m", Memory: "32Mi", MemoryLimit: "32Mi"},
	}
}

// besides is how many pods a node has besides those of services: the CNI's and kube-proxy.
const besides = 2

// S7: a t3.medium takes 17 pods, 3 network interfaces x (6 addresses - 1) + 2, and the 18th has no place.
func TestS07_eighteenthPodOfAnOrdinaryNodeWaits(t *testing.T) {
	t.Parallel()
	ordinary := group("general", "t3.medium", 1)
	ordinary.PrefixDelegation = false
	w := newWorld(t, account{groups: groups(ordinary), addons: []string{"vpc-cni", "kube-proxy"}})
	w.write(platform(t, map[string]spec.Service{"bots": small(18 - besides)}))
	var waiting []string
	w.await("one pod waits", func() bool {
		running := 0
		waiting = nil
		for _, p := range w.podsOf("bots") {
			if p.Status.Phase == corev1.PodRunning {
				running++
			}
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
					waiting = append(waiting, c.Message)
				}
			}
		}
		return running == 17-besides && len(waiting) == 1
	})
	assert.Contains(t, waiting[0], "Too many pods")
}

// S7: the 18th pod runs on nodes as the library makes them.
func TestS07_eighteenthPodRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		group spec.NodeGroup
		pods  int64
	}{
		"maxPods 50":        {spec.NodeGroup{MaxPods: 50, ImageID: "ami-0123456789abcdef0"}, 50},
		"prefix delegation": {spec.NodeGroup{}, 110},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.group.InstanceTypes, c.group.Min, c.group.Max = []string{"t3.medium"}, 1, 1
			a := recorded(t, clusterWith(t, c.group))
			a.groups[0].Zones = []string{"eu-west-1a"} // its subnets are another component's
			w := newWorld(t, a)
			w.deploy(platform(t, map[string]spec.Service{"bots": small(18 - besides)}))
			assert.Equal(t, c.pods, w.Fleet().Nodes()[0].MaxPods)
		})
	}
}

// clusterWith renders a cluster with a node group.
func clusterWith(t *testing.T, g spec.NodeGroup) *ptest.Result {
	t.Helper()
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		subnets := pulumi.ToStringArray([]string{"subnet-a", "subnet-b"})
		c, err := cluster.NewCluster(ctx, "shop", &cluster.ClusterArgs{
			Cluster: spec.Cluster{
				Name: "shop", DeployRoleARN: "arn:aws:iam::123456789012:role/deploy", PublicAccessCIDRs: []string{"203.0.113.0/24"},
			},
			Region: ptest.Region, VpcID: pulumi.String("vpc-1"), SubnetIDs: subnets, AsOf: day,
		})
		if err != nil {
			return err
		}
		_, err = nodes.NewManagedGroup(ctx, "shop-general", &nodes.ManagedGroupArgs{
			Group: g, GroupName: "general", Version: "1.35", ClusterName: c.Name, SubnetIDs: subnets,
			ControlPlane: nodes.ControlPlane{
				Endpoint: c.Endpoint, CertificateAuthority: c.CertificateAuthority, ServiceCIDR: c.ServiceCIDR,
			},
		})
		return err
	})
}
