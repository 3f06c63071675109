package ingress_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a controller registers.
const (
	componentType  = "slipway:ingress:Controller"
	deploymentType = "kubernetes:apps/v1:Deployment"
	autoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	serviceType    = "kubernetes:core/v1:Service"
	secretType     = "kubernetes:core/v1:Secret"
	configMapType  = "kubernetes:core/v1:ConfigMap"
	namespaceType  = "kubernetes:core/v1:Namespace"
	accountType    = "kubernetes:core/v1:ServiceAccount"
	classType      = "kubernetes:networking.k8s.io/v1:IngressClass"
	webhookType    = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"
	rbacPrefix     = "kubernetes:rbac.authorization.k8s.io/v1:"
)

const (
	pod       = "spec.template.spec"
	container = pod + ".containers[0]"
)

const (
	certificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	vpcCIDR        = "10.20.0.0/16"
)

// args returns a valid controller with TLS at the load balancer, changed by change.
func args(change func(*ingress.ControllerArgs)) *ingress.ControllerArgs {
	a := &ingress.ControllerArgs{
		Ingress: spec.Ingress{
			TLS:           spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{certificateARN}}},
			ProxyProtocol: true,
		},
		VpcCIDR: vpcCIDR,
	}
	if change != nil {
		change(a)
	}
	return a
}

// with returns a valid controller with certificates of cert-manager and no PROXY protocol, changed by change.
func with(change func(*spec.Ingress)) *ingress.ControllerArgs {
	return args(func(a *ingress.ControllerArgs) {
		a.Ingress = spec.Ingress{TLS: spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "letsencrypt"}}}
		if change != nil {
			change(&a.Ingress)
		}
	})
}

func program(a *ingress.ControllerArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := ingress.NewController(ctx, "shop", a)
		return err
	}
}

func TestNewController(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	assert.Equal(t, "ingress-nginx", got.Only(t, namespaceType).Value(t, "metadata.name"))
	for _, typ := range []string{deploymentType, autoscalerType, budgetType, accountType, rbacPrefix + "Role", configMapType} {
		assert.Equal(t, "ingress-nginx", got.Only(t, typ).Value(t, "metadata.namespace"), typ)
	}
	class := got.Only(t, classType)
	assert.Equal(t, "nginx", class.Value(t, "metadata.name"))
	assert.Equal(t, "k8s.io/ingress-nginx", class.Value(t, "spec.controller"))
	assert.Nil(t, class.Value(t, "metadata.annotations"), "not the default class")

	metrics := got.Named(t, serviceType, "shop-metrics")
	assert.InDelta(t, 10254, metrics.Value(t, "spec.ports[0].port"), 0)
	for _, name := range []string{"shop", "shop-metrics", "shop-admission"} {
		assert.Equal(t, map[string]any{"name": "ingress-nginx-controller"},
			got.Named(t, serviceType, name).Value(t, "spec.selector"), name)
	}
}

func TestNewController_namespace(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ingress.ControllerArgs) { a.NamespaceName = "edge" })))
	namespace := got.Only(t, namespaceType)
	assert.Equal(t, "edge", namespace.Value(t, "metadata.name"))
	for _, mode := range []string{"enforce", "warn", "audit"} {
		assert.Equal(t, "restricted", namespace.Value(t, `metadata.labels["pod-security.kubernetes.io/`+mode+`"]`))
	}
	assert.Equal(t, "enabled", namespace.Value(t, `metadata.labels["elbv2.k8s.aws/pod-readiness-gate-inject"]`))
}

// The Pod Security Standard is what the namespace enforces; the pod must pass it.
func TestNewController_restricted(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)

	d.AssertRestricted(t, pod)
	assert.InDelta(t, 101, d.Value(t, pod+".securityContext.runAsUser"), 0)
	assert.Equal(t, []any{"NET_BIND_SERVICE"}, d.Value(t, container+".securityContext.capabilities.add"))
	assert.NotEmpty(t, d.Value(t, container+".ports"))
	volumes, _ := d.Value(t, pod+".volumes").([]any)
	require.Len(t, volumes, 1)
	assert.Contains(t, volumes[0], "secret")
}

