package microservice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// rule is what a network policy allows: a peer in short, and ports.
type rule struct{ to, ports string }

func ingress(t *testing.T, got *ptest.Result) []rule {
	t.Helper()
	return rules(t, got, "ingress", "from")
}

func egress(t *testing.T, got *ptest.Result) []rule {
	t.Helper()
	return rules(t, got, "egress", "to")
}

func rules(t *testing.T, got *ptest.Result, direction, peers string) []rule {
	t.Helper()
	policy := got.Only(t, policyType)
	assert.Equal(t, map[string]any{"matchLabels": map[string]any{"name": "chat"}}, policy.Value(t, "spec.podSelector"))
	assert.Equal(t, []any{"Ingress", "Egress"}, policy.Value(t, "spec.policyTypes"), "what is not listed is denied")
	var all []rule
	for i := range length(policy.Value(t, "spec."+direction)) {
		at := fmt.Sprintf("spec.%s[%d].", direction, i)
		var ports []string
		for j := range length(policy.Value(t, at+"ports")) {
			p := policy.Value(t, fmt.Sprintf("%sports[%d]", at, j)).(map[string]any)
			ports = append(ports, fmt.Sprint(p["protocol"], p["port"]))
		}
		n := length(policy.Value(t, at+peers))
		require.Positive(t, n, "a rule without peers is for everybody")
		require.NotEmpty(t, ports, "a rule without ports is for every port")
		for j := range n {
			all = append(all, rule{inShort(policy.Value(t, fmt.Sprintf("%s%s[%d]", at, peers, j)).(map[string]any)), strings.Join(ports, " ")})
		}
	}
	return all
}

func length(list any) int {
	items, _ := list.([]any)
	return len(items)
}

// inShort is a range, or label values of a namespace and of pods.
func inShort(peer map[string]any) string {
	if block, ok := peer["ipBlock"].(map[string]any); ok {
		if block["except"] != nil {
			return fmt.Sprint(block["cidr"], " but ", block["except"])
		}
		return fmt.Sprint(block["cidr"])
	}
	var words []string
	for _, key := range []string{"namespaceSelector", "podSelector"} {
		if selector, ok := peer[key].(map[string]any); ok {
			words = append(words, fmt.Sprint(strings.TrimSuffix(key, "Selector"), selector["matchLabels"]))
		}
	}
	return strings.Join(words, " ")
}

var dns = rule{
	"namespacemap[kubernetes.io/metadata.name:kube-system] podmap[k8s-app:kube-dns]", "UDP53 TCP53",
}

func TestNewService_talksToNobody(t *testing.T) {
	t.Parallel()
	for kind, change := range map[string]func(*microservice.ServiceArgs){"web": nil, "worker": asWorker, "job": asJob} {
		got := ptest.Run(t, program(args(change)))
		assert.Equal(t, []rule{dns}, egress(t, got), kind)
		assert.Empty(t, ingress(t, got), kind)
	}
}

func TestNewService_talksToWhatItUses(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		a.Service.Uses = []string{"user", "front", "database.chat", "kafka"}
		a.Service.Database = map[string]spec.DatabaseUse{"chat": {ConnectionsPerPod: 10}}
		a.Uses = []microservice.Peer{{Name: "user", Port: 8010}, {Name: "front", Port: 8080, ServicePort: 80}}
		a.Endpoints = []microservice.EndpointRange{
			{Name: "kafka", CIDRs: []string{"10.1.0.0/16", "10.0.0.0/16"}, Ports: []int{9096, 9094}},
			{Name: "database.chat", CIDRs: []string{"10.20.0.0/16"}, Ports: []int{5432}},
			{Name: "world", CIDRs: []string{"0.0.0.0/0"}, Ports: []int{443}},
		}
	})))
	assert.Equal(t, []rule{
		dns,
		{"podmap[name:front]", "TCP80 TCP8080"}, // the Service's port too: the VPC CNI sees it
		{"podmap[name:user]", "TCP8010"},
		{"10.20.0.0/16", "TCP5432"},
		{"10.0.0.0/16", "TCP9094 TCP9096"},
		{"10.1.0.0/16", "TCP9094 TCP9096"},
		{"0.0.0.0/0 but [169.254.0.0/16]", "TCP443"}, // where the node's credentials are
	}, egress(t, got))
}

