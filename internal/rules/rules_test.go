package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/internal/rules"
	"github.com/slipway-eks/slipway/spec"
)

// asOf is a day on which the fixtures' version is supported.
var asOf = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// refusals returns what the rules say of a platform.
func refusals(t *testing.T, p *spec.Platform) []string {
	t.Helper()
	var all []string
	for _, err := range rules.Check(p) {
		all = append(all, err.Error())
	}
	return all
}

// fixture reads a platform that is right part by part.
func fixture(t *testing.T, dir, stack string) *spec.Platform {
	t.Helper()
	c, err := config.Source{Root: dir, Project: "slipway", Stack: stack}.FromFiles(asOf)
	require.NoError(t, err)
	return &c.Platform
}

// platform returns a small platform that no rule refuses, changed by change.
func platform(change func(*spec.Platform)) *spec.Platform {
	p := &spec.Platform{
		Network: spec.Network{CIDR: "10.20.0.0/16", Zones: spec.Zones{Count: 3}},
		Nodes:   map[string]spec.NodeGroup{"general": {InstanceTypes: []string{"t3.large"}, Min: 3, Max: 6}},
		Services: map[string]spec.Service{
			"web": service(func(s *spec.Service) { s.Uses = []string{"api", "redis"} }),
			"api": service(nil),
		},
		Endpoints: map[string]spec.Endpoint{"redis": {Ports: []int{6379}}},
	}
	if change != nil {
		change(p)
	}
	p.Default()
	return p
}