func TestNewController_deployment(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	d := got.Only(t, deploymentType)

	assert.Equal(t, map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0}, d.Value(t, "spec.strategy.rollingUpdate"))
	assert.Subset(t, d.Value(t, "spec.template.metadata.labels"), d.Value(t, "spec.selector.matchLabels"))
	assert.Equal(t, "registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:"+
		"594ceea76b01c592858f803f9ff4d2cb40542cae2060410b2c95f75907d659e1", d.Value(t, container+".image"))
	assert.Equal(t, []any{
		"/nginx-ingress-controller",
		"--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller",
		"--election-id=ingress-nginx-leader",
		"--controller-class=k8s.io/ingress-nginx",
		"--ingress-class=nginx",
		"--configmap=$(POD_NAMESPACE)/shop-generated",
		"--validating-webhook=:8443",
		"--validating-webhook-certificate=/usr/local/certificates/tls.crt",
		"--validating-webhook-key=/usr/local/certificates/tls.key",
		"--enable-metrics=true",
		"--shutdown-grace-period=75",
		"--post-shutdown-grace-period=10",
	}, d.Value(t, container+".args"))
	for probe, failures := range map[string]float64{"readinessProbe": 3, "livenessProbe": 5} {
		assert.Equal(t, map[string]any{"path": "/healthz", "port": "metrics"}, d.Value(t, container+"."+probe+".httpGet"))
		assert.InDelta(t, failures, d.Value(t, container+"."+probe+".failureThreshold"), 0)
	}
	for _, binding := range []string{"ClusterRoleBinding", "RoleBinding"} {
		assert.Contains(t, d.DependsOn, got.Only(t, rbacPrefix+binding).URN, "a pod without its rights ends at once")
	}
	assert.NotContains(t, d.DependsOn, got.Named(t, serviceType, "shop").URN, "the Service itself waits for ready pods")
}

// What the load balancer, nginx and Kubernetes each wait for, in one place.
func TestNewController_drain(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(with(func(i *spec.Ingress) {
		i.Drain = spec.IngressDrain{
			DeregistrationSeconds: 20, ShutdownGraceSeconds: 30, WorkerShutdownSeconds: 600, TerminationGraceSeconds: 650,
			LongConnections: true,
		}
	})))
	d := got.Only(t, deploymentType)
	assert.Equal(t, []any{"/wait-shutdown"}, d.Value(t, container+".lifecycle.preStop.exec.command"))
	assert.InDelta(t, 650, d.Value(t, pod+".terminationGracePeriodSeconds"), 0)
	assert.Contains(t, d.Value(t, container+".args"), "--shutdown-grace-period=30")
	assert.Equal(t, "600s", got.Only(t, configMapType).Value(t, `data["worker-shutdown-timeout"]`))
	assert.Equal(t, []string{
		"deregistration_delay.connection_termination.enabled=false",
		"deregistration_delay.timeout_seconds=20",
		"preserve_client_ip.enabled=true",
		"proxy_protocol_v2.enabled=false",
		"target_health_state.unhealthy.connection_termination.enabled=false",
	}, strings.Split(ofLoadBalancer(t, got)["target-group-attributes"], ","))
}

func TestNewController_rights(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	for _, kind := range []string{"ClusterRole", "Role"} {
		role := got.Only(t, rbacPrefix+kind)
		rules, _ := role.Value(t, "rules").([]any)
		require.NotEmpty(t, rules)
		for _, rule := range rules {
			text := fmt.Sprint(rule)
			assert.NotContains(t, text, "*", kind)
			for _, verb := range []string{"delete", "escalate", "bind", "impersonate"} {
				assert.NotContains(t, text, verb, kind)
			}
		}
		binding := got.Only(t, rbacPrefix+kind+"Binding")
		assert.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "ingress-nginx"},
			binding.Value(t, "roleRef"))
		assert.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "ingress-nginx", "namespace": "ingress-nginx"}},
			binding.Value(t, "subjects"))
	}
	assert.Equal(t, false, got.Only(t, accountType).Value(t, "automountServiceAccountToken"))
	assert.Equal(t, true, got.Only(t, deploymentType).Value(t, pod+".automountServiceAccountToken"))
}

