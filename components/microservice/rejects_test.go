package microservice_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func TestNewService_rejects(t *testing.T) {
	t.Parallel()
	set := func(change func(*spec.Service)) *microservice.ServiceArgs {
		return args(func(a *microservice.ServiceArgs) { change(&a.Service) })
	}
	tests := map[string]struct {
		args *microservice.ServiceArgs
		want string
	}{
		"nil args":         {nil, "resources: Required"},
		"no name":          {args(func(a *microservice.ServiceArgs) { a.ServiceName = "" }), "serviceName: Invalid"},
		"an odd name":      {args(func(a *microservice.ServiceArgs) { a.ServiceName = "Chat" }), "serviceName: Invalid"},
		"a long name":      {args(func(a *microservice.ServiceArgs) { a.ServiceName = strings.Repeat("a", 51) }), "serviceName: Too long"},
		"no namespace":     {args(func(a *microservice.ServiceArgs) { a.Namespace = nil }), "namespace: Required"},
		"no image":         {args(func(a *microservice.ServiceArgs) { a.Image = "" }), "image: Required"},
		"the latest":       {args(func(a *microservice.ServiceArgs) { a.Image = "r.example.com/a:latest" }), "image: Invalid"},
		"no tag":           {args(func(a *microservice.ServiceArgs) { a.Image = "r.example.com/a" }), "image: Invalid"},
		"a broken digest":  {args(func(a *microservice.ServiceArgs) { a.Image = "r.example.com/a@sha256:1" }), "image: Invalid"},
		"a missing secret": {set(func(s *spec.Service) { s.SecretEnv = map[string]string{"TOKEN": "token"} }), "secrets: Required value: no value of the key that secretEnv.TOKEN names"},
		"no health":        {set(func(s *spec.Service) { s.Health = spec.Health{} }), "health: Required"},
		"two healths":      {set(func(s *spec.Service) { s.Health.TCP = true }), "health: Forbidden"},
		"an odd path":      {set(func(s *spec.Service) { s.Health = spec.Health{HTTP: &spec.HTTPHealth{Path: "up"}} }), "health.http.path: Invalid"},
		"actuator on the service's port": {
			set(func(s *spec.Service) { s.Port = 8081 }), "health.spring.managementPort: Invalid",
		},
		"no CPU request":          {set(func(s *spec.Service) { s.Resources.CPU = "" }), "resources.cpu: Required"},
		"no memory limit":         {set(func(s *spec.Service) { s.Resources.MemoryLimit = "" }), "resources.memoryLimit: Required"},
		"no quantity":             {set(func(s *spec.Service) { s.Resources.CPU = "half" }), "resources.cpu: Invalid"},
		"nothing asked":           {set(func(s *spec.Service) { s.Resources.CPU = "0" }), "resources.cpu: Invalid"},
		"limit below request":     {set(func(s *spec.Service) { s.Resources.MemoryLimit = "500Mi" }), "resources.memoryLimit: Invalid"},
		"CPU limit below request": {set(func(s *spec.Service) { s.Resources.CPULimit = "100m" }), "resources.cpuLimit: Invalid"},
		"a JVM in 100 MB": {set(func(s *spec.Service) {
			s.Resources.Memory, s.Resources.MemoryLimit = "100Mi", "100Mi"
		}), "resources.memoryLimit: Invalid"},
		"a missing file":        {set(func(s *spec.Service) { s.SecretFiles = map[string]string{"/etc/key": "key"} }), "secrets: Required value: no value of the key that secretFiles./etc/key names"},
		"an unresolved use":     {set(func(s *spec.Service) { s.Uses = []string{"redis"} }), "uses: Required value: redis is what the service uses"},
		"a peer without a name": {args(func(a *microservice.ServiceArgs) { a.Uses = []microservice.Peer{{Port: 1}} }), "uses[0].name: Invalid"},
		"a peer without a port": {args(func(a *microservice.ServiceArgs) { a.Uses = []microservice.Peer{{Name: "user"}} }), "uses[0].port: Invalid"},
		"a peer's odd port": {args(func(a *microservice.ServiceArgs) {
			a.Uses = []microservice.Peer{{Name: "user", Port: 1, ServicePort: 65536}}
		}), "uses[0].servicePort: Invalid"},
		"an endpoint without a range": {args(func(a *microservice.ServiceArgs) {
			a.Endpoints = []microservice.EndpointRange{{Name: "redis", Ports: []int{6379}}}
		}), "endpoints[0].cidrs: Required"},
		"an endpoint without a port": {args(func(a *microservice.ServiceArgs) {
			a.Endpoints = []microservice.EndpointRange{{Name: "redis", CIDRs: []string{"10.0.0.0/8"}}}
		}), "endpoints[0].ports: Required"},
		"the metadata service": {args(func(a *microservice.ServiceArgs) {
			a.Endpoints = []microservice.EndpointRange{{CIDRs: []string{"169.254.169.254/32"}, Ports: []int{80}}}
		}), "endpoints[0].cidrs[0]: Invalid"},
		"an odd user": {args(func(a *microservice.ServiceArgs) { a.UsedBy = []string{"User"} }), "usedBy[0]: Invalid"},
		"users of a worker": {args(func(a *microservice.ServiceArgs) {
			a.Service.Port, a.Service.Health, a.UsedBy = 0, spec.Health{}, []string{"user"}
		}), "usedBy: Forbidden"},
		"routes without a class": {args(func(a *microservice.ServiceArgs) {
			a.Service.Routes = []spec.Route{{Host: "www.example.com"}}
			a.IngressNamespace = pulumi.String("ingress-nginx")
		}), "ingressClassName: Required"},
		"routes without a controller": {args(func(a *microservice.ServiceArgs) {
			a.Service.Routes = []spec.Route{{Host: "www.example.com"}}
			a.IngressClassName = pulumi.String("nginx")
		}), "ingressNamespace: Required"},
		"a group without its label": {set(func(s *spec.Service) { s.Placement.Group = "general" }), "nodeLabels: Required"},
		"an odd effect": {args(func(a *microservice.ServiceArgs) {
			a.Tolerations = map[string]spec.Taint{"dedicated": {Effect: "Never"}}
		}), "tolerations.dedicated.effect: Unsupported"},
		"no max":           {set(func(s *spec.Service) { s.Scale.Max = 0 }), "scale.max: Invalid"},
		"max below min":    {set(func(s *spec.Service) { s.Scale.Max = 1 }), "scale.max: Invalid"},
		"a target of 101":  {set(func(s *spec.Service) { s.Scale.CPUPercent = 101 }), "scale.cpuPercent: Invalid"},
		"a start of hours": {set(func(s *spec.Service) { s.Startup.Seconds = 3600 }), "startup.seconds: Invalid"},
		"an odd variable":  {set(func(s *spec.Service) { s.Env = map[string]string{"A-B": ""} }), "env.A-B: Invalid"},
		"the preset's own variable": {
			set(func(s *spec.Service) { s.Env = map[string]string{"MANAGEMENT_SERVER_PORT": "1"} }), "env.MANAGEMENT_SERVER_PORT: Forbidden",
		},
		"a variable twice": {args(func(a *microservice.ServiceArgs) {
			a.Service.Env = map[string]string{"A": ""}
			a.Service.SecretEnv = map[string]string{"A": "a"}
			a.Secrets = map[string]pulumi.StringInput{"a": pulumi.String("a")}
		}), "secretEnv.A: Forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(tt.args))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
}

// A secret pasted where its key's name belongs is refused without being repeated.
func TestNewService_rejectsSecretValueUnseen(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, program(args(func(a *microservice.ServiceArgs) {
		a.Service.SecretEnv = map[string]string{"TOKEN": "hush, hush"}
		a.Secrets = map[string]pulumi.StringInput{"TOKEN": pulumi.String("x")}
	})))
	require.ErrorContains(t, err, "secretEnv.TOKEN: Invalid")
	assert.NotContains(t, err.Error(), "hush")
}