// service returns a small web service, changed by change.
func service(change func(*spec.Service)) spec.Service {
	s := spec.Service{
		Port: 8080, Health: spec.Health{TCP: true}, Scale: &spec.Scale{Max: 4},
		Resources: spec.Resources{CPU: "200m", Memory: "256Mi", MemoryLimit: "512Mi"},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func TestCheck_acceptsTheShippedStacks(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"dev", "prod"} {
		assert.Empty(t, refusals(t, fixture(t, "../..", stack)), stack)
	}
	assert.Empty(t, refusals(t, fixture(t, "../../examples/campus", "campus")), "campus")
	assert.Empty(t, refusals(t, platform(nil)))
}

// TestS22_connectionBudget: more pods made it slower, as the database ran out of connections. What services can ask for
// at their most pods, and one more while each rolls out, must be there.
func TestS22_connectionBudget(t *testing.T) {
	t.Parallel()
	chat := refusals(t, fixture(t, "testdata/chat", "original"))
	assert.Contains(t, chat, "databases.chat.maxConnections: Invalid value: 500: services can ask for 750 connections "+
		"(chatting-server 5 pods x 150 = 750; each with 1 more while it rolls out), and 500 - 20 reserved = 480 are there: "+
		"use smaller pools or fewer pods")
	arena := refusals(t, fixture(t, "testdata/arena", "original"))
	assert.Equal(t, []string{"databases.arena.maxConnections: Invalid value: 150: services can ask for 310 connections " +
		"(api 31 pods x 10 = 310; each with 1 more while it rolls out), and 150 - 10 reserved = 140 are there: " +
		"use smaller pools or fewer pods"}, arena)

	shared := func(pool int) *spec.Platform {
		return platform(func(p *spec.Platform) {
			p.Databases = map[string]spec.Database{"shop": {MaxConnections: 120}}
			for _, name := range []string{"web", "api"} {
				s := p.Services[name]
				s.Uses = append(s.Uses, "database.shop")
				s.Database = map[string]spec.DatabaseUse{"shop": {ConnectionsPerPod: pool}}
				p.Services[name] = s
			}
		})
	}
	assert.Empty(t, refusals(t, shared(10)), "2 x 5 x 10 is just what 120 - 20 allow")
	require.Len(t, refusals(t, shared(11)), 1, "the sum over services counts")
}

func TestCheck_jobsTakeConnectionsToo(t *testing.T) {
	t.Parallel()
	with := func(overlap string) *spec.Platform {
		return platform(func(p *spec.Platform) {
			p.Databases = map[string]spec.Database{"shop": {MaxConnections: 40}}
			p.Services["report"] = spec.Service{
				Schedule: &spec.Schedule{Cron: "0 3 * * *", Overlap: overlap}, Uses: []string{"database.shop"},
				Resources: spec.Resources{CPU: "200m", Memory: "256Mi", MemoryLimit: "512Mi"},
				Database:  map[string]spec.DatabaseUse{"shop": {ConnectionsPerPod: 20}},
			}
		})
	}
	assert.Empty(t, refusals(t, with("Forbid")))
	require.Len(t, refusals(t, with("Allow")), 1)
}

// TestS10_cpuPolicyCanFire: nodes were to be added at 50 % CPU, and never were. At a target of 30 % a node that is full
// by requests is not half as busy.
func TestS10_cpuPolicyCanFire(t *testing.T) {
	t.Parallel()
	chat := refusals(t, fixture(t, "testdata/chat", "original"))
	assert.Contains(t, chat, "nodes.general.scaling.cpu.percent: Invalid value: 50: the policy cannot fire before pods are "+
		"Pending: services hold 30 % of what they request, so a t3.medium that is full by requests (1930m of 2000m) is "+
		"30 % x 0.965 = 29 % busy; use scaling: pendingPods, or a higher cpuPercent of the services")

	with := func(target int) *spec.Platform {
		return platform(func(p *spec.Platform) {
			g := p.Nodes["general"]
			g.Scaling.CPU = &spec.CPUScaling{Percent: 50}
			p.Nodes["general"] = g
			for name, s := range p.Services {
				s.Scale = &spec.Scale{Max: 4, CPUPercent: target}
				p.Services[name] = s
			}
		})
	}
	assert.Empty(t, refusals(t, with(52)), "52 % x 0.965 is 50 %")
	require.Len(t, refusals(t, with(51)), 1)
}

// TestS10_memoryForAllPods: when a node is lost, the cluster's own services come up first, and services lose the pods that
// they still have unless there is memory for all.
func TestS10_memoryForAllPods(t *testing.T) {
	t.Parallel()
	nodes := func(change func(*spec.NodeGroup)) func(*spec.Platform) {
		return func(p *spec.Platform) {
			group := spec.NodeGroup{InstanceTypes: []string{"t3.medium"}, Min: 2, Max: 6}
			if change != nil {
				change(&group)
			}
			p.Nodes["general"] = group
		}
	}
	got := refusals(t, platform(nodes(nil)))
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "nodes.general.min: Invalid value: 2: when a node is lost, the services at their least ask for "+
		"1024 MiB and the cluster's own for 1620, and the other 1 nodes have 2231")
	assert.Empty(t, refusals(t, platform(nodes(func(g *spec.NodeGroup) { g.Min = 3 }))))
	assert.Empty(t, refusals(t, platform(nodes(func(g *spec.NodeGroup) { g.InstanceTypes = []string{"t3.large"} }))))
	assert.Empty(t, refusals(t, platform(nodes(func(g *spec.NodeGroup) { g.NoHeadRoom = "it is a test" }))))
	assert.Empty(t, refusals(t, platform(func(p *spec.Platform) {
		nodes(nil)(p)
		p.Nodes["other"] = spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Min: 2, Max: 6}
	})), "the cluster's own may be on the other nodes")
}