// Everything comes after the load balancer controller, whose webhook answers for each pod, and goes before it.
func TestNewController_afterLoadBalancerController(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		var release pulumi.CustomResourceState
		if err := ctx.RegisterResource("kubernetes:helm.sh/v3:Release", "lbc", pulumi.Map{}, &release); err != nil {
			return err
		}
		class := release.URN().ApplyT(func(pulumi.URN) string { return "service.k8s.aws/nlb" }).(pulumi.StringOutput)
		_, err := ingress.NewController(ctx, "shop", args(func(a *ingress.ControllerArgs) { a.LoadBalancerClass = class }))
		return err
	})
	release := got.Only(t, "kubernetes:helm.sh/v3:Release").URN
	assert.Contains(t, got.Only(t, namespaceType).DependsOn, release)
	assert.Contains(t, got.Named(t, serviceType, "shop").DependsOn, release)
	assert.Contains(t, got.Only(t, deploymentType).DependsOn, got.Only(t, namespaceType).URN)
}

// An Ingress object that uses ClassName is made last and deleted first.
func TestNewController_classNameWaits(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		c, err := ingress.NewController(ctx, "shop", args(nil))
		if err != nil {
			return err
		}
		var route pulumi.CustomResourceState
		return ctx.RegisterResource("kubernetes:networking.k8s.io/v1:Ingress", "www", pulumi.Map{"class": c.ClassName}, &route)
	})
	route := got.Only(t, "kubernetes:networking.k8s.io/v1:Ingress")
	assert.Equal(t, "nginx", route.Value(t, "class"))
	for _, first := range []ptest.Resource{
		got.Only(t, deploymentType), got.Only(t, webhookType), got.Named(t, serviceType, "shop"),
	} {
		assert.Contains(t, route.DependsOn, first.URN)
	}
}

func TestControllerArgs_warnings(t *testing.T) {
	t.Parallel()
	assert.Contains(t, strings.Join(args(nil).Warnings(), "\n"), "retired in March 2026")
	assert.Empty(t, with(func(i *spec.Ingress) { i.Image = "registry.example.com/controller:v1.15.7" }).Warnings())
}

func TestNewController_leavesArgsAlone(t *testing.T) {
	t.Parallel()
	a := args(nil)
	ptest.Run(t, program(a))
	assert.Equal(t, args(nil), a)
}

func TestNewController_rejects(t *testing.T) {
	t.Parallel()
	eips := func(change func(*ingress.ControllerArgs)) *ingress.ControllerArgs {
		return args(func(a *ingress.ControllerArgs) {
			a.Ingress.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-1", "eu-west-1b": "eipalloc-2"}
			a.Zones = []string{"eu-west-1a", "eu-west-1b"}
			a.SubnetIDs = pulumi.ToStringArray([]string{"subnet-1", "subnet-2"})
			change(a)
		})
	}
	tests := map[string]struct {
		args *ingress.ControllerArgs
		want string
	}{
		"nil args":           {nil, "tls: Required"},
		"the spec's rules":   {with(func(i *spec.Ingress) { i.Scale.Min = 1 }), "scale.min: Invalid"},
		"no range":           {args(func(a *ingress.ControllerArgs) { a.VpcCIDR = "" }), "vpcCidr: Required"},
		"no range at all":    {args(func(a *ingress.ControllerArgs) { a.VpcCIDR = "10.20.0.0" }), "vpcCidr: Invalid"},
		"every address":      {args(func(a *ingress.ControllerArgs) { a.VpcCIDR = "0.0.0.0/0" }), "vpcCidr: Invalid"},
		"bits behind":        {args(func(a *ingress.ControllerArgs) { a.VpcCIDR = "10.20.0.1/16" }), "vpcCidr: Invalid"},
		"another's space":    {args(func(a *ingress.ControllerArgs) { a.NamespaceName = "kube-system" }), "namespaceName: Invalid"},
		"a comma in a tag":   {args(func(a *ingress.ControllerArgs) { a.Tags = map[string]string{"owner": "a,b"} }), "tags.owner: Invalid"},
		"no zones":           {eips(func(a *ingress.ControllerArgs) { a.Zones = nil }), "zones: Required"},
		"too few addresses":  {eips(func(a *ingress.ControllerArgs) { a.Zones = append(a.Zones, "eu-west-1c") }), "elasticIps: Invalid"},
		"too many addresses": {eips(func(a *ingress.ControllerArgs) { a.Zones = a.Zones[:1] }), "elasticIps: Invalid"},
		"no subnets":         {eips(func(a *ingress.ControllerArgs) { a.SubnetIDs = nil }), "subnetIds: Required"},
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