func TestNewService_orderOfUsesIsNoChange(t *testing.T) {
	t.Parallel()
	run := func(turn bool) []rule {
		return egress(t, ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
			a.Uses = []microservice.Peer{{Name: "user", Port: 8010}, {Name: "api", Port: 8000}}
			if turn {
				slices.Reverse(a.Uses)
			}
		}))))
	}
	assert.Equal(t, run(false), run(true))
}

// TestS35_managementPortIsNobodys: health endpoints were public. Who uses a service, and the ingress, come to its port;
// to the one that its actuator answers on comes nobody but the kubelet of its own node. (The object alone; that the
// VPC CNI lets a node talk to its own pods is its documented behaviour.)
func TestS35_managementPortIsNobodys(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		routed(a, spec.Route{Host: "www.example.com"})
		a.UsedBy = []string{"user", "api"}
	})))
	assert.Equal(t, []rule{
		{"podmap[name:api]", "TCP8030"},
		{"podmap[name:user]", "TCP8030"},
		{"namespacemap[kubernetes.io/metadata.name:ingress-nginx]", "TCP8030"},
	}, ingress(t, got))
	d := got.Only(t, deploymentType)
	assert.Contains(t, d.Value(t, container+".ports"), map[string]any{"name": "management", "containerPort": 8081.0})
	assert.Len(t, got.Only(t, serviceType).Value(t, "spec.ports"), 1, "the Service does not lead there")
	for _, i := range got.OfType(ingressType) {
		assert.Equal(t, map[string]any{"name": "http"}, i.Value(t, "spec.rules[0].http.paths[0].backend.service.port"))
	}
}

// TestS35_adminPaths: `/turnoff` and `/block` were on the API's own port, behind a public prefix. A route that would
// publish such a path is refused, and so is one that would publish the actuator.
func TestS35_adminPaths(t *testing.T) {
	t.Parallel()
	actuator := spec.Health{HTTP: &spec.HTTPHealth{Path: "/actuator/health"}}
	tests := map[string]struct {
		health spec.Health
		admin  []string
		route  spec.Route
		ok     bool
	}{
		"everything":                   {admin: []string{"/turnoff"}, route: spec.Route{}},
		"everything below a prefix":    {admin: []string{"/turnoff"}, route: spec.Route{Path: "/api", Rewrite: "/"}},
		"the path itself":              {admin: []string{"/block"}, route: spec.Route{Path: "/block", Match: "exact"}},
		"below the path":               {admin: []string{"/block"}, route: spec.Route{Path: "/block/now"}},
		"under another name":           {admin: []string{"/block"}, route: spec.Route{Path: "/x", Rewrite: "/block"}},
		"the actuator":                 {health: actuator, route: spec.Route{}},
		"another path":                 {admin: []string{"/block"}, route: spec.Route{Path: "/blocked"}, ok: true},
		"another exact path":           {admin: []string{"/block"}, route: spec.Route{Path: "/", Match: "exact"}, ok: true},
		"beside the actuator":          {health: actuator, route: spec.Route{Path: "/api"}, ok: true},
		"the actuator on its own port": {route: spec.Route{}, ok: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.route.Host = "www.example.com"
			_, err := ptest.Err(t, program(args(func(a *microservice.ServiceArgs) {
				routed(a, tt.route)
				a.Service.AdminPaths = tt.admin
				if tt.health != (spec.Health{}) {
					a.Service.Health = tt.health
				}
			})))
			if tt.ok {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, "routes[0]: Forbidden: would publish the administrative path")
		})
	}
}

// routed gives a service routes, and the ingress that they need.
func routed(a *microservice.ServiceArgs, routes ...spec.Route) {
	a.Service.Routes = routes
	a.IngressClassName, a.IngressNamespace = pulumi.String("nginx"), pulumi.String("ingress-nginx")
}