// TestS10_headRoom: one node died, its pods moved, the CPU of their start killed the next, and so on. The pods of a
// lost node must fit on the others at what they cost to start.
func TestS10_headRoom(t *testing.T) {
	t.Parallel()
	with := func(startup string, nodes int) *spec.Platform {
		return platform(func(p *spec.Platform) {
			p.Nodes["general"] = spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Min: nodes, Max: 6}
			for name, s := range p.Services {
				s.Startup.CPU = startup
				p.Services[name] = s
			}
		})
	}
	// Two services of two pods on two nodes: each node holds one pod of each. 2 x 640m + 2 x 200m is 1680m of 1680m.
	assert.Empty(t, refusals(t, with("640m", 2)))
	assert.Equal(t, []string{"nodes.general.min: Invalid value: 2: when a node is lost, the start of its pods takes 1282m CPU " +
		"(api 1 x 641m, web 1 x 641m) beside the 400m of those that stay, and the other 1 nodes have 1680m: " +
		"use more or larger nodes, or say in noHeadRoom why it may be so"}, refusals(t, with("641m", 2)))
	assert.Empty(t, refusals(t, with("641m", 3)), "on three nodes there is room")
	excused := with("641m", 2)
	g := excused.Nodes["general"]
	g.NoHeadRoom = "a stack to try things in"
	excused.Nodes["general"] = g
	assert.Empty(t, refusals(t, excused))
}

// TestS07_addressesAndPods: a node took 17 pods. Pods and addresses are counted before anything is made.
func TestS07_addressesAndPods(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]int{ // pods with an address, pods that EKS allows
		"t3.micro": {34, 34}, "t3.medium": {242, 110}, "t3.large": {530, 110}, "m6i.large": {434, 110}, "m7g.medium": {98, 98},
	} {
		it, ok := spec.FindInstanceType(name)
		require.True(t, ok, name)
		assert.Equal(t, want[0], it.AddressedPods(), name)
		assert.Equal(t, want[1], it.MaxPods(), name)
	}
	small := platform(func(p *spec.Platform) {
		p.Network.CIDR = "10.20.0.0/20" // three private subnets of 507 addresses
		p.Nodes["general"] = spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Min: 3, Max: 12}
	})
	assert.Equal(t, []string{`network.cidr: Invalid value: "10.20.0.0/20": the node groups at their most need 1548 addresses, ` +
		"and 3 private subnets have 1521: use a larger range, fewer nodes, or fewer pods a node"}, refusals(t, small))
	full := platform(func(p *spec.Platform) {
		p.Nodes["general"] = spec.NodeGroup{
			InstanceTypes: []string{"t3.large"}, Min: 2, Max: 2, MaxPods: 9, ImageID: "ami-01234567",
		}
	})
	require.Len(t, refusals(t, full), 1)
	assert.Contains(t, refusals(t, full)[0], "and 8 pods")
	assert.Contains(t, refusals(t, full)[0], "2 nodes have 3360m, ")
}

// TestS18_quotas: node creation failed on a quota. What is certain to break one is refused before it is tried.
func TestS18_quotas(t *testing.T) {
	t.Parallel()
	with := func(zones int, addresses map[string]string) *spec.Platform {
		return platform(func(p *spec.Platform) { p.Network.Zones.Count, p.Network.ElasticIPs = zones, addresses })
	}
	assert.Empty(t, refusals(t, with(5, nil)))
	require.Len(t, refusals(t, with(6, nil)), 1)
	assert.Contains(t, refusals(t, with(6, nil))[0], "network.nat: Invalid value: \"perZone\": makes 6 Elastic IPs, and an account has 5")
	assert.Empty(t, refusals(t, with(6, map[string]string{"us-east-1a": "eipalloc-1"})), "one was made before")
}

// TestS37_placement: some pods were to run on particular nodes. A group that is not there, or that is spot for a
// service that said nothing of it, is refused.
func TestS37_placement(t *testing.T) {
	t.Parallel()
	place := func(placement spec.Placement) func(*spec.Platform) {
		return func(p *spec.Platform) {
			p.Nodes["cheap"] = spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Min: 1, Max: 6, Spot: true}
			s := p.Services["api"]
			s.Placement = placement
			p.Services["api"] = s
		}
	}
	assert.Empty(t, refusals(t, platform(place(spec.Placement{Group: "general"}))))
	assert.Empty(t, refusals(t, platform(place(spec.Placement{Group: "cheap", Spot: true}))))
	assert.Equal(t, []string{`services.api.placement.group: Unsupported value: "gpu": supported values: "cheap", "general"`},
		refusals(t, platform(place(spec.Placement{Group: "gpu"}))))
	got := refusals(t, platform(place(spec.Placement{Group: "cheap"})))
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "services.api.placement.group")
	assert.Contains(t, got[0], "its nodes are spot")
}

func TestCheck_acceptsPeersAndTwoMatchesOfOnePath(t *testing.T) {
	t.Parallel()
	assert.Empty(t, refusals(t, platform(func(p *spec.Platform) {
		p.Ingress = &spec.Ingress{}
		api, web := p.Services["api"], p.Services["web"]
		api.Uses = []string{"api"} // its pods talk to each other
		api.Routes = []spec.Route{{Host: "www.example.com", Path: "/", Match: spec.MatchExact}}
		web.Routes = []spec.Route{{Host: "www.example.com", Path: "/"}}
		p.Services["api"], p.Services["web"] = api, web
	})))
}

func TestCheck_rejects(t *testing.T) {
	t.Parallel()
	change := func(name string, f func(*spec.Service)) func(*spec.Platform) {
		return func(p *spec.Platform) {
			s := p.Services[name]
			f(&s)
			p.Services[name] = s
		}
	}
	tests := map[string]struct {
		change func(*spec.Platform)
		want   string
	}{
		"an unknown use":      {change("api", func(s *spec.Service) { s.Uses = []string{"kafka"} }), "services.api.uses[0]"},
		"an unknown database": {change("api", func(s *spec.Service) { s.Uses = []string{"database.x"} }), "databases has no x"},
		"a worker": {func(p *spec.Platform) {
			p.Services["bot"] = service(func(s *spec.Service) { s.Port, s.Health = 0, spec.Health{} })
			change("api", func(s *spec.Service) { s.Uses = []string{"bot"} })(p)
		}, "has no port"},
		"one name for two things": {func(p *spec.Platform) {
			p.Endpoints["api"] = spec.Endpoint{Ports: []int{80}}
		}, "is both a service and an endpoint"},
		"a route of another service": {func(p *spec.Platform) {
			r := []spec.Route{{Host: "www.example.com", Path: "/"}}
			change("api", func(s *spec.Service) { s.Routes = r })(p)
			change("web", func(s *spec.Service) { s.Routes = r })(p)
		}, "services.web.routes[0]: Invalid value: \"www.example.com/\": is a route of api"},
		"only spot nodes": {func(p *spec.Platform) {
			p.Nodes = map[string]spec.NodeGroup{"cheap": {InstanceTypes: []string{"t3.large"}, Max: 6, Spot: true}}
		}, "services.api.placement.group: Required"},
		"only tainted nodes": {func(p *spec.Platform) {
			g := p.Nodes["general"]
			g.Taints = map[string]spec.Taint{"dedicated": {}}
			p.Nodes["general"] = g
		}, "services.api.placement.group: Required"},
		"more pods than CPU": {change("api", func(s *spec.Service) { s.Scale = &spec.Scale{Max: 100} }), "nodes.general.max"},
		"more pods than nodes that nothing adds": {func(p *spec.Platform) {
			g := p.Nodes["general"]
			g.Scaling = spec.Scaling{None: true}
			p.Nodes["general"] = g
			change("api", func(s *spec.Service) { s.Scale = &spec.Scale{Max: 30} })(p) // six nodes would do
		}, "and 3 nodes have"},
		"more pods than memory": {change("api", func(s *spec.Service) { s.Resources.Memory = "12Gi" }), "nodes.general.max"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := refusals(t, platform(tt.change))
			require.NotEmpty(t, got)
			assert.Contains(t, got[0], tt.want)
		})
	}
}
